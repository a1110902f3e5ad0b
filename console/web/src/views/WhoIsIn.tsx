import { access, endsSoon, isLimited, useRights } from "../access";
import { clock } from "../clock";
import { moment, until } from "../format";
import { signOut } from "../session";
import { useStore } from "../store";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { showAccess } from "./AccessDialog";

const named_max = 3;

function integrationWords(integrations: readonly string[]): string {
  const more = integrations.length - named_max;
  return integrations.slice(0, named_max).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

// Nothing where the server asks for no token.
export function WhoIsIn() {
  const told = useStore(access);
  const now = useStore(clock);
  if (!told) return null;
  const soon = endsSoon(told, now);
  return (
    <section class="who-is-in" aria-label="Signed in">
      <button type="button" class="nav-link" title="Your access" onClick={showAccess}>
        <Icon name="user" />
        <bdi class="who">{told.token}</bdi>
      </button>
      <p class="muted">
        <span class="badge">{told.role}</span>{" "}
        {isLimited(told) ? `of ${integrationWords(told.integrations)}` : "of all integrations"}
      </p>
      {told.expires_at && (
        <p class={soon ? undefined : "muted"} title={moment(told.expires_at)}>
          {soon ? (
            <span class="badge warning">expires {until(told.expires_at, now)}</span>
          ) : (
            `expires ${until(told.expires_at, now)}`
          )}
        </p>
      )}
      <Button onClick={signOut}>Sign out</Button>
    </section>
  );
}

// Where those who may change references begin to: why it is not there.
export function WhyNoChange() {
  const { write } = useRights();
  if (write) return null;
  return (
    <Button kind="quiet" title="Your token may look, and change nothing" onClick={showAccess}>
      Read only
    </Button>
  );
}
