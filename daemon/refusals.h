#pragma once

// The limits that a peer or a change can run into, by the names that STATUS, /metrics and README.md
// know them by, and how often each has refused something.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xref {

enum class Limit : uint8_t {
  // Newcomers, which are closed at once.
  kConnections,
  kConnectionsPerAddress,
  kNewcomersPerSecond,
  kNewcomersPerAddress,
  kDescriptors,
  // Deadlines, after which a connection is ended.
  kFrameTimeoutMs,
  kOutputTimeoutMs,
  kIdleTimeoutMs,
  // Requests.
  kRequestBytes,
  kBatchIds,
  kReplyBytes,
  kChangesInFlight,
  kOutputBytes,
  kBufferBytes,
  // Questions and changes.
  kQueriesWaiting,
  kCommitQueueBytes,
  kMemoryBytes,
  kJournalBytes,
  kDiskFreeBytes,
  kIntegrations,
  kTypesPerIntegration,
  kClaims,
  kIgnored,
  kDeletesPerMinute,
  // Access tokens.
  kTokens,
  kIdsPerTokenPerSecond,
  kSignInFailuresPerSecond,
  // The HTTP port.
  kHttpConnections,
  kHttpConnectionsPerAddress,
  kHttpBodiesBytes,
  kCount,
};
inline constexpr size_t kLimits = static_cast<size_t>(Limit::kCount);

struct LimitName {
  std::string_view name;
  // Of the count of what it has refused; empty where whoever runs into it waits.
  std::string_view refused;
};
// As facts of the status.
inline constexpr std::array<LimitName, kLimits> kLimitNames = {{
    {"limit_connections", "refused_connections"},
    {"limit_connections_per_address", "refused_connections_per_address"},
    {"limit_newcomers_per_second", "refused_newcomers_per_second"},
    {"limit_newcomers_per_address_per_second", "refused_newcomers_per_address_per_second"},
    {"limit_descriptors", "refused_descriptors"},
    {"limit_frame_timeout_ms", "refused_frame_timeout_ms"},
    {"limit_output_timeout_ms", "refused_output_timeout_ms"},
    {"limit_idle_timeout_ms", "refused_idle_timeout_ms"},
    {"limit_request_bytes", "refused_request_bytes"},
    {"limit_batch_ids", "refused_batch_ids"},
    {"limit_reply_bytes", "refused_reply_bytes"},
    {"limit_changes_in_flight", ""},
    {"limit_output_bytes", ""},
    {"limit_buffer_bytes", "refused_buffer_bytes"},
    {"limit_queries_waiting", "refused_queries_waiting"},
    {"limit_commit_queue_bytes", "refused_commit_queue_bytes"},
    {"limit_memory_bytes", "refused_memory_bytes"},
    {"limit_journal_bytes", "refused_journal_bytes"},
    {"limit_disk_free_bytes", "refused_disk_free_bytes"},
    {"limit_integrations", "refused_integrations"},
    {"limit_types_per_integration", "refused_types_per_integration"},
    {"limit_claims", "refused_claims"},
    {"limit_ignored_ids", "refused_ignored_ids"},
    {"limit_deletes_per_minute", "refused_deletes_per_minute"},
    {"limit_tokens", "refused_tokens"},
    {"limit_ids_per_token_per_second", "refused_ids_per_token_per_second"},
    {"limit_sign_in_failures_per_address_per_second",
     "refused_sign_in_failures_per_address_per_second"},
    {"limit_http_connections", "refused_http_connections"},
    {"limit_http_connections_per_address", "refused_http_connections_per_address"},
    {"limit_http_bodies_bytes", "refused_http_bodies_bytes"},
}};

// Without "limit_", as a label of metrics and in the log.
constexpr std::string_view NameOf(Limit limit) {
  return kLimitNames[static_cast<size_t>(limit)].name.substr(std::string_view("limit_").size());
}

// What each limit is in this daemon; 0 where there is none.
using LimitValues = std::array<uint64_t, kLimits>;

// How often each limit has refused something since the start. Thread-safe.
class Refusals {
 public:
  void Count(Limit limit, uint64_t more = 1) {
    counts_[static_cast<size_t>(limit)].fetch_add(more, std::memory_order_relaxed);
  }
  uint64_t of(Limit limit) const {
    return counts_[static_cast<size_t>(limit)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<uint64_t>, kLimits> counts_{};
};

}  // namespace xref
