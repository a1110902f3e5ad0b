#include "replication/etcd.h"

#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

#include "replication/etcd_answers.h"
#include "tls/client_context.h"
#include "tls/failures.h"

namespace xref {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;
using asio::ip::tcp;

namespace {

constexpr size_t kReplyBytesMax = 1 << 20;

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

// The end of the range of keys that begin with `prefix`.
std::string EndOf(std::string_view prefix) {
  std::string end(prefix);
  ++end.back();
  return end;
}

}  // namespace

// ---- A connection ----

class Etcd::Link {
 public:
  Link(const Server& server, std::chrono::milliseconds timeout, Tls tls)
      : stream_(io_), host_(server.host), tls_(std::move(tls)) {
    boost::system::error_code error;
    tcp::resolver resolver(io_);
    const auto addresses = resolver.resolve(server.host, server.port, error);
    if (!error) {
      stream_.expires_after(timeout);
      stream_.async_connect(addresses, [&](boost::system::error_code result, const tcp::endpoint&) {
        error = result;
      });
      Run();
    }
    if (!error) {
      boost::system::error_code ignored;
      stream_.socket().set_option(tcp::no_delay(true), ignored);
      if (server.is_secure) error = ShakeHands(timeout);
    }
    connected_ = !error;
    if (error) trouble_ = MessageOf(error);
  }

  bool connected() const { return connected_; }
  const std::string& trouble() const { return trouble_; }

  // Nothing where the connection broke, or no reply came in time: it is of no use any more then.
  std::optional<http::response<http::string_body>> Post(const std::string& path,
                                                        const std::string& body,
                                                        std::chrono::milliseconds timeout) {
    http::request<http::string_body> request(http::verb::post, path, 11);
    request.set(http::field::host, host_);
    request.set(http::field::content_type, "application/json");
    request.keep_alive(true);
    request.body() = body;
    request.prepare_payload();
    boost::system::error_code error;
    stream_.expires_after(timeout);
    WithStream([&](auto& stream) {
      http::async_write(stream, request,
                        [&](boost::system::error_code result, size_t) { error = result; });
      Run();
    });
    http::response_parser<http::string_body> parser;
    parser.body_limit(kReplyBytesMax);
    if (!error) {
      WithStream([&](auto& stream) {
        http::async_read(stream, buffer_, parser,
                         [&](boost::system::error_code result, size_t) { error = result; });
        Run();
      });
    }
    if (error) {
      connected_ = false;
      trouble_ = MessageOf(error);
      return std::nullopt;
    }
    connected_ = parser.get().keep_alive();
    return parser.release();
  }

 private:
  boost::system::error_code ShakeHands(std::chrono::milliseconds timeout) {
    secure_.emplace(stream_, *tls_->current());
    tls_->Expect(secure_->native_handle(), host_);
    boost::system::error_code error;
    stream_.expires_after(timeout);
    secure_->async_handshake(asio::ssl::stream_base::client,
                             [&](boost::system::error_code result) { error = result; });
    Run();
    return error;
  }

  std::string MessageOf(const boost::system::error_code& error) {
    const unsigned long reason = SslErrorOf(error);
    return reason == 0 ? error.message() : tls_->Explain(secure_->native_handle(), reason);
  }

  // Calls `use` with what requests are written to and replies read from.
  template <typename Use>
  void WithStream(Use use) {
    if (secure_) {
      use(*secure_);
    } else {
      use(stream_);
    }
  }

  // Until what was begun is over; the stream's deadline sees to that.
  void Run() {
    io_.restart();
    io_.run();
  }

  asio::io_context io_{1};
  beast::tcp_stream stream_;
  std::optional<asio::ssl::stream<beast::tcp_stream&>> secure_;
  beast::flat_buffer buffer_;
  const std::string host_;
  const Tls tls_;
  bool connected_ = false;
  std::string trouble_;
};

// ---- Requests ----

absl::StatusOr<std::unique_ptr<Etcd>> Etcd::Make(const std::vector<std::string>& urls, Tls tls) {
  std::vector<Server> servers;
  for (const std::string& url : urls) {
    const bool is_secure = tls != nullptr && url.starts_with("https://");
    const std::string_view scheme = is_secure ? "https://" : "http://";
    const size_t colon = url.rfind(':');
    std::string port = colon == std::string::npos ? "" : url.substr(colon + 1);
    if (port.ends_with('/')) port.pop_back();
    uint16_t number = 0;
    const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
    if (!url.starts_with(scheme) || colon <= scheme.size() || number == 0 ||
        read.ptr != port.data() + port.size()) {
      return absl::InvalidArgumentError(
          fmt::format("--etcd {}: this is not http://HOST:PORT or https://HOST:PORT, such as "
                      "http://127.0.0.1:2379",
                      url));
    }
    servers.push_back(
        {url.substr(scheme.size(), colon - scheme.size()), std::move(port), is_secure});
  }
  if (servers.empty()) return absl::InvalidArgumentError("--etcd: no server is named");
  return std::unique_ptr<Etcd>(new Etcd(std::move(servers), std::move(tls)));
}

Etcd::Etcd(std::vector<Server> servers, Tls tls)
    : servers_(std::move(servers)), tls_(std::move(tls)) {}

Etcd::~Etcd() = default;

absl::StatusOr<std::string> Etcd::Post(const std::string& path, const std::string& body) {
  std::string trouble;
  // One try more than there are servers: a connection that was kept may have ended meanwhile.
  for (size_t tries = 0; tries <= servers_.size(); ++tries) {
    const bool was_kept = link_ != nullptr;
    const Server& server = servers_[server_];
    if (!was_kept) link_ = std::make_unique<Link>(server, timeout_, tls_);
    if (link_->connected()) {
      auto reply = link_->Post(path, body, timeout_);
      if (reply && reply->result() == http::status::ok) {
        if (!link_->connected()) link_.reset();
        return std::move(reply->body());
      }
      if (reply && reply->result_int() < 500) {
        return absl::InternalError(fmt::format("etcd refuses {}: {}", path, reply->body()));
      }
      trouble = reply ? reply->body() : link_->trouble();
    } else {
      trouble = link_->trouble();
    }
    trouble = fmt::format("etcd at {}:{}: {}", server.host, server.port, trouble);
    link_.reset();
    if (!was_kept) server_ = (server_ + 1) % servers_.size();
  }
  return absl::UnavailableError(trouble);
}

absl::StatusOr<int64_t> Etcd::GrantLease(std::chrono::seconds ttl) {
  const auto reply =
      Post("/v3/lease/grant", json::serialize(json::object{{"TTL", std::to_string(ttl.count())}}));
  return reply.ok() ? ParseLease(*reply) : reply.status();
}

absl::StatusOr<bool> Etcd::KeepAlive(int64_t lease) {
  const auto reply =
      Post("/v3/lease/keepalive", json::serialize(json::object{{"ID", std::to_string(lease)}}));
  return reply.ok() ? ParseKeptAlive(*reply) : reply.status();
}

absl::Status Etcd::Revoke(int64_t lease) {
  return Post("/v3/lease/revoke", json::serialize(json::object{{"ID", std::to_string(lease)}}))
      .status();
}

absl::StatusOr<std::vector<EtcdKey>> Etcd::Read(std::string_view prefix) {
  const auto reply = Post("/v3/kv/range", json::serialize(json::object{
                                              {"key", Base64(prefix)},
                                              {"range_end", Base64(EndOf(prefix))},
                                          }));
  return reply.ok() ? ParseKeys(*reply) : reply.status();
}

absl::StatusOr<Etcd::Committed> Etcd::Commit(const EtcdTransaction& transaction) {
  json::array compare;
  for (const auto& comparison : transaction.compare) {
    compare.push_back(json::object{
        {"key", Base64(comparison.key)},
        {"result", "EQUAL"},
        {"target", comparison.of_creation ? "CREATE" : "MOD"},
        {comparison.of_creation ? "create_revision" : "mod_revision",
         std::to_string(comparison.revision)},
    });
  }
  json::array success;
  for (const auto& put : transaction.puts) {
    success.push_back(json::object{{"request_put", json::object{
                                                       {"key", Base64(put.key)},
                                                       {"value", Base64(put.value)},
                                                       {"lease", std::to_string(put.lease)},
                                                   }}});
  }
  for (const std::string& key : transaction.deletes) {
    success.push_back(json::object{{"request_delete_range", json::object{{"key", Base64(key)}}}});
  }
  const auto reply =
      Post("/v3/kv/txn", json::serialize(json::object{{"compare", compare}, {"success", success}}));
  return reply.ok() ? ParseCommitted(*reply) : reply.status();
}

}  // namespace xref
