import { useState } from "preact/hooks";
import { api } from "../api";
import { changed } from "../changes";
import { useAction } from "../loaded";
import { dismissTopic, notify } from "../notices";
import { asProblem } from "../problem";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Id } from "../ui/Id";
import { ProblemNote } from "../ui/States";
import { deletionWords, problemWords } from "../words";
import type { PlaceProps } from "./place";

interface Props extends Pick<PlaceProps, "integration" | "place"> {
  source_id: string;
  target_id: string;
  onClose: () => void;
  onEdit: () => void;
}

export function DeleteReference({ integration, place, source_id, target_id, onClose, onEdit }: Props) {
  const { busy, problem, clear, run } = useAction();
  const [standing, setStanding] = useState(target_id);
  const confirmation = problem?.slug === "confirmation-needed" ? problem.extra("confirmation") : null;
  const moved_to = problem?.slug === "conflict" ? problem.extra("standing_target_id") : null;

  const undo = () => {
    dismissTopic("undo");
    api.add(place, { source_id, target_id: standing }).then(changed, (error: unknown) => {
      notify({ tone: "problem", text: `The link could not be put back. ${problemWords(asProblem(error))}` });
    });
  };
  const remove = () =>
    run(async () => {
      await api.remove(place, {
        source_id,
        expected_target_id: standing,
        confirmation: confirmation ?? undefined,
      });
      changed();
      onClose();
      notify({
        topic: "undo",
        text: "The link was removed. Both records are as they were.",
        actions: [{ label: "Undo", run: undo }],
      });
    });

  return (
    <Dialog
      title="Remove this link?"
      onClose={onClose}
      onSubmit={() => void remove()}
      foot={
        <>
          <Button onClick={onEdit}>Change the target instead…</Button>
          <span class="toolbar-gap" />
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" submit focus busy={busy} disabled={moved_to !== null}>
            {confirmation ? "Remove it all the same" : "Remove the link"}
          </Button>
        </>
      }
    >
      <dl class="facts">
        <dt>{integration.source_platform}</dt>
        <dd>
          <Id id={source_id} />
        </dd>
        <dt>{integration.target_platform}</dt>
        <dd>
          <Id id={standing} />
        </dd>
      </dl>
      <ul class="means">
        {deletionWords(integration).map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
      <ProblemNote problem={problem}>
        {moved_to && (
          <>
            <p>
              Somebody else changed its target to <Id id={moved_to} /> meanwhile. Nothing was removed.
            </p>
            <div class="note-actions">
              <Button onClick={() => (setStanding(moved_to), clear())}>Show it as it is now</Button>
            </div>
          </>
        )}
      </ProblemNote>
    </Dialog>
  );
}
