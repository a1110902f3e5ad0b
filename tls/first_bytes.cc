#include "tls/first_bytes.h"

namespace xref {

// A record of TLS begins with its type, here a handshake, and a version: 3.1 to 3.4. A frame that
// begins so would be a request of more than 64 KiB, and none is before HELLO.
FirstBytes Classify(std::span<const uint8_t> received) {
  constexpr uint8_t kHandshake = 22;
  constexpr uint8_t kMajor = 3;
  if (!received.empty() && received[0] != kHandshake) return FirstBytes::kOther;
  if (received.size() > 1 && received[1] != kMajor) return FirstBytes::kOther;
  if (received.size() > 2) {
    return received[2] >= 1 && received[2] <= 4 ? FirstBytes::kTls : FirstBytes::kOther;
  }
  return FirstBytes::kTooFew;
}

}  // namespace xref
