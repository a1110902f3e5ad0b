#pragma once

// The table "meta" that each environment has: a few named values, each sealed with a checksum of
// its name and content, and among them the version of the environment's format.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "persistence/lmdb.h"
#include "protocol/wire.h"

namespace xref {

// The checksum of a value and the key it stands under: XXH3-64.
uint64_t Checksum(std::string_view key, std::string_view value);

// A reader of bytes that come from a table.
protocol::Reader ReaderOf(std::string_view bytes);

// Appends the checksum that ends a meta value.
void SealMeta(std::string_view key, std::string& value);

// A reader of a meta value's content. DataLoss: its checksum does not match.
absl::StatusOr<protocol::Reader> OpenMeta(std::string_view key, std::string_view value);

// FailedPrecondition: the file at `path` has another format than the one that this version reads,
// so only another version of xrefd can read it.
absl::Status ExpectFormat(uint32_t found, uint32_t format, const std::string& path);

// Writes the format version into a new environment, and holds that of an old one against it.
absl::Status SettleFormat(LmdbEnvironment& env, LmdbTable meta, uint32_t format);

}  // namespace xref
