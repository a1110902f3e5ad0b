#pragma once

// Which handler answers what. The whole of the API is the table in routes.cc; openapi.json
// describes it for users.

#include <boost/beast/http/verb.hpp>
#include <string_view>
#include <variant>

#include "console/call.h"

namespace xref::console {

struct Route {
  using Handler = boost::asio::awaitable<Response> (*)(Call&);
  using StreamHandler = boost::asio::awaitable<void> (*)(Call&, BodyStream&);

  boost::beast::http::verb method;
  std::string_view pattern;  // with {names} for segments of any text
  std::string_view params;   // of the query that it takes, with spaces between them
  // A handler of streams reads the body by itself, and writes the answer.
  std::variant<Handler, StreamHandler> handler;
  // Answered to whoever asks, with or without an access token.
  bool is_public = false;
};

// The route of a request, whose path parameters it fills in. HEAD is answered as GET is. Throws a
// Problem: there is no such path, or none of that method, or the query has a parameter that is not
// known.
const Route& FindRoute(Request& request);

}  // namespace xref::console
