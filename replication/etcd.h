#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace xref {

class TlsClientContext;

// A key as etcd holds it.
struct EtcdKey {
  std::string key;
  std::string value;
  int64_t created = 0;   // the revision that made it
  int64_t modified = 0;  // the revision that wrote it last
};

// What etcd does at once, if all that is compared holds, and else not at all.
struct EtcdTransaction {
  struct Comparison {
    std::string key;
    bool of_creation;  // the revision that made the key, otherwise the one that wrote it last
    int64_t revision;  // 0: there is no such key
  };
  struct Put {
    std::string key;
    std::string value;
    int64_t lease = 0;  // 0: the key stays
  };
  std::vector<Comparison> compare;
  std::vector<Put> puts;
  std::vector<std::string> deletes;
};

// A client of etcd's JSON gateway (its version 3 API over HTTP, or HTTPS). One request at a
// time, on a connection that is kept; where it breaks or a server does not answer, the next of the
// servers is asked. Errors: Unavailable (no server answers in time: whether the request was done is
// not known), Internal (etcd refuses it, or answers something else). Thread-compatible.
class Etcd {
 public:
  // What TLS is spoken with.
  using Tls = std::shared_ptr<const TlsClientContext>;

  // `urls` as http://HOST:PORT, or https://HOST:PORT, for which there must be `tls`.
  // InvalidArgument names one that is none.
  static absl::StatusOr<std::unique_ptr<Etcd>> Make(const std::vector<std::string>& urls,
                                                    Tls tls = nullptr);
  ~Etcd();

  // How long one server may take to answer.
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

  // Its number. It may be longer than asked for.
  absl::StatusOr<int64_t> GrantLease(std::chrono::seconds ttl);
  // False: it has ended.
  absl::StatusOr<bool> KeepAlive(int64_t lease);
  // The keys that hang on it go with it.
  absl::Status Revoke(int64_t lease);

  // All keys that begin with `prefix`, as of one revision.
  absl::StatusOr<std::vector<EtcdKey>> Read(std::string_view prefix);
  struct Committed {
    bool done = false;  // false: something compared did not hold
    int64_t revision = 0;
  };
  absl::StatusOr<Committed> Commit(const EtcdTransaction& transaction);

 private:
  class Link;
  struct Server {
    std::string host;
    std::string port;
    bool is_secure;
  };

  Etcd(std::vector<Server> servers, Tls tls);
  // The reply's JSON text.
  absl::StatusOr<std::string> Post(const std::string& path, const std::string& body);

  const std::vector<Server> servers_;
  const Tls tls_;
  size_t server_ = 0;  // that is asked first
  std::chrono::milliseconds timeout_{1'000};
  std::unique_ptr<Link> link_;  // to it, or null
};

}  // namespace xref
