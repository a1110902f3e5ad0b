#pragma once

// How every reply to a question begins, whichever thread answers it.

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/server_state.h"
#include "protocol/frame.h"

namespace xref {

// The state that a standby answers from: it has at least everything up to `lsn`, and all that its
// primary had at `as_of` (as ServerState::current_as_of).
struct Currency {
  int64_t as_of = 0;  // read first: what was stored before it is then known as well
  Lsn lsn = 0;
};

// Nothing where the daemon is no standby. Take it before the answer is read, so that the answer is
// no older than that.
std::optional<Currency> CurrencyOf(const ServerState& state);

// Milliseconds since then, rounded up; protocol::kLagUnknown if `as_of` is 0 or too long ago.
uint32_t LagMs(int64_t as_of);

// Opens an OK reply, with a standby's flag and mark where `currency` is there.
protocol::FrameWriter OpenReply(const protocol::FrameHeader& request, const ServerState& state,
                                const std::optional<Currency>& currency, std::string& out);

}  // namespace xref
