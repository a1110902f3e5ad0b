#pragma once

// Every bound of the HTTP port, in one place.

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace xref::console {

// At a time. Above either, whoever comes takes the place of the connection that has been without a
// request for the longest; where every one has a request under way, it is asked what it wants, and
// only probes of the daemon's health are answered.
inline constexpr size_t kConnectionsMax = 256;
inline constexpr size_t kConnectionsPerAddressMax = 192;
// Those who are asked, beside the others; and how long they may take to say it.
inline constexpr size_t kProbesMax = 32;
inline constexpr std::chrono::seconds kProbeTimeout{2};
inline constexpr size_t kFirstBytes = 4 << 10;  // that are read of a request, or a handshake, first
inline constexpr uint32_t kPeersLoggedPerSecond = 10;  // with a line of the log each
inline constexpr size_t kHeaderBytesMax = 16 << 10;
inline constexpr size_t kTargetBytesMax = 8 << 10;        // of a request: its path and query
inline constexpr size_t kBodyBytesMax = size_t{8} << 20;  // but for files, which are streamed
// Bodies of all connections together that are held in memory.
inline constexpr size_t kBodiesBytesMax = size_t{64} << 20;
static_assert(kBodiesBytesMax >= kBodyBytesMax);
inline constexpr size_t kKeyBytesMax = 255;  // of an Idempotency-Key
// What is read of a file at a time.
inline constexpr size_t kPieceBytes = 64 << 10;
// A connection without a request ends after that.
inline constexpr std::chrono::seconds kIdleTimeout{75};
// A client that takes nothing of its answer for so long is gone.
inline constexpr std::chrono::seconds kWriteTimeout{60};

// ---- Idempotency: answers that are kept ----

inline constexpr size_t kAnswersMax = 10'000;
inline constexpr size_t kAnswersBytesMax = size_t{32} << 20;
inline constexpr std::chrono::hours kAnswersKept{24};

// ---- Imports ----

// At a time. Each has a thread, which mostly waits.
inline constexpr size_t kImportsRunningMax = 2;
// That are over, and can still be asked for.
inline constexpr size_t kImportsKept = 20;
// Rows of which an import knows that their source ID has come before, 9 to 18 bytes each.
inline constexpr size_t kRowsRememberedMax = 10'000'000;
// Rows that are told one by one.
inline constexpr size_t kImportProblemsMax = 1'000;

// ---- Duplicates ----

inline constexpr size_t kGroupSourcesMax = 100;  // shown of one group
// That are looked through for source IDs that look alike, 16 to 32 bytes of memory each.
inline constexpr uint64_t kLookAlikeReferencesMax = 20'000'000;
inline constexpr size_t kLookAlikeGroupsMax = 10'000;  // further ones are not told

// ---- The thread ----

// On shutdown, how long requests that were begun may take.
inline constexpr std::chrono::seconds kStopTimeout{2};

}  // namespace xref::console
