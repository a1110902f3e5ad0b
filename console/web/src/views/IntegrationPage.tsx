import { useEffect, useRef } from "preact/hooks";
import { useRights } from "../access";
import { catalog, loadCatalog } from "../catalog";
import type { Integration } from "../contract";
import { openDialog } from "../dialogs";
import { compact, count } from "../format";
import { go, placeLink, type Route, type Section } from "../route";
import { server } from "../server";
import { useStore } from "../store";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { Empty, Failed, Skeleton } from "../ui/States";
import { AddType } from "./AddType";
import { ChangeButton } from "./ChangeButton";
import { Claims } from "./Claims";
import { DropIntegration } from "./DropIntegration";
import { Drawer } from "./Drawer";
import { Duplicates } from "./Duplicates";
import { ImportPage } from "./ImportPage";
import { References } from "./References";
import { RenamePlatforms } from "./RenamePlatforms";

type IntegrationRoute = Extract<Route, { page: "integration" }>;

const section_names: Readonly<Record<Section, string>> = {
  references: "References",
  duplicates: "Duplicates",
  claims: "Claims",
  import: "Import",
};

function Head({ integration }: { integration: Integration }) {
  const { administer } = useRights();
  return (
    <header class="page-head">
      <div class="page-title">
        <h1>{integration.name}</h1>
        <p class="platforms">
          {integration.source_platform}
          <Icon name="arrow" />
          <span class="sr-only">to</span>
          {integration.target_platform}
        </p>
      </div>
      {administer && (
        <Menu
          label={`More for ${integration.name}`}
          icon="more"
          items={[
            {
              label: "Add an entity type…",
              run: () => openDialog((close) => <AddType integration={integration.name} onClose={close} />),
            },
            {
              label: "Change the platform names…",
              run: () => openDialog((close) => <RenamePlatforms integration={integration} onClose={close} />),
            },
            {
              label: "Drop this integration…",
              danger: true,
              run: () => openDialog((close) => <DropIntegration integration={integration} onClose={close} />),
            },
          ]}
        />
      )}
    </header>
  );
}

function TypeTabs({
  integration,
  type,
  section,
}: {
  integration: Integration;
  type: string;
  section: Section;
}) {
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [type]);
  return (
    <nav class="tabs" aria-label="Entity types" ref={tabs}>
      {integration.types.map(({ name, references }) => (
        <a
          key={name}
          href={placeLink({ integration: integration.name, type: name }, section)}
          aria-current={name === type ? "page" : undefined}
        >
          {name}
          <span class="tab-count" title={`${count(references)} references`}>
            {compact(references)}
          </span>
        </a>
      ))}
      <ChangeButton
        needs="administer"
        kind="quiet"
        icon="add"
        label="Add an entity type"
        onClick={() => openDialog((close) => <AddType integration={integration.name} onClose={close} />)}
      />
    </nav>
  );
}

function SectionTabs({
  integration,
  type,
  section,
}: {
  integration: string;
  type: string;
  section: Section;
}) {
  const { status } = useStore(server);
  const { write } = useRights();
  const place = status?.places.find(
    (candidate) => candidate.integration === integration && candidate.type === type,
  );
  const claims = (place?.claims_open ?? 0) + (place?.claims_expired ?? 0);
  return (
    <nav class="sections" aria-label={`Views of ${type}`}>
      {(Object.keys(section_names) as Section[])
        .filter((name) => write || name !== "import")
        .map((name) => (
          <a
            key={name}
            href={placeLink({ integration, type }, name)}
            aria-current={name === section ? "page" : undefined}
          >
            {section_names[name]}
            {name === "claims" && claims > 0 && (
              <span
                class={place?.claims_expired ? "badge warning" : "badge"}
                title={`${count(place?.claims_open ?? 0)} open, ${count(place?.claims_expired ?? 0)} unknown`}
              >
                {compact(claims)}
              </span>
            )}
          </a>
        ))}
    </nav>
  );
}

export function IntegrationPage({ route }: { route: IntegrationRoute }) {
  const { integrations, problem } = useStore(catalog);
  const integration = integrations?.find(({ name }) => name === route.integration);
  const type = integration?.types.find(({ name }) => name === route.type);
  const first = integration?.types[0];

  useEffect(() => {
    if (integration && first && route.type === null) {
      go(placeLink({ integration: integration.name, type: first.name }), { replace: true });
    }
  }, [integration, route.type]);

  if (!integrations)
    return problem ? <Failed problem={problem} onRetry={() => void loadCatalog()} /> : <Skeleton />;
  if (!integration) {
    return (
      <Empty
        title="There is no integration of this name"
        actions={
          <a class="button plain" href="#/trash">
            Look in the trash
          </a>
        }
      >
        <p>
          <b>{route.integration}</b> may have been dropped. What was dropped can be restored for a while.
        </p>
      </Empty>
    );
  }
  if (!first) {
    return (
      <>
        <Head integration={integration} />
        <Empty
          title="No entity types yet"
          actions={
            <ChangeButton
              needs="administer"
              kind="primary"
              icon="add"
              onClick={() =>
                openDialog((close) => <AddType integration={integration.name} onClose={close} />)
              }
            >
              Add an entity type
            </ChangeButton>
          }
        >
          <p>Articles, customers, orders: each kind of record has its references apart from the others.</p>
        </Empty>
      </>
    );
  }
  const shown = type ?? (route.type === null ? first : undefined);
  return (
    <>
      <Head integration={integration} />
      <TypeTabs integration={integration} type={shown?.name ?? ""} section={route.section} />
      {shown ? (
        <PlaceViews integration={integration} type={shown.name} route={route} />
      ) : (
        <Empty title={`${integration.name} has no entity type “${route.type}”`}>
          <p>Choose one of the tabs above.</p>
        </Empty>
      )}
    </>
  );
}

function PlaceViews({
  integration,
  type,
  route,
}: {
  integration: Integration;
  type: string;
  route: IntegrationRoute;
}) {
  const place = { integration: integration.name, type };
  const props = { integration, place, params: route.params };
  const selected = route.params["sel"];
  return (
    <div class={selected ? "place with-drawer" : "place"}>
      <div class="place-main">
        <SectionTabs integration={integration.name} type={type} section={route.section} />
        {route.section === "references" && <References key={type} {...props} />}
        {route.section === "duplicates" && <Duplicates key={type} {...props} />}
        {route.section === "claims" && <Claims key={type} {...props} />}
        {route.section === "import" && <ImportPage key={type} {...props} />}
      </div>
      {selected && <Drawer {...props} section={route.section} source_id={selected} />}
    </div>
  );
}
