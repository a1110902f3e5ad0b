#include "daemon/access.h"

#include <algorithm>

#include "protocol/change_messages.h"

namespace xref {

using protocol::Opcode;

std::optional<Operation> OperationOf(Opcode opcode) {
  using enum Permission;
  switch (opcode) {
    case Opcode::kHello:
    case Opcode::kStatus:
      return Operation{kStatus, Subject::kNothing};

    case Opcode::kIntegrationList:
    case Opcode::kTrashList:
      return Operation{kRead, Subject::kNothing};
    case Opcode::kResolve:
      return Operation{kRead, Subject::kIntegration};
    case Opcode::kCheck:
    case Opcode::kLookup:
    case Opcode::kReverse:
    case Opcode::kClaims:
    case Opcode::kList:
    case Opcode::kHistory:
    case Opcode::kLookupAt:
      return Operation{kRead, Subject::kPlace};

    case Opcode::kAdd:
    case Opcode::kRenew:
    case Opcode::kRehearseAdd:
    case Opcode::kRehearsePut:
      return Operation{kWrite, Subject::kPlace};

    case Opcode::kIntegrationCreate:
    case Opcode::kTypeCreate:
    case Opcode::kPlatformsRename:
    case Opcode::kDropPreview:
    case Opcode::kDrop:
      return Operation{kAdminister, Subject::kIntegration};
    case Opcode::kRulesSet:
    case Opcode::kPurgePreview:
    case Opcode::kPurge:
      return Operation{kAdminister, Subject::kPlace};
    case Opcode::kRestore:
      return Operation{kAdminister, Subject::kTrash};
    case Opcode::kBackup:
      return Operation{kCopy, Subject::kDaemon};
    case Opcode::kVerify:
    case Opcode::kPromote:
    case Opcode::kCompare:
    case Opcode::kTokenCreate:
    case Opcode::kTokenList:
    case Opcode::kTokenRevoke:
      return Operation{kAdminister, Subject::kDaemon};

    case Opcode::kFollow:
    case Opcode::kFetch:
      return Operation{kFollow, Subject::kDaemon};
  }
  // The other mutations have no names of their own, but lie between the first and the last.
  if (protocol::MutationOf(opcode)) return Operation{kWrite, Subject::kPlace};
  return std::nullopt;
}

Access Access::Of(const AccessToken& token) {
  Access access;
  access.token_ = token.number;
  access.role_ = token.role;
  access.name_ = token.name;
  access.integrations_ = token.integrations;
  access.expires_us_ = token.expires_us;
  return access;
}

bool Access::May(Permission permission) const {
  using enum Permission;
  if (is_open()) return true;
  switch (role_) {
    case Role::kReader:
      return permission == kStatus || permission == kRead;
    case Role::kSyncer:
      return permission == kStatus || permission == kRead || permission == kWrite;
    case Role::kAdmin:
      return permission != kFollow;
    case Role::kStandby:
      return permission == kStatus || permission == kCopy || permission == kFollow;
    case Role::kMetrics:
      return permission == kStatus;
  }
  return false;  // of a role that this version does not know
}

bool Access::Sees(std::string_view integration) const {
  return SeesAll() ||
         std::find(integrations_.begin(), integrations_.end(), integration) != integrations_.end();
}

}  // namespace xref
