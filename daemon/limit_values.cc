#include "daemon/limit_values.h"

#include <chrono>

#include "daemon/descriptors.h"
#include "daemon/http_port.h"
#include "daemon/limits.h"
#include "index/vocabulary.h"
#include "protocol/frame.h"

namespace xref {

LimitValues LimitValuesOf(const Options& options) {
  LimitValues values{};
  const auto set = [&](Limit limit, uint64_t value) { values[static_cast<size_t>(limit)] = value; };
  const auto milliseconds = [](auto time) {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  };
  set(Limit::kConnections, options.connections_max);
  set(Limit::kConnectionsPerAddress, options.connections_per_address);
  set(Limit::kNewcomersPerSecond, options.newcomers_per_second);
  set(Limit::kNewcomersPerAddress, options.newcomers_per_address);
  set(Limit::kDescriptors, DescriptorsAllowed());
  set(Limit::kFrameTimeoutMs, options.frame_timeout_ms);
  set(Limit::kOutputTimeoutMs, milliseconds(kOutputTimeout));
  set(Limit::kIdleTimeoutMs, uint64_t{options.idle_timeout_seconds} * 1'000);
  set(Limit::kRequestBytes, protocol::kRequestBytesMax);
  set(Limit::kBatchIds, kBatchIdsMax);
  set(Limit::kReplyBytes, protocol::kReplyBytesMax);
  set(Limit::kChangesInFlight, kChangesInFlightMax);
  set(Limit::kOutputBytes, kOutputBytesMax);
  set(Limit::kBufferBytes, options.buffer_limit);
  set(Limit::kQueriesWaiting, kQueriesWaitingMax);
  set(Limit::kCommitQueueBytes, kCommitQueueBytesMax);
  set(Limit::kMemoryBytes, options.memory_limit);
  set(Limit::kJournalBytes, options.journal_limit);
  set(Limit::kDiskFreeBytes, kDiskBytesFreeMin);
  set(Limit::kIntegrations, kIntegrationsMax);
  set(Limit::kTypesPerIntegration, kTypesPerIntegrationMax);
  set(Limit::kClaims, kClaimsMax);
  set(Limit::kIgnored, kIgnoredMax);
  set(Limit::kDeletesPerMinute, options.deletes_per_minute);
  set(Limit::kTokens, kTokensMax);
  set(Limit::kIdsPerTokenPerSecond, options.ids_per_token);
  set(Limit::kSignInFailuresPerSecond, kFailedSignInsPerSecond);
  const HttpLimits http = LimitsOfHttp();
  set(Limit::kHttpConnections, http.connections);
  set(Limit::kHttpConnectionsPerAddress, http.connections_per_address);
  set(Limit::kHttpBodiesBytes, http.bodies_bytes);
  return values;
}

}  // namespace xref
