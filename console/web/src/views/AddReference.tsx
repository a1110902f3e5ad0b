import { useState } from "preact/hooks";
import { api } from "../api";
import { changed } from "../changes";
import { openDialog } from "../dialogs";
import { useAction } from "../loaded";
import { notify } from "../notices";
import { go, placeLink } from "../route";
import { Button } from "../ui/Button";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Id } from "../ui/Id";
import { ProblemNote } from "../ui/States";
import { flawOf, remarkOn } from "../visible";
import { EditReference } from "./EditReference";
import type { PlaceProps } from "./place";

interface Props extends Pick<PlaceProps, "integration" | "place"> {
  source_id?: string;
  onClose: () => void;
}

export function AddReference({ integration, place, source_id: given = "", onClose }: Props) {
  const { source_platform, target_platform } = integration;
  const [source_id, setSource] = useState(given);
  const [target_id, setTarget] = useState("");
  const [tried, setTried] = useState(false);
  const { busy, problem, clear, run } = useAction();
  const source_flaw = flawOf(source_id);
  const target_flaw = flawOf(target_id);

  const add = () => {
    setTried(true);
    if (source_flaw || target_flaw) return;
    void run(async () => {
      await api.add(place, { source_id, target_id });
      changed();
      onClose();
      notify({
        text: "Linked.",
        link: { label: "Show it", href: placeLink(place, "references", { sel: source_id }) },
      });
    });
  };
  const look = (id: string) => {
    onClose();
    go(placeLink(place, "references", { sel: id }));
  };
  const standing = problem?.extra("standing_target_id");
  const other_source = problem?.extra("other_source_id");

  return (
    <Dialog
      title={`Add a reference to ${place.type}`}
      onClose={onClose}
      onSubmit={add}
      foot={
        <SubmitFoot onClose={onClose} busy={busy}>
          Add
        </SubmitFoot>
      }
    >
      <p>
        Links two records that exist already. From then on a sync updates the record in {target_platform}{" "}
        instead of creating another one.
      </p>
      <Field
        label={`${source_platform} ID (source)`}
        value={source_id}
        onInput={(value) => (clear(), setSource(value))}
        mono
        focus={!given}
        error={tried && source_flaw}
        hint={remarkOn(source_id)}
      />
      <Field
        label={`${target_platform} ID (target)`}
        value={target_id}
        onInput={(value) => (clear(), setTarget(value))}
        mono
        focus={given !== ""}
        error={tried && target_flaw}
        hint={remarkOn(target_id)}
      />
      <ProblemNote problem={problem}>
        {standing ? (
          <>
            <p>
              The source is linked to <Id id={standing} /> already. Nothing was changed.
            </p>
            <div class="note-actions">
              <Button onClick={() => look(source_id)}>Look at it</Button>
              <Button
                onClick={() =>
                  openDialog((close) => (
                    <EditReference
                      integration={integration}
                      place={place}
                      source_id={source_id}
                      target_id={standing}
                      wanted={target_id}
                      onClose={close}
                    />
                  ))
                }
              >
                Change its target…
              </Button>
            </div>
          </>
        ) : other_source ? (
          <>
            <p>
              The target is linked to <Id id={other_source} /> already, and {place.type} allows one source per
              target. Nothing was changed.
            </p>
            <div class="note-actions">
              <Button onClick={() => look(other_source)}>Look at it</Button>
            </div>
          </>
        ) : null}
      </ProblemNote>
    </Dialog>
  );
}
