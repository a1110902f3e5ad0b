#pragma once

#include <absl/status/statusor.h>

#include <memory>

#include "daemon/options.h"
#include "tls/client_context.h"
#include "tls/server_context.h"

namespace xref {

// What a daemon speaks TLS with, from the files that its options name. Each is null where it
// speaks none.
struct TlsContexts {
  std::unique_ptr<TlsServerContext> ports;      // with clients, browsers and standbys
  std::shared_ptr<TlsClientContext> primaries;  // as a standby
  std::shared_ptr<TlsClientContext> etcd;
};

// InvalidArgument names the file or option that is of no use, and why.
absl::StatusOr<TlsContexts> MakeTlsContexts(const Options& options);

// Loads all files again, for connections that come from now on, and tells the log what came of it.
// What cannot be used leaves things as they are.
void Reload(const TlsContexts& contexts);

}  // namespace xref
