#pragma once

#include <boost/beast/http/verb.hpp>
#include <string>
#include <string_view>

#include "console/call.h"

namespace xref::console {

// A request with what its target, which is as it came, tells: the path and the query, decoded.
// Throws a Problem where it cannot be read.
Request ParseTarget(boost::beast::http::verb method, std::string_view target);

// Who makes a change, of the header Xref-Actor: percent-encoded, since headers have ASCII only. An
// empty one is somebody of HTTP. Throws a Problem.
std::string ActorOf(std::string_view header);

// The access token of the header Authorization; empty where there is none. What is of another
// scheme, such as the one of a proxy, is none.
std::string BearerIn(std::string_view header);

}  // namespace xref::console
