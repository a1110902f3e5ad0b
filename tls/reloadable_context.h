#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <mutex>

namespace xref {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

// A TLS context that can be made anew from its files while connections use the old one: each of
// those holds what it began with. Thread-safe.
class ReloadableContext {
 public:
  using Load = std::function<absl::StatusOr<TlsContext>()>;

  // `context` is what `load` made first.
  ReloadableContext(Load load, TlsContext context)
      : load_(std::move(load)), context_(std::move(context)) {}

  // Has later connections use what the files hold now. Where that is of no use, says why and
  // changes nothing.
  absl::Status Reload();

  // For one more connection.
  TlsContext current() const;

 private:
  const Load load_;
  mutable std::mutex mutex_;
  TlsContext context_;  // guarded by mutex_
};

}  // namespace xref
