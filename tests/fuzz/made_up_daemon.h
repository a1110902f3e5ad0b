#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "console/gateway.h"

namespace xref::fuzz {

// What stands behind the console in place of a daemon: answers every request that can be read at
// once, with what it makes up. Lets in whoever shows no token, or one that begins as it should.
// Expects by means of GoogleTest.
class MadeUpDaemon : public console::Gateway {
 public:
  // What it makes up follows from `draw`.
  explicit MadeUpDaemon(uint8_t draw);

  std::variant<std::shared_ptr<console::Visitor>, protocol::Refusal> Enter(
      std::string_view token, const boost::asio::ip::tcp::endpoint& peer) override;
  std::string FindObstacle() override { return draw_ % 2 == 0 ? "" : "drawn"; }
  void CountRefused(console::HttpLimit) override {}

 private:
  const uint8_t draw_;
};

}  // namespace xref::fuzz
