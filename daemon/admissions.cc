#include "daemon/admissions.h"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

namespace xref {

namespace ip = boost::asio::ip;

AddressKey KeyOf(const ip::address& address) {
  // Among IPv6 networks these are reserved.
  constexpr AddressKey kOfIpv4 = AddressKey{0xFFFF} << 32;
  if (address.is_v4()) return kOfIpv4 | address.to_v4().to_uint();
  const ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped()) return kOfIpv4 | ip::make_address_v4(ip::v4_mapped, v6).to_uint();
  AddressKey network = 0;
  const auto bytes = v6.to_bytes();
  for (size_t i = 0; i < sizeof network; ++i) network = network << 8 | bytes[i];
  return network;
}

Admission::~Admission() {
  if (admissions_ != nullptr) admissions_->Leave(key_);
}

Admissions::Admissions(const Limits& limits)
    : limits_(limits),
      newcomers_(limits.newcomers),
      newcomers_of_address_(limits.newcomers_per_address) {}

std::variant<Admission, Limit> Admissions::TryEnter(AddressKey key,
                                                    std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto of_address = of_address_.find(key);
  if (of_address != of_address_.end() && of_address->second >= limits_.connections_per_address) {
    return Limit::kConnectionsPerAddress;
  }
  if (!newcomers_of_address_.TryTake(key, 1, now)) return Limit::kNewcomersPerAddress;
  if (connections_ >= limits_.connections) return Limit::kConnections;
  if (!newcomers_.TryTake(1, now)) return Limit::kNewcomersPerSecond;
  ++connections_;
  ++of_address_[key];
  return Admission(*this, key);
}

void Admissions::Leave(AddressKey key) {
  const std::lock_guard lock(mutex_);
  --connections_;
  const auto of_address = of_address_.find(key);
  if (--of_address->second == 0) of_address_.erase(of_address);
}

}  // namespace xref
