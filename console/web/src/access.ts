import type { Access, Role } from "./contract";
import { Store, useStore } from "./store";

// What the server lets this user do: by the role of the access token, and the integrations that it is
// limited to. The server refuses by itself what is not allowed; here it decides what is offered.

// Null where no token is needed, or as long as the server has not told.
export const access = new Store<Access | null>(null);

export function tellAccess(told: Access | null): void {
  if (JSON.stringify(told) !== JSON.stringify(access.get())) access.set(told);
}

export interface Rights {
  // Sees references and what is known of them.
  read: boolean;
  // Changes references, settles claims, imports.
  write: boolean;
  // Integrations, types, rules; deletes all references of a type, and restores.
  administer: boolean;
}

const rights_of_roles: Readonly<Record<Role, Rights>> = {
  reader: { read: true, write: false, administer: false },
  syncer: { read: true, write: true, administer: false },
  admin: { read: true, write: true, administer: true },
  standby: { read: false, write: false, administer: false },
  metrics: { read: false, write: false, administer: false },
};

// Of a role that this page does not know nothing is offered but to look.
function rightsOf(told: Access | null): Rights {
  return told ? (rights_of_roles[told.role] ?? rights_of_roles.reader) : rights_of_roles.admin;
}

export function rights(): Rights {
  return rightsOf(access.get());
}

export function useRights(): Rights {
  return rightsOf(useStore(access));
}

// Whether it is good for some integrations only.
export function isLimited(told: Access | null): boolean {
  return told !== null && told.integrations.length > 0;
}

const day_ms = 86_400_000;
const warned_days = 7;

export function endsSoon({ expires_at }: Access, now: number): boolean {
  return expires_at !== null && Date.parse(expires_at) - now < warned_days * day_ms;
}
