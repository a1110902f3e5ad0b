#include "tls/reloadable_context.h"

#include <utility>

namespace xref {

absl::Status ReloadableContext::Reload() {
  auto made = load_();
  if (!made.ok()) return made.status();
  const std::lock_guard lock(mutex_);
  context_.swap(*made);
  return absl::OkStatus();
}

TlsContext ReloadableContext::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace xref
