import type { PlaceStatus } from "../contract";
import { compact, count, percent } from "../format";
import { placeLink } from "../route";
import { placeKey, type Sample } from "../server";

const shown_max = 50;

// The busiest first, then the largest.
function byWork(newest: Sample | undefined) {
  const rate = ({ integration, type }: PlaceStatus) =>
    newest?.place_checks_per_second.get(placeKey(integration, type)) ?? 0;
  return {
    rate,
    order: (a: PlaceStatus, b: PlaceStatus) => rate(b) - rate(a) || b.references - a.references,
  };
}

export function Places({ places, newest }: { places: readonly PlaceStatus[]; newest: Sample | undefined }) {
  if (places.length === 0) return null;
  const { rate, order } = byWork(newest);
  const shown = [...places].sort(order).slice(0, shown_max);
  return (
    <section class="panel" aria-labelledby="places">
      <div class="section-head">
        <h2 id="places">Entity types</h2>
        {places.length > shown_max && (
          <p class="muted">
            The {shown_max} busiest of {count(places.length)}
          </p>
        )}
      </div>
      <table class="table">
        <caption class="sr-only">Entity types with their use</caption>
        <thead>
          <tr>
            <th scope="col">Type</th>
            <th scope="col" class="number">
              References
            </th>
            <th scope="col" class="number">
              Checks/s
            </th>
            <th scope="col" class="number col-time">
              Synced, all in all
            </th>
            <th scope="col" class="number col-time">
              Conflicts
            </th>
            <th scope="col" class="number">
              Claims
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((place) => (
            <tr key={placeKey(place.integration, place.type)}>
              <td>
                <a href={placeLink(place)}>
                  <span class="muted">{place.integration} / </span>
                  {place.type}
                </a>
              </td>
              <td class="number">{count(place.references)}</td>
              <td class="number">{compact(rate(place))}</td>
              <td class="number col-time">{place.checked > 0 ? percent(place.hits / place.checked) : "–"}</td>
              <td class="number col-time">{count(place.conflicts)}</td>
              <td class="number">
                {place.claims_open + place.claims_expired === 0 ? (
                  "–"
                ) : (
                  <a href={placeLink(place, "claims")}>
                    {count(place.claims_open)} open{" "}
                    {place.claims_expired > 0 && (
                      <span class="badge warning">{count(place.claims_expired)} unknown</span>
                    )}
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
