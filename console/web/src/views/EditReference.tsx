import { useState } from "preact/hooks";
import { api } from "../api";
import { changed } from "../changes";
import { useAction } from "../loaded";
import { dismissTopic, notify } from "../notices";
import { Button } from "../ui/Button";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Id } from "../ui/Id";
import { ProblemNote } from "../ui/States";
import { flawOf, remarkOn } from "../visible";
import type { PlaceProps } from "./place";

interface Props extends Pick<PlaceProps, "integration" | "place"> {
  source_id: string;
  target_id: string;
  // What to suggest as the new target.
  wanted?: string;
  onClose: () => void;
}

export function EditReference({ integration, place, source_id, target_id, wanted, onClose }: Props) {
  const [standing, setStanding] = useState(target_id);
  const [target, setTarget] = useState(wanted ?? target_id);
  const [tried, setTried] = useState(false);
  const { busy, problem, clear, run } = useAction();
  const flaw = flawOf(target) ?? (target === standing ? "That is its target already." : null);
  const moved_to = problem?.slug === "conflict" ? problem.extra("standing_target_id") : null;

  const back = () => {
    const changed_meanwhile = () =>
      notify({ tone: "problem", text: "It was changed again meanwhile, so the old target was not set." });
    api
      .edit(place, source_id, { target_id: standing, expected_target_id: target })
      .then(changed, changed_meanwhile);
    dismissTopic("undo");
  };
  const save = () => {
    setTried(true);
    if (flaw) return;
    void run(async () => {
      await api.edit(place, source_id, { target_id: target, expected_target_id: standing });
      changed();
      onClose();
      notify({ topic: "undo", text: "The target was changed.", actions: [{ label: "Undo", run: back }] });
    });
  };

  return (
    <Dialog
      title="Change the target"
      onClose={onClose}
      onSubmit={save}
      foot={
        <SubmitFoot onClose={onClose} busy={busy}>
          Change the target
        </SubmitFoot>
      }
    >
      <dl class="facts">
        <dt>{integration.source_platform}</dt>
        <dd>
          <Id id={source_id} />
        </dd>
        <dt>{integration.target_platform}, now</dt>
        <dd>
          <Id id={standing} />
        </dd>
      </dl>
      <Field
        label={`${integration.target_platform} ID (new target)`}
        value={target}
        onInput={(value) => (clear(), setTarget(value))}
        mono
        focus
        error={tried && flaw}
        hint={
          remarkOn(target) ??
          "The next sync updates this record. The one that it was linked to stays as it is."
        }
      />
      <ProblemNote problem={problem}>
        {moved_to && (
          <>
            <p>
              Somebody else changed it to <Id id={moved_to} /> meanwhile. Nothing was overwritten.
            </p>
            <div class="note-actions">
              <Button onClick={() => (setStanding(moved_to), clear())}>Go on from there</Button>
            </div>
          </>
        )}
      </ProblemNote>
    </Dialog>
  );
}
