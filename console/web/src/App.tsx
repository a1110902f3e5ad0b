import { useEffect, useState } from "preact/hooks";
import { catalog } from "./catalog";
import { closeDialog, dialog, openDialog } from "./dialogs";
import { useKeys } from "./keys";
import { narrow, useMedia } from "./media";
import { useRoute, type Route } from "./route";
import { server } from "./server";
import { useStore } from "./store";
import { Button } from "./ui/Button";
import { Dialog } from "./ui/Dialog";
import { Icon } from "./ui/Icon";
import { Empty } from "./ui/States";
import { Help } from "./views/Help";
import { IntegrationPage } from "./views/IntegrationPage";
import { Notices } from "./views/Notices";
import { Overview } from "./views/Overview";
import { Sidebar } from "./views/Sidebar";
import { Trash } from "./views/Trash";
import { bannerOf } from "./words";

function titleOf(route: Route): string {
  if (route.page === "integration")
    return route.type ? `${route.type} · ${route.integration}` : route.integration;
  return { overview: "Overview", trash: "Trash", unknown: "Not found" }[route.page];
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case "overview":
      return <Overview />;
    case "trash":
      return <Trash />;
    case "integration":
      return <IntegrationPage key={route.integration} route={route} />;
    case "unknown":
      return (
        <Empty
          title="There is nothing at this address"
          actions={
            <a class="button plain" href="#/">
              Go to the overview
            </a>
          }
        >
          <p>The link may be cut off, or made for another version.</p>
        </Empty>
      );
  }
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

export function App() {
  const route = useRoute();
  const is_narrow = useMedia(narrow);
  const [menu_open, setMenuOpen] = useState(false);
  useStore(catalog);

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
        <Page route={route} />
      </main>
      <Notices />
      <OpenDialog />
    </div>
  );
}
