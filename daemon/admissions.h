#pragma once

#include <absl/container/flat_hash_map.h>

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <variant>

#include "daemon/rate_limit.h"
#include "daemon/refusals.h"

namespace xref {

// What newcomers are told apart by: an IPv4 address, also one that is written as IPv6; of IPv6 the
// network of 64 bits, since whoever has one address there has them all.
using AddressKey = uint64_t;
AddressKey KeyOf(const boost::asio::ip::address& address);

class Admissions;

// A place among the connections, for as long as it lives. Movable; to be let go on any thread,
// while the Admissions live.
class Admission {
 public:
  Admission(Admission&& other) noexcept
      : admissions_(std::exchange(other.admissions_, nullptr)), key_(other.key_) {}
  Admission& operator=(Admission&& other) = delete;
  ~Admission();

 private:
  friend class Admissions;
  Admission(Admissions& admissions, AddressKey key) : admissions_(&admissions), key_(key) {}

  Admissions* admissions_;  // null once it was moved from
  AddressKey key_;
};

// Decides which newcomers may stay: so many connections in all and of one address, and so many
// newcomers a second in all and of one address. Of either, an address is asked for its own share
// first, so that one that has spent it takes nothing of what all share.
//
// Thread-safe. Remembers an address while it has a connection, and of the others a bounded number.
class Admissions {
 public:
  struct Limits {
    size_t connections = 1;
    size_t connections_per_address = 1;
    RateLimit newcomers;
    RateLimit newcomers_per_address;
  };
  explicit Admissions(const Limits& limits);
  Admissions(const Admissions&) = delete;
  Admissions& operator=(const Admissions&) = delete;

  // A place, or the limit that there is none by.
  [[nodiscard]] std::variant<Admission, Limit> TryEnter(AddressKey key,
                                                        std::chrono::steady_clock::time_point now);

 private:
  friend class Admission;
  void Leave(AddressKey key);

  const Limits limits_;
  std::mutex mutex_;
  // Guarded by mutex_.
  size_t connections_ = 0;
  absl::flat_hash_map<AddressKey, size_t> of_address_;  // none that is 0
  TokenBucket newcomers_;
  KeyedBuckets newcomers_of_address_;
};

}  // namespace xref
