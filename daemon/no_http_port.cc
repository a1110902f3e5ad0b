// Of a program that is built without the console (XREF_CONSOLE).

#include "daemon/http_port.h"

namespace xref {

HttpLimits LimitsOfHttp() { return {}; }

absl::StatusOr<std::unique_ptr<HttpPort>> BindHttpPort(const boost::asio::ip::tcp::endpoint&,
                                                       const Options& options, Service&, size_t) {
  if (options.http.empty()) return nullptr;
  return absl::InvalidArgumentError(
      "--http: this xrefd was built without the HTTP port; leave the option out, or build with "
      "XREF_CONSOLE");
}

}  // namespace xref
