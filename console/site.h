#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "console/call.h"
#include "console/idempotency.h"
#include "console/imports.h"
#include "console/look_alikes.h"
#include "console/routes.h"

namespace xref::console {

// What is served, whatever the connection: who may ask, what answers it, and what it is answered
// when that fails. For the console's thread.
class Site {
 public:
  Site(Gateway& gateway, boost::asio::any_io_executor executor,
       std::vector<std::string> host_names);

  // What a browser tells of where a request comes from.
  struct Source {
    std::string host;
    std::string origin;      // empty where there is none
    std::string fetch_site;  // of the Sec-Fetch-Site header
  };
  // Throws a Problem where the request is meant for another server, or comes from another page.
  void RequireTrusted(const Source& source, boost::beast::http::verb method) const;

  // In whose name a request of that route is answered. Throws a Problem where somebody must show an
  // access token, or another one; null for a public route.
  std::shared_ptr<Visitor> Admit(const Route& route, const Request& request);

  // Answers a request whose body is read. `key` is its Idempotency-Key, or empty.
  boost::asio::awaitable<Response> Answer(const Route::Handler& handler,
                                          std::shared_ptr<Visitor> visitor, const Request& request,
                                          const std::string& key);
  boost::asio::awaitable<void> Answer(const Route::StreamHandler& handler,
                                      std::shared_ptr<Visitor> visitor, const Request& request,
                                      BodyStream& stream);

  // Logs what became of a peer, unless there is too much of that.
  void LogPeer(const boost::asio::ip::tcp::endpoint& peer, std::string_view what);

  Imports& imports() { return imports_; }
  Gateway& gateway() { return context_.gateway; }

  // Bytes of all bodies that are held. Shared with whoever holds one, who may outlive the site.
  const std::shared_ptr<size_t> body_bytes = std::make_shared<size_t>(0);

 private:
  boost::asio::awaitable<Response> Handle(const Route::Handler& handler,
                                          std::shared_ptr<Visitor> visitor, const Request& request);
  bool IsOwnHost(std::string_view host) const;

  const std::vector<std::string> host_names_;
  const boost::asio::any_io_executor executor_;
  Imports imports_;
  LookAlikes look_alikes_;
  Context context_;
  Idempotency idempotency_;
  // Of the second that began then.
  std::chrono::steady_clock::time_point logging_since_;
  uint32_t peers_logged_ = 0;
};

// What went wrong, as it is answered.
Response ResponseOf(const Problem& problem);

}  // namespace xref::console
