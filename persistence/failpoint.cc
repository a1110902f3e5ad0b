#include "persistence/failpoint.h"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

namespace xref {
namespace {

constexpr auto kNone = static_cast<uint8_t>(Failpoint::kCount);

std::atomic<int> passes_left = 1;
std::atomic<const char*> hold_file = nullptr;

void Hold(const char* file) {
  std::fputs("failpoint: holding\n", stderr);
  while (access(file, F_OK) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

namespace internal {

std::atomic<uint8_t> armed_failpoint = kNone;

void PassArmed() {
  if (const char* const file = hold_file) {
    if (passes_left.fetch_sub(1) <= 1 && access(file, F_OK) == 0) Hold(file);
    return;
  }
  // Not an abort: nothing of the process may run any more, as after kill -9.
  if (TripArmed()) raise(SIGKILL);
}

bool TripArmed() { return passes_left.fetch_sub(1) == 1; }

}  // namespace internal

std::string_view Name(Failpoint failpoint) {
  switch (failpoint) {
    case Failpoint::kCommitBefore:
      return "commit-before";
    case Failpoint::kCommitInTransaction:
      return "commit-in-transaction";
    case Failpoint::kCommitAfter:
      return "commit-after";
    case Failpoint::kReplyBefore:
      return "reply-before";
    case Failpoint::kCheckpointBefore:
      return "checkpoint-before";
    case Failpoint::kRecentTransaction:
      return "recent-transaction";
    case Failpoint::kRecentBlocks:
      return "recent-blocks";
    case Failpoint::kCheckpointReferences:
      return "checkpoint-references";
    case Failpoint::kCheckpointTransaction:
      return "checkpoint-transaction";
    case Failpoint::kCheckpointApplied:
      return "checkpoint-applied";
    case Failpoint::kMergeTransaction:
      return "merge-transaction";
    case Failpoint::kMergeReferences:
      return "merge-references";
    case Failpoint::kMergeApplied:
      return "merge-applied";
    case Failpoint::kSwitchBefore:
      return "switch-before";
    case Failpoint::kSwitchAfter:
      return "switch-after";
    case Failpoint::kTrimInTransaction:
      return "trim-in-transaction";
    case Failpoint::kTrimAfter:
      return "trim-after";
    case Failpoint::kRecoveryCatalog:
      return "recovery-catalog";
    case Failpoint::kRecoveryReferences:
      return "recovery-references";
    case Failpoint::kRecoveryJournal:
      return "recovery-journal";
    case Failpoint::kBackupMade:
      return "backup-made";
    case Failpoint::kBackupPiece:
      return "backup-piece";
    case Failpoint::kRestoreCopied:
      return "restore-copied";
    case Failpoint::kRestoreBuilt:
      return "restore-built";
    case Failpoint::kRestoreVisible:
      return "restore-visible";
    case Failpoint::kArrivalPart:
      return "arrival-part";
    case Failpoint::kFollowSkip:
      return "follow-skip";
    case Failpoint::kCount:
      break;
  }
  return "";
}

bool ArmFailpoint() {
  const char* text = std::getenv("XREFD_FAILPOINT");
  if (text == nullptr) return true;
  hold_file = std::getenv("XREFD_FAILPOINT_HOLD");
  const std::string_view asked(text);
  const size_t colon = asked.find(':');
  if (colon != std::string_view::npos) {
    int passes = 0;
    const auto [end, error] =
        std::from_chars(asked.data() + colon + 1, asked.data() + asked.size(), passes);
    if (error != std::errc() || end != asked.data() + asked.size() || passes < 1) return false;
    passes_left = passes;
  }
  for (uint8_t i = 0; i < kNone; ++i) {
    if (Name(static_cast<Failpoint>(i)) != asked.substr(0, colon)) continue;
    internal::armed_failpoint = i;
    return true;
  }
  return false;
}

}  // namespace xref
