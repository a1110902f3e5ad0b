import { useEffect } from "preact/hooks";
import { api } from "../api";
import { changes } from "../changes";
import type { Claim } from "../contract";
import { count, counted, duration } from "../format";
import { useLoaded } from "../loaded";
import { usePaged } from "../paged";
import { placeLink } from "../route";
import { useStore } from "../store";
import { Id } from "../ui/Id";
import { Pager } from "../ui/Pager";
import { Empty, Failed, Skeleton } from "../ui/States";
import { ClaimActions } from "./ClaimActions";
import type { PlaceProps } from "./place";

const page_claims = 100;
const reload_ms = 5000;

function State({ claim }: { claim: Claim }) {
  if (claim.state === "open") {
    return <span class="badge">open, {duration(Math.max(0, claim.remaining_ms) / 1000)} left</span>;
  }
  return (
    <span class="badge warning">
      outcome unknown since {duration(Math.max(0, -claim.remaining_ms) / 1000)}
    </span>
  );
}

export function Claims({ integration, place, params }: PlaceProps) {
  const version = useStore(changes);
  const { cursor, page, forward, back } = usePaged(place.type);
  const { value, problem, reload } = useLoaded(
    JSON.stringify([cursor, version]),
    (signal) => api.claims(place, { limit: page_claims, cursor }, signal),
    { keep: true },
  );
  useEffect(() => {
    const timer = setInterval(reload, reload_ms);
    return () => clearInterval(timer);
  }, []);
  if (problem) return <Failed problem={problem} onRetry={reload} />;
  if (!value) return <Skeleton label="Loading the claims" />;
  if (value.claims.length === 0) {
    return (
      <Empty title="No open claims">
        <p>
          A worker claims a source ID before it creates the record in {integration.target_platform}, so that
          nobody creates it twice. What is under way, or was never told to have ended, stands here.
        </p>
      </Empty>
    );
  }
  const next_cursor = value.next_cursor;
  return (
    <section aria-label={`Claims of ${place.type}`}>
      <p class="intro">
        Reserved before being created in {integration.target_platform}. Where the outcome is unknown, look for
        the record there: settle with its ID if it exists, free the claim if it does not.
      </p>
      <div class="rows">
        <table class="table claims-table">
          <caption class="sr-only">Open and unknown claims</caption>
          <thead>
            <tr>
              <th scope="col">{integration.source_platform}</th>
              <th scope="col">State</th>
              <th scope="col">Owner</th>
              <th scope="col">
                <span class="sr-only">What to do</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {value.claims.map((claim) => (
              <tr key={claim.source_id}>
                <td>
                  <a
                    class="row-link"
                    data-row={claim.source_id}
                    href={placeLink(place, "claims", { ...params, sel: claim.source_id })}
                  >
                    <Id id={claim.source_id} cut />
                  </a>
                </td>
                <td>
                  <State claim={claim} />
                </td>
                <td>
                  <bdi>{claim.owner}</bdi>
                  {claim.lost_owner && (
                    <span class="muted">
                      , before it <bdi>{claim.lost_owner}</bdi>
                    </span>
                  )}
                </td>
                <td class="col-actions">
                  <ClaimActions claim={claim} integration={integration} place={place} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Pager previous={page > 0 ? back : null} next={next_cursor ? () => forward(next_cursor) : null}>
        {page === 0 && !next_cursor ? counted(value.claims.length, "claim") : `Page ${count(page + 1)}`}
      </Pager>
    </section>
  );
}
