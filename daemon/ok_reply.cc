#include "daemon/ok_reply.h"

#include <chrono>

namespace xref {

using protocol::FrameHeader;
using std::chrono::steady_clock;

std::optional<Currency> CurrencyOf(const ServerState& state) {
  if (!state.is_standby()) return std::nullopt;
  return Currency{.as_of = state.current_as_of, .lsn = state.lsn};
}

uint32_t LagMs(int64_t as_of) {
  if (as_of == 0) return protocol::kLagUnknown;
  const auto since = steady_clock::now().time_since_epoch() - steady_clock::duration(as_of);
  const int64_t lag_ms = std::chrono::ceil<std::chrono::milliseconds>(since).count();
  return lag_ms < protocol::kLagUnknown ? static_cast<uint32_t>(lag_ms) : protocol::kLagUnknown;
}

protocol::FrameWriter OpenReply(const FrameHeader& request, const ServerState& state,
                                const std::optional<Currency>& currency, std::string& out) {
  FrameHeader header = protocol::ReplyHeader(request, protocol::StatusCode::kOk, state.epoch);
  if (currency) header.flags |= protocol::kFlagFromStandby;
  protocol::FrameWriter reply(out, header);
  if (currency) {
    protocol::Encode(protocol::StandbyMark{currency->lsn, LagMs(currency->as_of)}, out);
  }
  return reply;
}

}  // namespace xref
