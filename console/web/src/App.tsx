import { useEffect, useState } from "preact/hooks";
import { access, endsSoon, useRights } from "./access";
import { catalog } from "./catalog";
import { clock } from "./clock";
import { closeDialog, dialog, openDialog } from "./dialogs";
import { until } from "./format";
import { useKeys } from "./keys";
import { narrow, useMedia } from "./media";
import { useRoute, type Route } from "./route";
import { heard, server } from "./server";
import { session } from "./session";
import { useStore } from "./store";
import { Button } from "./ui/Button";
import { Dialog } from "./ui/Dialog";
import { Icon } from "./ui/Icon";
import { Empty, Skeleton } from "./ui/States";
import { showAccess } from "./views/AccessDialog";
import { Help } from "./views/Help";
import { IntegrationPage } from "./views/IntegrationPage";
import { Notices } from "./views/Notices";
import { Overview } from "./views/Overview";
import { Sidebar } from "./views/Sidebar";
import { SignIn } from "./views/SignIn";
import { Trash } from "./views/Trash";
import { bannerOf } from "./words";

function titleOf(route: Route): string {
  if (route.page === "integration")
    return route.type ? `${route.type} · ${route.integration}` : route.integration;
  return { overview: "Overview", trash: "Trash", unknown: "Not found" }[route.page];
}

function Page({ route }: { route: Route }) {
  const { read } = useRights();
  if (!read && (route.page === "trash" || route.page === "integration")) {
    return (
      <Empty title="Your token does not let you see references" actions={<OverviewLink />}>
        <p>It is for watching the server. To look at references, sign in with a reader’s token.</p>
      </Empty>
    );
  }
  switch (route.page) {
    case "overview":
      return <Overview />;
    case "trash":
      return <Trash />;
    case "integration":
      return <IntegrationPage key={route.integration} route={route} />;
    case "unknown":
      return (
        <Empty title="There is nothing at this address" actions={<OverviewLink />}>
          <p>The link may be cut off, or made for another version.</p>
        </Empty>
      );
  }
}

function OverviewLink() {
  return (
    <a class="button plain" href="#/">
      Go to the overview
    </a>
  );
}

function ExpiryBanner() {
  const told = useStore(access);
  const now = useStore(clock);
  if (!told?.expires_at || !endsSoon(told, now)) return null;
  return (
    <div class="banner">
      <Icon name="warning" />
      <p>
        <b>Your access token expires {until(told.expires_at, now)}.</b> Then you need another one, from
        whoever runs the server.
      </p>
    </div>
  );
}

function StateBanner() {
  const { status, problem } = useStore(server);
  const banner = bannerOf(status, problem);
  return (
    <div role="status">
      {banner && (
        <div class={`banner ${banner.tone}`}>
          <Icon name="warning" />
          <p>
            <b>{banner.title}</b> {banner.text}
          </p>
        </div>
      )}
    </div>
  );
}

function OpenDialog() {
  const body = useStore(dialog);
  return body && body(closeDialog);
}

function Shell() {
  const route = useRoute();
  const is_narrow = useMedia(narrow);
  const [menu_open, setMenuOpen] = useState(false);
  useStore(catalog);
  const signed_in = useStore(access) !== null;

  useKeys({ "?": () => openDialog((close) => <Help onClose={close} />) });
  useEffect(() => {
    document.title = `${titleOf(route)} · xrefd`;
    setMenuOpen(false);
    closeDialog();
  }, [route]);

  return (
    <div class="shell">
      <a
        class="skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("main")?.focus();
        }}
      >
        Skip to the content
      </a>
      {is_narrow ? (
        <header class="topbar">
          <Button kind="quiet" icon="menu" label="Menu" onClick={() => setMenuOpen(true)} />
          <span class="topbar-title">{titleOf(route)}</span>
          {signed_in && (
            <span class="topbar-end">
              <Button kind="quiet" icon="user" label="Your access" onClick={showAccess} />
            </span>
          )}
        </header>
      ) : (
        <Sidebar route={route} />
      )}
      {is_narrow && menu_open && (
        <Dialog title="xrefd" side="left" onClose={() => setMenuOpen(false)}>
          <Sidebar route={route} />
        </Dialog>
      )}
      <main id="main" tabIndex={-1}>
        <StateBanner />
        <ExpiryBanner />
        <Page route={route} />
      </main>
      <Notices />
      <OpenDialog />
    </div>
  );
}

export function App() {
  const { asking } = useStore(session);
  const known = useStore(heard);
  if (asking) return <SignIn />;
  if (known) return <Shell />;
  return (
    <main id="main">
      <Skeleton label="Asking the server" />
    </main>
  );
}
