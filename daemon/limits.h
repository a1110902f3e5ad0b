#pragma once

// Every bound of the daemon that is not part of the protocol or the vocabulary, in one place.

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "daemon/rate_limit.h"
#include "protocol/frame.h"

namespace xref {

// ---- A connection ----

// What a connection reads at once, and what its buffers shrink back to.
inline constexpr size_t kReadBytesMin = 16 << 10;
inline constexpr size_t kReadBytesUsual = 256 << 10;
// After so many bytes of requests, and the request that goes past them, a connection lets the
// others of its thread have their turn: 0.1 ms of small batches.
inline constexpr size_t kTurnBytesMax = 64 << 10;
// Where a connection speaks TLS: what is sealed of its replies at a time, since that waits in a
// buffer of its own.
inline constexpr size_t kSealedBytes = 64 << 10;
// Replies that the peer has not taken yet. Above this no further request of the connection is
// handled, so what waits to be sent is this and one reply at most; the output buffer holds no more
// than twice that.
inline constexpr size_t kOutputBytesMax = 1 << 20;
// The same while the buffers of all connections take more than their limit (--buffer-limit), of
// which what a connection has up to kReadBytesUsual on either side is no part. Then a request or a
// reply that needs more is refused, too, and peers that keep more waiting have less time.
inline constexpr size_t kOutputBytesMaxWhenShort = 64 << 10;
inline constexpr std::chrono::seconds kTimeoutWhenShort{2};
// Changes of one connection that are not answered yet; above this its requests wait.
inline constexpr uint32_t kChangesInFlightMax = 64;
// A peer that lets its replies lie for this long is disconnected, and so is one that takes less
// than so many bytes of them meanwhile.
inline constexpr std::chrono::seconds kOutputTimeout{60};
inline constexpr size_t kOutputTakenMin = 64 << 10;
// A peer that nothing is heard of is asked by the kernel whether it is still there: after this,
// then so often, and after so many questions without an answer the connection is gone.
inline constexpr std::chrono::seconds kKeepAliveIdle{60};
inline constexpr std::chrono::seconds kKeepAliveInterval{15};
inline constexpr int kKeepAliveProbes = 4;
// How often the deadlines of a connection are looked at.
inline constexpr std::chrono::milliseconds kSweepInterval{250};

// What an I/O thread logs of its peers' doings: so many lines a second in the long run, and at most
// so many at once. The others are counted, and summed up.
inline constexpr RateLimit kPeerLogLines{.per_second = 10, .burst = 100};

// ---- Newcomers ----

// Accepted in one turn, of which the connections of the thread have theirs in between.
inline constexpr int kAcceptsPerTurn = 16;
// Those that were closed at once are summed up in a line of the log.
inline constexpr std::chrono::seconds kRefusedLogInterval{1};
// While nothing can be accepted, how long to wait before the next try.
inline constexpr std::chrono::milliseconds kAcceptPause{100};
// Descriptors beside those of connections: files, folds, backups, imports, pollers, the log.
inline constexpr size_t kDescriptorsReserved = 256;

// ---- The daemon ----

// Sign-ins with a token that is not good, from one address: so many a second in the long run, and
// so many at once, are told and logged each; the others are counted. None keeps a good token out,
// since whoever shares the address would be.
inline constexpr uint64_t kFailedSignInsPerSecond = 1;
inline constexpr uint64_t kFailedSignInsBurst = 10;
// Changes that wait for the writer, all connections together; above this they are answered
// OVERLOADED. As much as one connection may have on its way, in requests of the largest size.
inline constexpr size_t kCommitQueueBytesMax = 256 << 20;
static_assert(kCommitQueueBytesMax >= kChangesInFlightMax * protocol::kRequestBytesMax);
// One commit group: bounds the latency of a commit and the size of a transaction.
inline constexpr size_t kGroupBytesMax = 8 << 20;
inline constexpr size_t kGroupChangesMax = 1024;
static_assert(kGroupBytesMax >= protocol::kRequestBytesMax, "a group must hold the largest change");
// Changes are refused while the disk has less than this: a commit that runs out of disk half-way
// would leave the daemon read-only. Room for several of the largest groups.
inline constexpr uint64_t kDiskBytesFreeMin = 64 << 20;
static_assert(kDiskBytesFreeMin >= 4 * kGroupBytesMax);
// What a backup's copy must leave free: it must not be what makes the daemon refuse changes.
inline constexpr uint64_t kBackupDiskBytesLeft = 4 * kDiskBytesFreeMin;
// What a client gets of a backup at a time. An I/O thread reads this much from the disk, or more
// likely from the system's cache, between the requests of its other connections.
inline constexpr size_t kBackupPieceBytes = 1 << 20;
// The niceness of the thread that folds, copies and verifies, and of the one that answers people
// from the disk: sync engines go first where they want the same processor.
inline constexpr int kBackgroundNice = 10;
// How fast a running daemon's files are verified: checkpoints wait meanwhile, and others want the
// disk as well.
inline constexpr uint64_t kVerifyBytesPerSecond = 256 << 20;
// Questions of people that wait for their thread.
inline constexpr size_t kQueriesWaitingMax = 1'000;
// And their requests' bytes.
inline constexpr size_t kQueriesWaitingBytesMax = 64 << 20;
static_assert(kQueriesWaitingBytesMax >= protocol::kRequestBytesMax);
// The address space that each of the two files starts with; it grows by itself. Not memory, not
// disk.
inline constexpr uint64_t kMapBytes = uint64_t{16} << 30;
// How often memory is made ready for the writer: 8 MiB a time, more than the fastest import needs.
inline constexpr std::chrono::milliseconds kPrepareMemoryInterval{40};
// On shutdown, how long peers may take to accept their last replies.
inline constexpr std::chrono::seconds kDrainTimeout{10};
// How long a standby whose state is not its primary's still tells its status before it ends.
inline constexpr std::chrono::seconds kDivergedStatusTime{2};
// The smallest --journal-limit: several of the largest groups.
inline constexpr uint64_t kJournalLimitMin = 4 * kGroupBytesMax;
// Between folds that are hurried along because the journal is large.
inline constexpr std::chrono::seconds kHurriedFoldPause{1};

}  // namespace xref
