#pragma once

#include <absl/status/statusor.h>

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/options.h"

namespace xref {

// HOST:PORT with a numeric host, an IPv6 one in brackets, or localhost, which is 127.0.0.1.
// InvalidArgument names `option`, such as "--listen", where it comes from.
absl::StatusOr<boost::asio::ip::tcp::endpoint> ParseAddress(std::string_view option,
                                                            const std::string& text);

// HOST:PORT, as ParseAddress takes it.
std::string ToString(const boost::asio::ip::tcp::endpoint& address);

// Where HTTP is served beside a daemon that listens there: where the options say, else the next
// port on loopback; nothing where it is not to be.
absl::StatusOr<std::optional<boost::asio::ip::tcp::endpoint>> HttpAddress(
    const Options& options, const boost::asio::ip::tcp::endpoint& listen);

}  // namespace xref
