import { useState } from "preact/hooks";
import icon from "../assets/favicon.svg";
import { isLimited, access, useRights } from "../access";
import { actor } from "../actor";
import { catalog, loadCatalog } from "../catalog";
import { compact, count } from "../format";
import { openDialog } from "../dialogs";
import { integrationLink, type Route } from "../route";
import { server } from "../server";
import { useStore } from "../store";
import { setTheme, theme, type Theme } from "../theme";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Skeleton } from "../ui/States";
import { Help } from "./Help";
import { NameDialog } from "./NameDialog";
import { NewIntegration } from "./NewIntegration";
import { WhoIsIn } from "./WhoIsIn";

const filter_from = 8;
const shown_max = 200;

function NavLink({
  href,
  icon,
  current,
  children,
}: {
  href: string;
  icon: IconName;
  current: boolean;
  children: string;
}) {
  return (
    <a class="nav-link" href={href} aria-current={current ? "page" : undefined}>
      <Icon name={icon} />
      {children}
    </a>
  );
}

function Integrations({ route }: { route: Route }) {
  const { integrations, problem } = useStore(catalog);
  const [filter, setFilter] = useState("");
  if (!integrations) {
    if (!problem) return <Skeleton rows={4} label="Loading the integrations" />;
    if (problem.passing) return <p class="nav-note">They show as soon as the server answers.</p>;
    return (
      <div class="nav-note">
        <p>The integrations cannot be read.</p>
        <Button icon="refresh" onClick={() => void loadCatalog()}>
          Try again
        </Button>
      </div>
    );
  }
  const wanted = filter.toLowerCase();
  const matching = integrations.filter(({ name, source_platform, target_platform }) =>
    [name, source_platform, target_platform].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <>
      {integrations.length >= filter_from && (
        <input
          class="nav-filter"
          type="search"
          placeholder="Filter"
          aria-label="Filter the integrations"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      )}
      <ul>
        {matching.slice(0, shown_max).map(({ name, source_platform, target_platform, references }) => (
          <li key={name}>
            <a
              class="nav-integration"
              href={integrationLink(name)}
              aria-current={route.page === "integration" && route.integration === name ? "page" : undefined}
            >
              <span class="nav-name">{name}</span>
              <span class="nav-count" title={`${count(references)} references`}>
                {compact(references)}
              </span>
              <span class="nav-platforms">
                {source_platform} → {target_platform}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {integrations.length === 0 && <p class="nav-note">None yet.</p>}
      {integrations.length > 0 && matching.length === 0 && <p class="nav-note">None matches.</p>}
      {matching.length > shown_max && (
        <p class="nav-note">{count(matching.length - shown_max)} more: filter to see them.</p>
      )}
    </>
  );
}

function ServerState() {
  const { status, problem } = useStore(server);
  const word = problem ? "unreachable" : (status?.state ?? "connecting");
  const tone = word === "ready" ? "good" : word === "connecting" ? "waiting" : "bad";
  return (
    <p class="server-state">
      <span class={`dot ${tone}`} aria-hidden="true" />
      {status?.role && !problem ? `${status.role}, ${word}` : word}
      {status && <span class="version">xrefd {status.version}</span>}
    </p>
  );
}

const themes: [Theme, IconName, string][] = [
  ["auto", "auto", "Colours as the system has them"],
  ["light", "light", "Light colours"],
  ["dark", "dark", "Dark colours"],
];

export function Sidebar({ route }: { route: Route }) {
  const name = useStore(actor);
  const chosen = useStore(theme);
  const { read, write, administer } = useRights();
  // Whose token is for some integrations only cannot make others.
  const creates = administer && !isLimited(useStore(access));
  return (
    <div class="sidebar">
      <a class="brand" href="#/">
        <img src={icon} alt="" width="22" height="22" />
        xrefd
      </a>
      <WhoIsIn />
      <nav aria-label="Main">
        <NavLink href="#/" icon="overview" current={route.page === "overview"}>
          Overview
        </NavLink>
        {read && (
          <>
            <NavLink href="#/trash" icon="trash" current={route.page === "trash"}>
              Trash
            </NavLink>
            <div class="nav-head">
              <h2>Integrations</h2>
              {creates && (
                <Button
                  kind="quiet"
                  icon="add"
                  label="New integration"
                  onClick={() => openDialog((close) => <NewIntegration onClose={close} />)}
                />
              )}
            </div>
            <Integrations route={route} />
          </>
        )}
      </nav>
      <div class="sidebar-foot">
        {write && (
          <button
            type="button"
            class="nav-link"
            onClick={() => openDialog((close) => <NameDialog onClose={close} />)}
          >
            <Icon name="edit" />
            <span class="who">{name || "Set your name"}</span>
          </button>
        )}
        <div class="sidebar-tools">
          <div class="segmented" role="group" aria-label="Colours">
            {themes.map(([value, icon, label]) => (
              <Button
                key={value}
                kind="quiet"
                icon={icon}
                label={label}
                pressed={chosen === value}
                onClick={() => setTheme(value)}
              />
            ))}
          </div>
          <Button
            kind="quiet"
            icon="help"
            label="Help (?)"
            onClick={() => openDialog((close) => <Help onClose={close} />)}
          />
        </div>
        <ServerState />
      </div>
    </div>
  );
}
