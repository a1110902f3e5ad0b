#include "tls/server_context.h"

#include <openssl/ssl.h>

#include <utility>

#include "tls/failures.h"

namespace xref {

namespace ssl = boost::asio::ssl;

namespace {

absl::StatusOr<TlsContext> Build(const TlsServerContext::Options& options) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  UseModernTls(*context);
  if (auto status = UseIdentity(options.identity, *context); !status.ok()) return status;
  // Sessions of clients that have proved who they are belong to one server.
  constexpr unsigned char kSessionsOf[] = "xrefd";
  SSL_CTX_set_session_id_context(context->native_handle(), kSessionsOf, sizeof kSessionsOf);
  if (options.client_ca.empty()) return context;
  if (auto status = TrustCas(options.client_ca, *context); !status.ok()) return status;
  NoteRejections(context->native_handle(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
  return context;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsServerContext>> TlsServerContext::Make(const Options& options) {
  const auto load = [options] { return Build(options); };
  auto context = load();
  if (!context.ok()) return context.status();
  return std::unique_ptr<TlsServerContext>(new TlsServerContext(load, *std::move(context)));
}

}  // namespace xref
