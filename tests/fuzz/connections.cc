// Bytes as they come at the HTTP port: a client sends them, ends its side and reads what it is
// answered. Whatever they are, the connection ends by then, and what came back are answers.
//
// The input is a byte from which the daemon draws, one that says in how small pieces the bytes are
// sent (0: as a whole), and the bytes.

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>

#include "console/connection.h"
#include "console/site.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/made_up_daemon.h"

namespace xref::fuzz {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
// Of a request that does not come to its end. None is waited for, since the client ends its side.
constexpr std::chrono::hours kRequestTimeout{1};
// Only says how long a failure takes.
constexpr std::chrono::seconds kEndTimeout{20};

// Sends all of `bytes`, unless the server has enough before, and returns what it is answered.
asio::awaitable<void> Converse(tcp::socket& client, std::string_view bytes, size_t piece_bytes,
                               std::string& answers) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_bytes);
    bytes.remove_prefix(piece.size());
    const auto [error, sent] =
        co_await asio::async_write(client, asio::buffer(piece.data(), piece.size()), kTuple);
    if (error) break;
  }
  boost::system::error_code ended;
  client.shutdown(tcp::socket::shutdown_send, ended);
  co_await asio::async_read(client, asio::dynamic_buffer(answers), kTuple);
}

}  // namespace

void RunConnections(std::string_view bytes) {
  spdlog::set_level(spdlog::level::off);
  FuzzBytes input(bytes);
  MadeUpDaemon daemon(input.Next());
  const uint8_t pieces = input.Next();
  const std::string_view sent = input.Rest();
  const size_t piece_bytes = pieces == 0 ? std::max<size_t>(sent.size(), 1) : pieces;

  asio::io_context context{1};
  tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  tcp::socket client(context);
  client.connect(acceptor.local_endpoint());
  console::Site site(daemon, context.get_executor(), {});
  console::Connection connection(acceptor.accept(), nullptr, site, kRequestTimeout, false);
  std::string answers;
  bool has_ended = false;
  asio::co_spawn(context, connection.Run(), [&](std::exception_ptr thrown) {
    EXPECT_FALSE(thrown) << "a connection handles what goes wrong by itself";
    has_ended = true;
  });
  asio::co_spawn(context, Converse(client, sent, piece_bytes, answers), asio::detached);
  context.run_for(kEndTimeout);
  if (!has_ended) {
    // Its coroutine refers to this function's objects, so it cannot go on.
    std::fprintf(stderr, "the connection of a client that has ended its side goes on\n");
    std::abort();
  }
  if (answers.empty()) return;
  EXPECT_TRUE(answers.starts_with("HTTP/1.")) << answers;
  EXPECT_EQ(answers.find("HTTP/1.1 500 "), std::string::npos) << answers;
}

}  // namespace xref::fuzz
