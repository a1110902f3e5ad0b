#include "daemon/addresses.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace xref {

namespace asio = boost::asio;
using asio::ip::tcp;

absl::StatusOr<tcp::endpoint> ParseAddress(std::string_view option, const std::string& text) {
  const size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") host = "127.0.0.1";
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const bool is_number =
      colon != std::string::npos &&
      std::from_chars(text.data() + colon + 1, end, port) == std::from_chars_result{end, {}};
  if (!is_number || error) {
    return absl::InvalidArgumentError(fmt::format(
        "{} {}: this is not HOST:PORT with a numeric host, such as 127.0.0.1:7411", option, text));
  }
  return tcp::endpoint(address, port);
}

std::string ToString(const tcp::endpoint& address) {
  const auto host = address.address();
  return host.is_v6() ? fmt::format("[{}]:{}", host.to_string(), address.port())
                      : fmt::format("{}:{}", host.to_string(), address.port());
}

absl::StatusOr<std::optional<tcp::endpoint>> HttpAddress(const Options& options,
                                                         const tcp::endpoint& listen) {
  if (options.http == "off") return std::nullopt;
  if (!options.http.empty()) {
    const auto address = ParseAddress("--http", options.http);
    if (!address.ok()) return address.status();
    return *address;
  }
  const auto port = static_cast<uint16_t>(listen.port() == 0 ? 0 : listen.port() + 1);
  return tcp::endpoint(asio::ip::address_v4::loopback(), port);
}

}  // namespace xref
