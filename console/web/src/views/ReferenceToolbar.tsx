import type { RefObject } from "preact";
import { access, useRights } from "../access";
import { api, type ExportFormat } from "../api";
import { openDialog } from "../dialogs";
import type { Origin } from "../contract";
import { exportFile } from "../exporting";
import type { Params } from "../route";
import { Icon } from "../ui/Icon";
import { useStore } from "../store";
import { Menu, type MenuItem } from "../ui/Menu";
import { origin_words } from "../words";
import { ChangeButton } from "./ChangeButton";
import { showExportCommands } from "./ExportCommands";
import type { PlaceProps } from "./place";
import { Purge } from "./Purge";
import { UniqueTargets } from "./UniqueTargets";
import { WhyNoChange } from "./WhoIsIn";

interface Props extends PlaceProps {
  text: string;
  search: RefObject<HTMLInputElement | null>;
  busy: boolean;
  onText: (text: string) => void;
  onSearchKey: (event: KeyboardEvent) => void;
  onChange: (change: Params) => void;
  onAdd: () => void;
}

const orders: [value: string, label: string][] = [
  ["newest", "Latest change first"],
  ["source", "By source ID"],
  ["target", "By target ID"],
];

function Choice({
  label,
  value,
  options,
  onChange,
  disabled,
}: {
  label: string;
  value: string;
  options: [value: string, label: string][];
  onChange: (value: string) => void;
  disabled?: boolean;
}) {
  return (
    <select
      aria-label={label}
      title={label}
      value={value}
      disabled={disabled}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      {options.map(([option, words]) => (
        <option key={option} value={option}>
          {words}
        </option>
      ))}
    </select>
  );
}

export function ReferenceToolbar({
  integration,
  place,
  params,
  text,
  search,
  busy,
  onText,
  onSearchKey,
  onChange,
  onAdd,
}: Props) {
  const total = integration.types.find(({ name }) => name === place.type)?.references;
  const match = params["match"] ?? "begins";
  const { administer } = useRights();
  const needs_token = useStore(access) !== null;
  const exportItem = (label: string, format: ExportFormat): MenuItem =>
    needs_token
      ? {
          label,
          run: () =>
            void exportFile(place, format, {
              references: total ?? 0,
              onTooLarge: () => showExportCommands(place, format),
            }),
        }
      : { label, download: api.exportAddress(place, format) };
  return (
    <div class="toolbar">
      <div class="search" role="search">
        {busy ? <span class="spinner" aria-hidden="true" /> : <Icon name="search" />}
        <input
          ref={search}
          type="search"
          dir="auto"
          placeholder={`${integration.source_platform} or ${integration.target_platform} ID`}
          aria-label={`Search by ${integration.source_platform} or ${integration.target_platform} ID`}
          aria-keyshortcuts="/"
          value={text}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          onInput={(event) => onText(event.currentTarget.value)}
          onKeyDown={onSearchKey}
        />
        <kbd aria-hidden="true">/</kbd>
        <Choice
          label="How to match"
          value={match}
          options={[
            ["begins", "begins with"],
            ["contains", "contains"],
          ]}
          onChange={(value) => onChange({ match: value === "begins" ? "" : value })}
        />
      </div>
      <Choice
        label="Origin"
        value={params["origin"] ?? ""}
        options={[["", "Any origin"], ...(Object.entries(origin_words) as [Origin, string][])]}
        onChange={(origin) => onChange({ origin })}
      />
      <Choice
        label={text ? "A search answers in the order of the IDs" : "Order"}
        value={params["order"] ?? "newest"}
        options={orders}
        disabled={text !== ""}
        onChange={(order) => onChange({ order })}
      />
      <span class="toolbar-gap" />
      <Menu label="Export" icon="download" items={[exportItem("CSV", "csv"), exportItem("NDJSON", "ndjson")]}>
        Export
      </Menu>
      <WhyNoChange />
      <ChangeButton kind="primary" icon="add" title="Add a reference (n)" onClick={onAdd}>
        Add
      </ChangeButton>
      {administer && (
        <Menu
          label={`More for ${place.type}`}
          icon="more"
          items={[
            {
              label: "One source per target…",
              run: () =>
                openDialog((close) => (
                  <UniqueTargets integration={integration} place={place} onClose={close} />
                )),
            },
            {
              label: "Delete all references…",
              danger: true,
              disabled: total === 0,
              run: () =>
                openDialog((close) => <Purge integration={integration} place={place} onClose={close} />),
            },
          ]}
        />
      )}
    </div>
  );
}
