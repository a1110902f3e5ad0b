#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "console/call.h"

namespace xref::console {

// The answers of changes that came with an Idempotency-Key, so that a client which never saw the
// answer may send the same again, and has it done once. Kept in memory: a daemon that was restarted
// knows of none. For the console's thread.
class Idempotency {
 public:
  // The answer to the same request of before; nothing where it is new, and then it is under way
  // until Finish. Throws a Problem: another request has used the key, or this one is under way.
  std::optional<Response> Begin(const std::string& key, const Request& request);
  // What was answered. An answer that may be another one soon is not kept.
  void Finish(const std::string& key, const Response& answer);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    uint64_t fingerprint = 0;  // of the request
    Clock::time_point since;
    std::optional<Response> answer;  // nothing while it is under way
  };
  void DropOld();

  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> by_age_;  // keys that are answered
  size_t bytes_ = 0;
};

}  // namespace xref::console
