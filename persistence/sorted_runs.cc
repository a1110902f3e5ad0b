#include "persistence/sorted_runs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace xref {
namespace {

// What is sorted in memory at a time.
constexpr size_t kRunBytesMax = 8 << 20;
// What is read of each run at a time: all runs together are in memory at once.
constexpr size_t kReadBytes = 16 << 10;

struct RowHeader {
  uint32_t value_bytes;
  uint16_t key_bytes;
};

absl::Status Failure(const std::string& folder, const char* what) {
  const std::string message = fmt::format("{}: {} a run: {}", folder, what, std::strerror(errno));
  return errno == ENOSPC ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

}  // namespace

absl::Status SortedRuns::Add(const StoredReference& reference) {
  const size_t start = bytes_.size();
  const size_t key_bytes = AppendReference(reference, bytes_);
  positions_.push_back({start, static_cast<uint32_t>(key_bytes),
                        static_cast<uint32_t>(bytes_.size() - start - key_bytes)});
  ++size_;
  return bytes_.size() < kRunBytesMax ? absl::OkStatus() : SetAside();
}

absl::Status SortedRuns::SetAside() {
  const auto key_of = [this](const Position& p) {
    return std::string_view(bytes_).substr(p.start, p.key_bytes);
  };
  std::stable_sort(positions_.begin(), positions_.end(),
                   [&](const Position& a, const Position& b) { return key_of(a) < key_of(b); });
  std::string path = folder_ + "/run-XXXXXX";
  const int fd = mkstemp(path.data());
  if (fd < 0) return Failure(folder_, "making");
  unlink(path.c_str());
  Run run;
  run.file.reset(fdopen(fd, "w+b"));
  if (run.file == nullptr) return Failure(folder_, "opening");
  std::setvbuf(run.file.get(), nullptr, _IOFBF, kReadBytes);
  for (const Position& p : positions_) {
    const RowHeader header{p.value_bytes, static_cast<uint16_t>(p.key_bytes)};
    if (std::fwrite(&header, sizeof header, 1, run.file.get()) != 1 ||
        std::fwrite(bytes_.data() + p.start, p.key_bytes + p.value_bytes, 1, run.file.get()) != 1) {
      return Failure(folder_, "writing");
    }
  }
  if (std::fflush(run.file.get()) != 0) return Failure(folder_, "writing");
  std::rewind(run.file.get());
  runs_.push_back(std::move(run));
  bytes_.clear();
  positions_.clear();
  return absl::OkStatus();
}

absl::Status SortedRuns::Sort() {
  if (!positions_.empty()) {
    if (auto status = SetAside(); !status.ok()) return status;
  }
  bytes_ = std::string();
  positions_ = std::vector<Position>();
  for (size_t run = 0; run < runs_.size(); ++run) {
    if (auto status = Advance(run); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SortedRuns::Advance(size_t run) {
  Run& at = runs_[run];
  RowHeader header;
  if (std::fread(&header, sizeof header, 1, at.file.get()) != 1) {
    if (std::ferror(at.file.get()) != 0) return Failure(folder_, "reading");
    at.file.reset();
    return absl::OkStatus();
  }
  at.key.resize(header.key_bytes);
  at.value.resize(header.value_bytes);
  if (std::fread(at.key.data(), at.key.size(), 1, at.file.get()) != 1 ||
      std::fread(at.value.data(), at.value.size(), 1, at.file.get()) != 1) {
    return Failure(folder_, "reading");
  }
  queue_.push(run);
  return absl::OkStatus();
}

absl::StatusOr<bool> SortedRuns::Next(Snapshot::Row& row) {
  if (queue_.empty()) return false;
  do {
    const size_t run = queue_.top();
    queue_.pop();
    std::swap(key_, runs_[run].key);
    std::swap(value_, runs_[run].value);
    if (auto status = Advance(run); !status.ok()) return status;
  } while (!queue_.empty() && runs_[queue_.top()].key == key_);
  row = {key_, value_};
  return true;
}

}  // namespace xref
