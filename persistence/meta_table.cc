#include "persistence/meta_table.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace xref {

using protocol::Reader;
using protocol::Writer;

namespace {

// "format" -> u32 format version, u64 checksum
constexpr std::string_view kFormatKey = "format";

}  // namespace

uint64_t Checksum(std::string_view key, std::string_view value) {
  return XXH3_64bits_withSeed(value.data(), value.size(), XXH3_64bits(key.data(), key.size()));
}

Reader ReaderOf(std::string_view bytes) {
  return Reader({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

void SealMeta(std::string_view key, std::string& value) { Writer(value).U64(Checksum(key, value)); }

absl::StatusOr<Reader> OpenMeta(std::string_view key, std::string_view value) {
  constexpr size_t kChecksumBytes = sizeof(uint64_t);
  const size_t content_bytes = value.size() < kChecksumBytes ? 0 : value.size() - kChecksumBytes;
  const std::string_view content = value.substr(0, content_bytes);
  Reader seal = ReaderOf(value.substr(content_bytes));
  if (seal.U64() != Checksum(key, content) || !seal.ok()) {
    return absl::DataLossError(fmt::format("the entry \"{}\" of the table meta is damaged", key));
  }
  return ReaderOf(content);
}

absl::Status ExpectFormat(uint32_t found, uint32_t format, const std::string& path) {
  if (found == format) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{} has format {}, this version reads format {}; use the version of xrefd that "
                  "wrote it",
                  path, found, format));
}

absl::Status SettleFormat(LmdbEnvironment& env, LmdbTable meta, uint32_t format) {
  auto txn = env.BeginWrite();
  if (!txn.ok()) return txn.status();
  const auto stored = txn->Get(meta, kFormatKey);
  if (!stored.ok()) return stored.status();
  if (stored->has_value()) {
    auto reader = OpenMeta(kFormatKey, **stored);
    return reader.ok() ? ExpectFormat(reader->U32(), format, env.path()) : reader.status();
  }
  std::string value;
  Writer(value).U32(format);
  SealMeta(kFormatKey, value);
  if (auto status = txn->Put(meta, kFormatKey, value); !status.ok()) return status;
  return txn->Commit();
}

}  // namespace xref
