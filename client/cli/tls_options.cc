#include "client/cli/tls_options.h"

namespace xref::cli {

void TlsOptions::AddTo(CLI::App& app) {
  app.add_flag("--tls", is_wanted_,
               "Speak TLS with the server, and trust it if this system trusts its certificate")
      ->envname("XREF_TLS");
  app.add_option("--tls-ca", options_.ca,
                 "Speak TLS, and trust servers with a certificate of these CAs")
      ->type_name("FILE")
      ->envname("XREF_TLS_CA");
  auto* certificate =
      app.add_option("--tls-cert", options_.identity.certificate,
                     "Speak TLS, and present this certificate, where the server asks for one")
          ->type_name("FILE")
          ->envname("XREF_TLS_CERT");
  auto* key = app.add_option("--tls-key", options_.identity.key, "The key of that certificate")
                  ->type_name("FILE")
                  ->envname("XREF_TLS_KEY")
                  ->needs(certificate);
  certificate->needs(key);
  app.add_option("--tls-name", options_.name,
                 "Speak TLS, and expect a certificate for this name in place of the host's")
      ->type_name("NAME")
      ->envname("XREF_TLS_NAME");
}

absl::StatusOr<Channel::Tls> TlsOptions::Make() const {
  const bool is_implied =
      !options_.ca.empty() || !options_.identity.certificate.empty() || !options_.name.empty();
  if (!is_wanted_ && !is_implied) return nullptr;
  return TlsClientContext::Make(options_);
}

}  // namespace xref::cli
