#include "bench/peer.h"

#include <fmt/format.h>

#include <algorithm>

namespace xref::bench {

absl::StatusOr<size_t> TakeExactly(std::string_view received, std::string_view answer) {
  const size_t size = std::min(received.size(), answer.size());
  const auto differs = std::mismatch(
      received.begin(), received.begin() + static_cast<ptrdiff_t>(size), answer.begin());
  const auto at = static_cast<size_t>(differs.first - received.begin());
  if (at == size) return received.size() < answer.size() ? 0 : size;
  constexpr size_t kShown = 40;
  return absl::InternalError(fmt::format("a wrong answer, at byte {}: \"{}\", and \"{}\" is right",
                                         at, received.substr(at, kShown),
                                         answer.substr(at, kShown)));
}

}  // namespace xref::bench
