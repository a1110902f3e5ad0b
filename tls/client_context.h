#pragma once

#include <absl/status/statusor.h>

#include <boost/system/error_code.hpp>
#include <memory>
#include <string>

#include "tls/identity.h"
#include "tls/reloadable_context.h"

namespace xref {

// What a client speaks TLS with: whom it trusts, and what it proves itself by. Thread-safe.
class TlsClientContext : public ReloadableContext {
 public:
  struct Options {
    std::string ca;        // PEM file of CAs that are trusted; empty for those of the system
    TlsIdentity identity;  // presented where the server asks for one; empty for none
    std::string name;      // that the server's certificate must have; empty for its host
    // What users name these files by, for messages.
    std::string ca_option = "--tls-ca";
    std::string identity_options = "--tls-cert and --tls-key";
  };

  // InvalidArgument names the file that is of no use, and why.
  static absl::StatusOr<std::shared_ptr<TlsClientContext>> Make(const Options& options);

  // Before the handshake with the server of this host, which is a name or an address without a
  // port: the certificate must be for it (RFC 6125), or for the name that was given.
  void Expect(SSL* ssl, const std::string& host) const;

  // Why TLS with a server has failed, and what to do: "its certificate is for a, and not for b".
  std::string Explain(const SSL* ssl, unsigned long error) const;

 private:
  TlsClientContext(const Options& options, Load load, TlsContext context)
      : ReloadableContext(std::move(load), std::move(context)), options_(options) {}

  const Options options_;
};

}  // namespace xref
