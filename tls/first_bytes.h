#pragma once

#include <cstdint>
#include <span>

namespace xref {

// Who knocks: a connection that begins with a TLS handshake, or with something else.
enum class FirstBytes { kTooFew, kTls, kOther };

// `received` is the beginning of a connection. A frame of the binary protocol, or a line of HTTP,
// is never taken for TLS.
FirstBytes Classify(std::span<const uint8_t> received);

}  // namespace xref
