#pragma once

// Every bound of the HTTP port, in one place.

#include <chrono>
#include <cstddef>

namespace xref::console {

inline constexpr size_t kConnectionsMax = 256;  // further ones are closed as they come
inline constexpr size_t kHeaderBytesMax = 16 << 10;
inline constexpr size_t kTargetBytesMax = 8 << 10;        // of a request: its path and query
inline constexpr size_t kBodyBytesMax = size_t{8} << 20;  // but for files, which are streamed
// Bodies of all connections together that are held in memory.
inline constexpr size_t kBodiesBytesMax = size_t{64} << 20;
static_assert(kBodiesBytesMax >= kBodyBytesMax);
// What is read of a file at a time.
inline constexpr size_t kPieceBytes = 64 << 10;
// A connection without a request ends after that.
inline constexpr std::chrono::seconds kIdleTimeout{75};
// A client that takes nothing of its answer for so long is gone.
inline constexpr std::chrono::seconds kWriteTimeout{60};
// The niceness of the thread: sync engines go first where they want the same processor.
inline constexpr int kNice = 10;
// On shutdown, how long requests that were begun may take.
inline constexpr std::chrono::seconds kStopTimeout{2};

}  // namespace xref::console
