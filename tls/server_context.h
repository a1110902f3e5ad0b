#pragma once

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "tls/identity.h"
#include "tls/reloadable_context.h"

namespace xref {

// What a daemon's ports speak TLS with: its certificate, and whose clients it lets in. Reload takes
// new files for those who come later. Thread-safe.
class TlsServerContext : public ReloadableContext {
 public:
  struct Options {
    TlsIdentity identity;
    // PEM file of CAs: clients must present a certificate of one of them. Empty: nobody is asked.
    std::string client_ca;
  };

  // InvalidArgument names the file that is of no use, and why.
  static absl::StatusOr<std::unique_ptr<TlsServerContext>> Make(const Options& options);

  // For a log: whose certificate it is, and until when.
  std::string Describe() const { return DescribeIdentity(*current()); }

 private:
  using ReloadableContext::ReloadableContext;
};

}  // namespace xref
