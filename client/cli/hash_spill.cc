#include "client/cli/hash_spill.h"

#include <algorithm>
#include <string_view>

namespace xref::cli {
namespace {

constexpr size_t kBlockEntries = 1024;
constexpr size_t kBlockBytes = kBlockEntries * sizeof(HashSpill::Entry);

}  // namespace

absl::Status HashSpill::Add(Entry entry) {
  Part& part = parts_[entry.hash >> 56];
  part.latest.push_back(entry);
  if (part.latest.size() < kBlockEntries) return absl::OkStatus();
  part.blocks.push_back(file_.size());
  const auto status =
      file_.Append({reinterpret_cast<const char*>(part.latest.data()), kBlockBytes});
  part.latest.clear();
  return status;
}

absl::Status HashSpill::ForEachHash(absl::FunctionRef<void(std::span<const Entry>)> take) const {
  std::vector<Entry> entries;
  for (const Part& part : parts_) {
    entries.resize(part.blocks.size() * kBlockEntries);
    for (size_t i = 0; i < part.blocks.size(); ++i) {
      const auto status =
          file_.Read(part.blocks[i], entries.data() + i * kBlockEntries, kBlockBytes);
      if (!status.ok()) return status;
    }
    entries.insert(entries.end(), part.latest.begin(), part.latest.end());
    std::sort(entries.begin(), entries.end());
    for (auto at = entries.cbegin(); at != entries.cend();) {
      const auto end = std::find_if(at, entries.cend(),
                                    [at](const Entry& entry) { return entry.hash != at->hash; });
      take({at, end});
      at = end;
    }
  }
  return absl::OkStatus();
}

}  // namespace xref::cli
