#pragma once

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>

#include "client/channel.h"
#include "tls/client_context.h"

namespace xref::cli {

// The options of a command line that say how TLS is spoken with a server; xref-bench has them too.
class TlsOptions {
 public:
  // They are kept here, which must outlive the parsing.
  void AddTo(CLI::App& app);

  // Null where none of them was given. InvalidArgument names the file that is of no use, and why.
  absl::StatusOr<Channel::Tls> Make() const;

 private:
  bool is_wanted_ = false;
  TlsClientContext::Options options_;
};

}  // namespace xref::cli
