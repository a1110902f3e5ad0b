#include "persistence/sorted_runs.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/sort/pdqsort/pdqsort.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "persistence/free_space.h"
#include "persistence/keys.h"

namespace xref {
namespace {

// What is sorted in memory at a time, while as much is gathered.
constexpr size_t kRunBytes = 1 << 20;
// What is in memory of all runs together while they are merged.
constexpr size_t kMergeBytes = 4 << 20;
// Merged rows that are handed over together.
constexpr size_t kBatchBytes = 64 << 10;
// What is written at a time.
constexpr size_t kWriteBytes = 256 << 10;

// A row as it is kept in the buffer and in the file: this, its key, its value.
struct RowHeader {
  uint16_t key_bytes;
  uint16_t value_bytes;
};
constexpr size_t kStoredBytesMax = sizeof(RowHeader) + SortedRuns::kRowBytesMax;

constexpr uint32_t kNobody = std::numeric_limits<uint32_t>::max();

// The row that begins at `at`.
SortedRuns::Row RowAt(const char* at) {
  RowHeader header;
  std::memcpy(&header, at, sizeof header);
  const char* key = at + sizeof header;
  return {{key, header.key_bytes}, {key + header.key_bytes, header.value_bytes}};
}

size_t StoredBytes(const SortedRuns::Row& row) {
  return sizeof(RowHeader) + row.key.size() + row.value.size();
}

// Eight bytes of a key from `from` on, zeros where it is shorter, as a number of the same order.
uint64_t DigitsOf(std::string_view key, size_t from) {
  const std::string_view rest = key.substr(from);
  uint64_t digits = 0;
  std::memcpy(&digits, rest.data(), std::min(rest.size(), sizeof digits));
  return __builtin_bswap64(digits);
}

absl::Status Failure(const std::string& folder, const char* what) {
  const std::string message = fmt::format("{}: {} a run: {}", folder, what, std::strerror(errno));
  return errno == ENOSPC ? absl::ResourceExhaustedError(message) : absl::InternalError(message);
}

}  // namespace

SortedRuns::~SortedRuns() {
  if (sorted_.valid()) sorted_.wait();
  merged_.End();
  if (merging_.joinable()) merging_.join();
  if (file_ < 0) return;
  FreeSpaceInSteps(file_);
  close(file_);
}

// ---- Runs ----

absl::Status SortedRuns::Add(absl::FunctionRef<size_t(std::string&)> append) {
  std::string& bytes = gathered_.bytes;
  bytes.reserve(kRunBytes);
  const size_t start = bytes.size();
  bytes.append(sizeof(RowHeader), '\0');
  const size_t key_bytes = append(bytes);
  const size_t value_bytes = bytes.size() - start - sizeof(RowHeader) - key_bytes;
  const RowHeader header{static_cast<uint16_t>(key_bytes), static_cast<uint16_t>(value_bytes)};
  std::memcpy(bytes.data() + start, &header, sizeof header);
  gathered_.positions.push_back({0, static_cast<uint32_t>(start)});
  ++size_;
  return bytes.size() + kStoredBytesMax <= kRunBytes ? absl::OkStatus() : SetAside();
}

absl::Status SortedRuns::SetAside() {
  if (auto status = AwaitSorting(); !status.ok()) return status;
  std::swap(gathered_, sorting_);
  sorted_ = std::async(std::launch::async, [this] { return SortAndWrite(); });
  return absl::OkStatus();
}

absl::Status SortedRuns::AwaitSorting() {
  return sorted_.valid() ? sorted_.get() : absl::OkStatus();
}

// Rows with the same key stay in the order in which they were added.
void SortedRuns::SortRows(const std::string& bytes, std::span<Position> rows) {
  const auto key_of = [&](const Position& row) { return RowAt(&bytes[row.start]).key; };
  std::string_view shared = key_of(rows.front());
  for (const Position& row : rows) shared = shared.substr(0, SharedBytes(shared, key_of(row)));
  for (Position& row : rows) row.digits = DigitsOf(key_of(row), shared.size());
  // Without a branch that nobody could predict.
  boost::sort::pdqsort_branchless(
      rows.begin(), rows.end(), [](const Position& a, const Position& b) {
        return (a.digits < b.digits) | ((a.digits == b.digits) & (a.start < b.start));
      });
  for (auto first = rows.begin(); first != rows.end();) {
    const auto last = std::find_if(
        first, rows.end(), [&](const Position& row) { return row.digits != first->digits; });
    const std::span<Position> alike(first, last);
    if (alike.size() == rows.size()) {
      // The same key, but for zeros at its end.
      std::stable_sort(first, last,
                       [&](const Position& a, const Position& b) { return key_of(a) < key_of(b); });
    } else if (alike.size() > 1) {
      SortRows(bytes, alike);
    }
    first = last;
  }
}

absl::Status SortedRuns::SortAndWrite() {
  auto& [bytes, positions] = sorting_;
  if (file_ < 0) {
    std::string path = folder_ + "/run-XXXXXX";
    file_ = mkostemp(path.data(), O_CLOEXEC);
    if (file_ < 0) return Failure(folder_, "making");
    unlink(path.c_str());
  }
  SortRows(bytes, positions);
  const auto row_of = [&](const Position& p) { return RowAt(&bytes[p.start]); };
  if (runs_.empty()) shared_ = row_of(positions.front()).key;
  Share(row_of(positions.front()).key);
  Share(row_of(positions.back()).key);

  const uint64_t begin = file_bytes_;
  std::string out;
  out.reserve(kWriteBytes + kStoredBytesMax);
  for (const Position& position : positions) {
    out.append(&bytes[position.start], StoredBytes(row_of(position)));
    if (out.size() < kWriteBytes) continue;
    if (auto status = Write(out); !status.ok()) return status;
    out.clear();
  }
  if (auto status = Write(out); !status.ok()) return status;
  runs_.push_back({.next_read = begin, .end = file_bytes_});
  bytes.clear();
  positions.clear();
  return absl::OkStatus();
}

absl::Status SortedRuns::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(file_bytes_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Failure(folder_, "writing");
    file_bytes_ += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

void SortedRuns::Share(std::string_view key) { shared_.resize(SharedBytes(shared_, key)); }

absl::Status SortedRuns::Sort() {
  if (!gathered_.positions.empty()) {
    if (auto status = SetAside(); !status.ok()) return status;
  }
  if (auto status = AwaitSorting(); !status.ok()) return status;
  gathered_ = sorting_ = {};
  if (runs_.empty()) {
    merged_.End();
  } else {
    merging_ = std::thread([this] {
      merge_status_ = Merge();
      merged_.End();
    });
  }
  return absl::OkStatus();
}

// ---- Merge ----

absl::Status SortedRuns::Merge() {
  auto status = BeginMerge();
  std::string batch;
  while (status.ok() && !runs_[tree_[0].run].ended) {
    const Run& first = runs_[tree_[0].run];
    const size_t bytes = StoredBytes(first.row);
    batch.append(first.row.key.data() - sizeof(RowHeader), bytes);
    // Nobody takes any more rows.
    if (batch.size() >= kBatchBytes && !merged_.Put(std::exchange(batch, {}))) return status;
    status = Advance(tree_[0].run);
  }
  if (status.ok() && !batch.empty()) merged_.Put(std::move(batch));
  buffer_ = {};
  return status;
}

absl::Status SortedRuns::BeginMerge() {
  // Of few rows no more than they are: filling what nobody reads would cost more than the merge.
  uint64_t longest = 0;
  for (const Run& run : runs_) longest = std::max(longest, run.end - run.next_read);
  slice_bytes_ =
      std::max<uint64_t>(std::min<uint64_t>(kMergeBytes / runs_.size(), longest), kStoredBytesMax);
  buffer_.resize(slice_bytes_ * runs_.size());
  // Nobody wins against all and goes up as runs come in, until each node has a run that lost there.
  tree_.assign(runs_.size(), {0, kNobody});
  for (uint32_t run = 0; run < runs_.size(); ++run) {
    runs_[run].next = runs_[run].filled = run * slice_bytes_;
    if (auto status = Advance(run); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status SortedRuns::Advance(uint32_t number) {
  Run& run = runs_[number];
  if (run.filled - run.next < kStoredBytesMax && run.next_read < run.end) {
    if (auto status = Refill(run); !status.ok()) return status;
  }
  run.ended = run.next == run.filled;
  Player player{std::numeric_limits<uint64_t>::max(), number};
  if (!run.ended) {
    run.row = RowAt(&buffer_[run.next]);
    run.next += StoredBytes(run.row);
    player.digits = DigitsOf(run.row.key, shared_.size());
  }
  for (size_t node = (runs_.size() + number) / 2; node > 0; node /= 2) {
    if (IsBefore(tree_[node], player)) std::swap(tree_[node], player);
  }
  tree_[0] = player;
  return absl::OkStatus();
}

absl::Status SortedRuns::Refill(Run& run) {
  const size_t begin = static_cast<size_t>(&run - runs_.data()) * slice_bytes_;
  const size_t left = run.filled - run.next;
  std::memmove(&buffer_[begin], &buffer_[run.next], left);
  run.next = begin;
  run.filled = begin + left;
  const size_t wanted = std::min<uint64_t>(slice_bytes_ - left, run.end - run.next_read);
  for (const size_t goal = run.filled + wanted; run.filled < goal;) {
    const ssize_t got =
        pread(file_, &buffer_[run.filled], goal - run.filled, static_cast<off_t>(run.next_read));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return Failure(folder_, "reading");
    run.filled += static_cast<size_t>(got);
    run.next_read += static_cast<uint64_t>(got);
  }
  return absl::OkStatus();
}

// Of runs at the same key, the one with what was added earlier comes first.
bool SortedRuns::IsBefore(const Player& a, const Player& b) const {
  if (a.digits != b.digits) return a.digits < b.digits;
  if (a.run == kNobody || b.run == kNobody) return a.run == kNobody;
  const Run& x = runs_[a.run];
  const Run& y = runs_[b.run];
  if (x.ended || y.ended) return y.ended;
  const int order = x.row.key.compare(y.row.key);
  return order != 0 ? order < 0 : a.run < b.run;
}

absl::StatusOr<bool> SortedRuns::Next(Row& row) {
  if (batch_next_ == batch_.size()) {
    auto batch = merged_.Take();
    if (!batch) {
      if (merging_.joinable()) merging_.join();
      if (!merge_status_.ok()) return merge_status_;
      return false;
    }
    batch_ = *std::move(batch);
    batch_next_ = 0;
  }
  row = RowAt(&batch_[batch_next_]);
  batch_next_ += StoredBytes(row);
  return true;
}

}  // namespace xref
