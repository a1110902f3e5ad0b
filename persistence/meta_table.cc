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

absl::Status SettleFormat(LmdbTransaction& txn, LmdbTable meta, uint32_t format,
                          const std::string& path) {
  const auto stored = txn.Get(meta, kFormatKey);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) {
    std::string value;
    Writer(value).U32(format);
    SealMeta(kFormatKey, value);
    return txn.Put(meta, kFormatKey, value);
  }
  auto reader = OpenMeta(kFormatKey, **stored);
  if (!reader.ok()) return reader.status();
  if (const uint32_t found = reader->U32(); found != format) {
    return absl::FailedPreconditionError(
        fmt::format("{} has format {}, this version reads format {}; use the version of xrefd that "
                    "wrote it",
                    path, found, format));
  }
  return absl::OkStatus();
}

}  // namespace xref
