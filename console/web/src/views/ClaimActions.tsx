import { useState } from "preact/hooks";
import { api } from "../api";
import { changed } from "../changes";
import type { Claim, Integration } from "../contract";
import { openDialog } from "../dialogs";
import { duration } from "../format";
import { useAction } from "../loaded";
import { notify } from "../notices";
import { requireDone } from "../refusal";
import { Button } from "../ui/Button";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Id } from "../ui/Id";
import { ProblemNote } from "../ui/States";
import { flawOf, remarkOn } from "../visible";
import { ChangeButton } from "./ChangeButton";
import type { PlaceProps } from "./place";

interface Props extends Pick<PlaceProps, "integration" | "place"> {
  claim: Claim;
}

export function claimWords(claim: Claim, { target_platform }: Integration): string {
  if (claim.state === "open") {
    return `${claim.owner} is about to create it in ${target_platform} and has ${duration(Math.max(0, claim.remaining_ms) / 1000)} left.`;
  }
  return `${claim.owner} did not tell in time whether it created the record. Look for it in ${target_platform}: if it is there, settle with its ID; if not, free the claim.`;
}

function Settle({ claim, integration, place, onClose }: Props & { onClose: () => void }) {
  const [target_id, setTarget] = useState("");
  const [tried, setTried] = useState(false);
  const { busy, problem, clear, run } = useAction();
  const flaw = flawOf(target_id);
  const settle = () => {
    setTried(true);
    if (flaw) return;
    void run(async () => {
      const outcomes = await api.settle(place, { source_id: claim.source_id, token: claim.token, target_id });
      changed();
      requireDone(outcomes);
      onClose();
      notify({ text: "Settled: it is linked." });
    });
  };
  return (
    <Dialog
      title="Settle this claim"
      onClose={onClose}
      onSubmit={settle}
      foot={
        <SubmitFoot onClose={onClose} busy={busy}>
          Settle
        </SubmitFoot>
      }
    >
      <p>Links the source record to the one that was created for it, and ends the claim.</p>
      <dl class="facts">
        <dt>{integration.source_platform}</dt>
        <dd>
          <Id id={claim.source_id} />
        </dd>
      </dl>
      <Field
        label={`${integration.target_platform} ID`}
        value={target_id}
        onInput={(value) => (clear(), setTarget(value))}
        mono
        focus
        error={tried && flaw}
        hint={remarkOn(target_id) ?? `As ${integration.target_platform} shows it.`}
      />
      <ProblemNote problem={problem} />
    </Dialog>
  );
}

function Release({ claim, integration, place, onClose }: Props & { onClose: () => void }) {
  const { busy, problem, run } = useAction();
  const release = () =>
    run(async () => {
      const outcomes = await api.release(place, { source_id: claim.source_id, token: claim.token });
      changed();
      requireDone(outcomes);
      onClose();
      notify({ text: "The claim is free. The next sync may create the record." });
    });
  return (
    <Dialog
      title="Free this claim?"
      onClose={onClose}
      onSubmit={() => void release()}
      foot={
        <>
          <Button focus onClick={onClose}>
            Cancel
          </Button>
          <Button kind="danger" submit busy={busy}>
            Free it
          </Button>
        </>
      }
    >
      <dl class="facts">
        <dt>{integration.source_platform}</dt>
        <dd>
          <Id id={claim.source_id} />
        </dd>
        <dt>Claimed by</dt>
        <dd>
          <bdi>{claim.owner}</bdi>
        </dd>
      </dl>
      <ul class="means">
        <li>The next sync may claim it and create a record in {integration.target_platform}.</li>
        {claim.state === "open" ? (
          <li>
            {claim.owner} may still be at work: what it creates then cannot be recorded, and may be created
            twice.
          </li>
        ) : (
          <li>
            If {claim.owner} did create a record before it stopped, there will be two. Look for it first.
          </li>
        )}
      </ul>
      <ProblemNote problem={problem} />
    </Dialog>
  );
}

export function ClaimActions(props: Props) {
  return (
    <div class="row-actions">
      <ChangeButton onClick={() => openDialog((close) => <Settle {...props} onClose={close} />)}>
        Settle…
      </ChangeButton>
      <ChangeButton onClick={() => openDialog((close) => <Release {...props} onClose={close} />)}>
        Free…
      </ChangeButton>
    </div>
  );
}
