#pragma once

// A request of HTTP as its handler sees it, and the answer.

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "console/asker.h"

namespace xref::console {

class Imports;
class LookAlikes;

struct Request {
  boost::beast::http::verb method{};
  std::string target;                          // as it came
  std::vector<std::string> path;               // decoded, segment by segment
  std::map<std::string, std::string> query;    // decoded
  std::map<std::string, std::string> in_path;  // what the route's {names} stand for
  std::string actor;                           // of a change
  std::string token;                           // access token that was shown; empty for none
  boost::asio::ip::tcp::endpoint peer;         // whoever asks
  std::string content_type;                    // without parameters
  std::optional<uint64_t> content_bytes;       // of a body that is streamed, where announced
  std::string body;                            // empty where it is streamed
};

struct Response {
  unsigned status = 200;
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};
Response JsonResponse(const boost::json::object& body, unsigned status = 200);

// What is the same for all requests.
struct Context {
  Gateway& gateway;
  Imports& imports;
  LookAlikes& look_alikes;
};

// One request, being handled.
class Call {
 public:
  // The asker is null for a public route.
  Call(Context& context, Asker* asker, const Request& asked)
      : context_(context), asker_(asker), request(asked) {}

  Asker& asker() { return *asker_; }
  Gateway& gateway() { return context_.gateway; }
  Imports& imports() { return context_.imports; }
  LookAlikes& look_alikes() { return context_.look_alikes; }

  const std::string& integration() const { return request.in_path.at("integration"); }
  const std::string& type() const { return request.in_path.at("type"); }
  // The place that the path names.
  boost::asio::awaitable<PlaceId> Place();
  // How many references that place has.
  boost::asio::awaitable<uint64_t> ReferencesThere();

  // Parameters of the query; nothing where they are not given. Each throws a Problem for a value
  // that is out of its range.
  std::optional<std::string> Param(std::string_view name) const;
  uint64_t Number(std::string_view name, uint64_t least, uint64_t most, uint64_t otherwise) const;
  bool Flag(std::string_view name) const;
  // A source ID or target ID that must be given.
  std::string Id(std::string_view name) const;
  // The same, where an empty text stands for none.
  std::string MaybeId(std::string_view name) const;

  template <typename Reply, typename... Message>
  boost::asio::awaitable<Answer<Reply>> Ask(protocol::Opcode opcode, const Message&... message) {
    return asker_->Ask<Reply>(opcode, message...);
  }

 private:
  Context& context_;
  Asker* const asker_;

 public:
  const Request& request;
};

// What a handler of a stream reads its request from, and writes its answer to.
class BodyStream {
 public:
  virtual ~BodyStream() = default;

  // The next bytes of the body, valid until the next call; none at its end. Throws a Problem.
  virtual boost::asio::awaitable<std::string_view> Read() = 0;
  // Begins an answer of unknown length, then continues it. False: nobody reads it any more.
  virtual boost::asio::awaitable<bool> Begin(const Response& head) = 0;
  virtual boost::asio::awaitable<bool> Write(std::string_view bytes) = 0;
};

}  // namespace xref::console
