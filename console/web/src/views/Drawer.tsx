import { useEffect, useRef } from "preact/hooks";
import { narrow, useMedia } from "../media";
import { go, placeLink, type Section } from "../route";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Details } from "./Details";
import { useKeys } from "../keys";
import type { PlaceProps } from "./place";

interface Props extends PlaceProps {
  section: Section;
  source_id: string;
}

// Beside the list where there is room, so that both can be used; over it on a small screen.
export function Drawer({ integration, place, params, section, source_id }: Props) {
  const is_narrow = useMedia(narrow);
  const heading = useRef<HTMLHeadingElement>(null);
  const { sel: _, ...rest } = params;

  const close = () => {
    const row = [...document.querySelectorAll<HTMLElement>("a[data-row]")].find(
      (link) => link.dataset["row"] === source_id,
    );
    row?.focus();
    go(placeLink(place, section, rest), { replace: true });
  };
  useKeys(is_narrow ? {} : { Escape: close });

  // Opened from a row, it takes the focus; moving on along the rows leaves the focus there.
  useEffect(() => {
    if (document.activeElement?.closest("table")) heading.current?.focus();
  }, []);

  const details = (
    <Details
      integration={integration}
      place={place}
      source_id={source_id}
      linkTo={(sel) => placeLink(place, section, { ...rest, sel })}
    />
  );
  if (is_narrow) {
    return (
      <Dialog title="Details" side="right" onClose={close}>
        {details}
      </Dialog>
    );
  }
  return (
    <aside class="drawer" aria-label="Details">
      <header class="drawer-head">
        <h2 ref={heading} tabIndex={-1}>
          Details
        </h2>
        <Button kind="quiet" icon="close" label="Close the details (Esc)" onClick={close} />
      </header>
      <div class="drawer-body">{details}</div>
    </aside>
  );
}
