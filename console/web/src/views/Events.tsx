import type { HistoryEvent } from "../contract";
import { Icon } from "../ui/Icon";
import { Id } from "../ui/Id";
import { Time } from "../ui/Time";
import { event_words, origin_words } from "../words";

function newestFirst(events: readonly HistoryEvent[]): HistoryEvent[] {
  return [...events].sort((a, b) => b.lsn - a.lsn);
}

export function Events({ events }: { events: readonly HistoryEvent[] }) {
  return (
    <section aria-label="History">
      <h3>History</h3>
      {events.length === 0 && <p class="muted">Nothing has happened to this ID yet.</p>}
      <ol class="events">
        {newestFirst(events).map((event, index) => (
          <li key={`${event.lsn} ${index}`} class={`event ${event.kind}`}>
            <p class="event-head">
              <b>{event_words[event.kind] ?? event.kind}</b>
              <Time at={event.at} />
            </p>
            {(event.before !== null || event.after !== null) && (
              <p class="event-change">
                {event.before !== null && (
                  <del>
                    <Id id={event.before} />
                  </del>
                )}
                {event.before !== null && event.after !== null && <Icon name="arrow" />}
                {event.after !== null && <Id id={event.after} />}
              </p>
            )}
            <p class="event-foot">
              by <bdi>{event.actor}</bdi>
              {event.origin && ` · ${origin_words[event.origin]}`}
              {` · change ${event.lsn}`}
            </p>
          </li>
        ))}
      </ol>
    </section>
  );
}
