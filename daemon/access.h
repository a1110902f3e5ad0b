#pragma once

// Who may do what. The table of operations is in access.cc: a new one does not compile without its
// line there.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/catalog.h"
#include "protocol/frame.h"

namespace xref {

// What an operation is about, and so what a token that is limited to some integrations is held
// against.
enum class Subject : uint8_t {
  kNothing,      // of the connection, or an answer that shows only what the peer may see
  kPlace,        // its payload begins with the number of a place
  kIntegration,  // its payload begins with the name of an integration
  kTrash,        // its payload begins with a number in the trash
  kDaemon,       // all integrations
};

enum class Permission : uint8_t { kStatus, kRead, kWrite, kAdminister, kCopy, kFollow };

struct Operation {
  Permission permission;
  Subject subject;
};
// Nothing for an opcode that is none.
std::optional<Operation> OperationOf(protocol::Opcode opcode);

// What one peer may do. A value.
class Access {
 public:
  // Where there is no access token at all: everything.
  static Access OfAnyone() { return Access(); }
  static Access Of(const AccessToken& token);

  bool May(Permission permission) const;
  bool SeesAll() const { return integrations_.empty(); }
  bool Sees(std::string_view integration) const;

  // 0 and "" where there is no token.
  TokenId token() const { return token_; }
  const std::string& name() const { return name_; }
  Role role() const { return role_; }
  const std::vector<std::string>& integrations() const { return integrations_; }
  int64_t expires_us() const { return expires_us_; }  // 0 for never
  bool is_open() const { return token_ == 0; }

 private:
  Access() = default;

  TokenId token_ = 0;
  Role role_ = Role::kAdmin;
  std::string name_;
  std::vector<std::string> integrations_;  // empty for all
  int64_t expires_us_ = 0;
};

}  // namespace xref
