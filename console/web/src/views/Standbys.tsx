import type { Status } from "../contract";
import { count, counted, duration } from "../format";

function Following({ status }: { status: Status }) {
  const lag = status.lag_changes ?? 0;
  return (
    <section class="panel" aria-labelledby="following">
      <h2 id="following">This standby</h2>
      <p>
        {status.following ? "Follows" : "Does not reach"} its primary
        {status.primary && ` at ${status.primary}`}.{" "}
        {lag === 0 ? "It has every change." : `It lacks ${counted(lag, "change")}`}
        {lag > 0 && status.lag_ms !== null && `, ${duration(status.lag_ms / 1000)} of work`}
        {lag > 0 && "."}
      </p>
    </section>
  );
}

export function Standbys({ status }: { status: Status }) {
  if (status.role === "standby") return <Following status={status} />;
  const promise =
    status.ack === "standby"
      ? "A change is confirmed when it is on this disk and on a standby’s."
      : "A change is confirmed when it is on this disk.";
  return (
    <section class="panel" aria-labelledby="standbys">
      <div class="section-head">
        <h2 id="standbys">Standbys</h2>
        <p class="muted">{promise}</p>
      </div>
      {status.standbys.length === 0 ? (
        <p class="muted">None follows. If this machine is lost, so is what it alone has.</p>
      ) : (
        <table class="table">
          <caption class="sr-only">Standbys and how far they are behind</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Behind by
              </th>
              <th scope="col" class="number col-time">
                Has up to
              </th>
            </tr>
          </thead>
          <tbody>
            {status.standbys.map(({ name, in_sync, lag_changes, durable_lsn }) => (
              <tr key={name}>
                <td>
                  <bdi class="id">{name}</bdi>
                </td>
                <td>
                  {in_sync ? (
                    <span class="badge good">in sync</span>
                  ) : (
                    <span class="badge warning">catching up</span>
                  )}
                </td>
                <td class="number">{counted(lag_changes, "change")}</td>
                <td class="number col-time">{count(durable_lsn)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
