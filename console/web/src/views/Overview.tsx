import { access, isLimited } from "../access";
import { catalog } from "../catalog";
import { openDialog } from "../dialogs";
import { bytes, compact, count, duration, microseconds, percent } from "../format";
import { server, type Sample } from "../server";
import type { Status } from "../contract";
import { useStore } from "../store";
import { LineChart } from "../ui/LineChart";
import { Empty, Failed, Skeleton } from "../ui/States";
import { ChangeButton } from "./ChangeButton";
import { NewIntegration } from "./NewIntegration";
import { Places } from "./Places";
import { Standbys } from "./Standbys";

// Those of all integrations together only for who may see all.
function Charts({ samples, limited }: { samples: readonly Sample[]; limited: boolean }) {
  const times = samples.map(({ at }) => at);
  const take = (pick: (sample: Sample) => number | null) => samples.map(pick);
  return (
    <div class="charts">
      <LineChart
        title="IDs checked per second"
        times={times}
        lines={[{ name: "checks", values: take((sample) => sample.checks_per_second) }]}
        format={compact}
        top_min={10}
      />
      <LineChart
        title="Of them synced"
        times={times}
        lines={[{ name: "synced", values: take((sample) => sample.hit_rate) }]}
        format={percent}
        top_min={1}
        top_max={1}
      />
      {!limited && <ChartsOfAll times={times} take={take} />}
    </div>
  );
}

function ChartsOfAll({
  times,
  take,
}: {
  times: readonly number[];
  take: (pick: (sample: Sample) => number | null) => (number | null)[];
}) {
  return (
    <>
      <LineChart
        title="Time of a check"
        times={times}
        lines={[
          { name: "p50", values: take((sample) => sample.check_p50_us) },
          { name: "p99", values: take((sample) => sample.check_p99_us) },
        ]}
        format={microseconds}
        top_min={10}
      />
      <LineChart
        title="IDs looked up per second"
        times={times}
        lines={[{ name: "lookups", values: take((sample) => sample.lookups_per_second) }]}
        format={compact}
        top_min={10}
      />
      <LineChart
        title="Changes per second"
        times={times}
        lines={[{ name: "changes", values: take((sample) => sample.changes_per_second) }]}
        format={compact}
        top_min={10}
      />
      <LineChart
        title="Time of a change"
        times={times}
        lines={[
          { name: "p50", values: take((sample) => sample.change_p50_us) },
          { name: "p99", values: take((sample) => sample.change_p99_us) },
        ]}
        format={microseconds}
        top_min={10}
      />
    </>
  );
}

function Tile({ label, value, note }: { label: string; value: string; note?: string }) {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        {value}
        {note && <span class="tile-note">{note}</span>}
      </dd>
    </div>
  );
}

function Tiles({ status, samples }: { status: Status; samples: readonly Sample[] }) {
  const newest = samples[samples.length - 1];
  const claims_expired = status.places.reduce((sum, place) => sum + place.claims_expired, 0);
  const claims_open = status.places.reduce((sum, place) => sum + place.claims_open, 0);
  return (
    <dl class="tiles">
      <Tile
        label="References"
        value={count(status.references)}
        note={`in ${count(status.integrations)} ${status.integrations === 1 ? "integration" : "integrations"}`}
      />
      <Tile
        label="Checked per second"
        value={newest ? compact(newest.checks_per_second) : "–"}
        note={newest?.hit_rate == null ? "IDs" : `IDs, ${percent(newest.hit_rate)} synced`}
      />
      <Tile
        label="Claims open"
        value={count(claims_open)}
        note={claims_expired > 0 ? `${count(claims_expired)} with unknown outcome` : "none unknown"}
      />
      {!isLimited(status.access) && <TilesOfAll status={status} />}
      <Tile
        label="Last change"
        value={count(status.lsn)}
        note={`epoch ${status.epoch}, up ${duration(status.uptime_seconds)}`}
      />
    </dl>
  );
}

function TilesOfAll({ status }: { status: Status }) {
  const disk = (status.journal_bytes ?? 0) + (status.snapshot_bytes ?? 0);
  return (
    <>
      <Tile
        label="Memory"
        value={bytes(status.memory_bytes)}
        note={status.memory_limit_bytes > 0 ? `of ${bytes(status.memory_limit_bytes)}` : "no limit set"}
      />
      <Tile
        label="On disk"
        value={bytes(disk)}
        note={status.journal_bytes === null ? undefined : `journal ${bytes(status.journal_bytes)}`}
      />
    </>
  );
}

export function Overview() {
  const { status, problem, samples } = useStore(server);
  const { integrations } = useStore(catalog);
  const limited = isLimited(useStore(access));
  return (
    <>
      <header class="page-head">
        <div class="page-title">
          <h1>Overview</h1>
          <p class="muted">Live, every two seconds.</p>
        </div>
      </header>
      {!status && problem && <Failed problem={problem} onRetry={() => location.reload()} />}
      {!status && !problem && <Skeleton rows={6} label="Asking the server" />}
      {status && (
        <>
          <Tiles status={status} samples={samples} />
          <Charts samples={samples} limited={limited} />
          <Standbys status={status} />
          {integrations?.length === 0 && (
            <Empty
              title="No integrations yet"
              actions={
                <ChangeButton
                  needs="administer"
                  kind="primary"
                  icon="add"
                  onClick={() => openDialog((close) => <NewIntegration onClose={close} />)}
                >
                  New integration
                </ChangeButton>
              }
            >
              <p>
                An integration is a pair of platforms, such as a shop and its ERP. Its references live in it.
              </p>
            </Empty>
          )}
          <Places places={status.places} newest={samples[samples.length - 1]} />
        </>
      )}
    </>
  );
}
