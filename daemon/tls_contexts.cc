#include "daemon/tls_contexts.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace xref {
namespace {

bool Reload(const char* what, ReloadableContext* context) {
  if (context == nullptr) return false;
  if (const auto status = context->Reload(); !status.ok()) {
    spdlog::error("tls: {}: nothing was changed, and the files from before are used on: {}", what,
                  std::string(status.message()));
  } else {
    spdlog::info("tls: {}: the files were loaded again, for connections from now on", what);
  }
  return true;
}

}  // namespace

absl::StatusOr<TlsContexts> MakeTlsContexts(const Options& options) {
  TlsContexts contexts;
  const TlsIdentity own{.certificate = options.tls_cert, .key = options.tls_key};
  if (!options.tls_cert.empty()) {
    auto made = TlsServerContext::Make({.identity = own, .client_ca = options.tls_client_ca});
    if (!made.ok()) return made.status();
    contexts.ports = *std::move(made);
  }
  if (!options.peer_tls_ca.empty()) {
    auto made = TlsClientContext::Make({.ca = options.peer_tls_ca,
                                        .identity = own,
                                        .name = {},
                                        .ca_option = "--peer-tls-ca",
                                        .identity_options = "--tls-cert and --tls-key"});
    if (!made.ok()) return made.status();
    contexts.primaries = *std::move(made);
  }
  const bool has_secure_etcd =
      std::any_of(options.etcd.begin(), options.etcd.end(),
                  [](const std::string& url) { return url.starts_with("https://"); });
  if (has_secure_etcd) {
    auto made = TlsClientContext::Make(
        {.ca = options.etcd_ca,
         .identity = {.certificate = options.etcd_cert, .key = options.etcd_key},
         .name = {},
         .ca_option = "--etcd-ca",
         .identity_options = "--etcd-cert and --etcd-key"});
    if (!made.ok()) return made.status();
    contexts.etcd = *std::move(made);
  } else if (!options.etcd_ca.empty() || !options.etcd_cert.empty()) {
    return absl::InvalidArgumentError(
        "--etcd-ca and --etcd-cert are for an etcd that speaks TLS, and no URL of --etcd begins "
        "with https://");
  }
  if (contexts.ports) {
    spdlog::info("tls: all ports speak TLS only, with {}{}", contexts.ports->Describe(),
                 options.tls_client_ca.empty() ? "" : "; clients must present a certificate");
  }
  return contexts;
}

void Reload(const TlsContexts& contexts) {
  const bool has_ports = Reload("the ports", contexts.ports.get());
  const bool has_primaries = Reload("standby", contexts.primaries.get());
  const bool has_etcd = Reload("etcd", contexts.etcd.get());
  if (has_ports) spdlog::info("tls: {}", contexts.ports->Describe());
  if (!has_ports && !has_primaries && !has_etcd) {
    spdlog::info("SIGHUP: there are no certificates to load again");
  }
}

}  // namespace xref
