#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "console/site.h"
#include "console/stream.h"

namespace xref::console {

// One client of HTTP/1.1: reads requests, has them answered one after the other, sends the answers.
// Lives on the console's thread.
class Connection : public BodyStream {
 public:
  // `tls` is null where the port speaks none. `for_probes`: answers requests for the daemon's
  // health, and one of them.
  Connection(boost::asio::ip::tcp::socket socket, TlsContext tls, Site& site,
             std::chrono::milliseconds request_timeout, bool for_probes)
      : stream_(std::move(socket), std::move(tls)),
        site_(site),
        request_timeout_(request_timeout),
        for_probes_(for_probes),
        peer_(PeerOf(stream_.tcp().socket())) {}

  // Until the client goes, or is too slow.
  boost::asio::awaitable<void> Run();
  // Ends it after the request that is under way, or at once if there is none.
  void Stop();
  // Ends it now.
  void Drop() { stream_.tcp().close(); }

  bool for_probes() const { return for_probes_; }
  // Whether a request is under way, of which the head has come and the answer is not sent yet.
  bool has_request() const { return has_request_; }
  // Since when there is none.
  std::chrono::steady_clock::time_point waiting_since() const { return waiting_since_; }

  // BodyStream
  boost::asio::awaitable<std::string_view> Read() override;
  boost::asio::awaitable<bool> Begin(const Response& head) override;
  boost::asio::awaitable<bool> Write(std::string_view bytes) override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  // A part of the site's memory for bodies, for as long as it is held.
  struct BodyShare;

  // False where it fails, or the client speaks no TLS, which is answered in the clear.
  boost::asio::awaitable<bool> ShakeHands();
  // Tells the client that nothing more comes.
  boost::asio::awaitable<void> SayGoodbye();
  // False at the end of the connection, or where what came is no HTTP, which is answered.
  boost::asio::awaitable<bool> ReadHeader();
  boost::asio::awaitable<void> HandleRequest();
  boost::asio::awaitable<void> HandleRoute(Request& request);
  boost::asio::awaitable<std::string> ReadBody(BodyShare& share);
  // Tells a client that waits with its body that it is wanted.
  boost::asio::awaitable<void> Continue();
  boost::asio::awaitable<void> Send(const Response& response);
  // Reads and throws away what a client still sends that was told why its connection ends: closing
  // it at once might lose that answer on the way.
  boost::asio::awaitable<void> AwaitLeaving();
  // What came of a request that was answered without it.
  boost::asio::awaitable<void> SkipBody();
  std::string Header(std::string_view name) const;
  // Unspecified where it is gone already.
  static boost::asio::ip::tcp::endpoint PeerOf(const boost::asio::ip::tcp::socket& socket);

  Stream stream_;
  Site& site_;
  const std::chrono::milliseconds request_timeout_;
  const bool for_probes_;
  const boost::asio::ip::tcp::endpoint peer_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;  // of the request that is under way
  std::vector<char> piece_;       // what was read of a body last
  // Of a body that is read as a whole; a file may take as long as it keeps coming.
  std::optional<std::chrono::steady_clock::time_point> body_due_;
  bool is_idle_ = true;  // nothing of a request has come
  bool has_request_ = false;
  std::chrono::steady_clock::time_point waiting_since_ = std::chrono::steady_clock::now();
  bool is_stopping_ = false;
  bool keeps_alive_ = true;
  bool has_answered_ = false;     // the head of the answer is sent
  bool has_input_ended_ = false;  // nothing more can be read; nobody would hear of that twice
};

}  // namespace xref::console
