import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import icon from "../assets/favicon.svg";
import { asProblem, type Problem } from "../problem";
import { session, signIn, tokenIn } from "../session";
import { useStore } from "../store";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { ProblemNote } from "../ui/States";
import { asking_words, problemWords } from "../words";

const not_one = "That is no access token: one looks like xref_7_ and 43 letters and digits.";

// In place of everything else, until the server lets somebody in. The address stays, so that the user
// is then where it says.
export function SignIn() {
  const { asking } = useStore(session);
  const [text, setText] = useState("");
  const [flaw, setFlaw] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const [attempts, setAttempts] = useState(0);
  useEffect(() => {
    document.title = "Sign in · xrefd";
  }, []);

  const change = (value: string) => {
    setText(value);
    setFlaw(null);
    setProblem(null);
  };
  const enter = async () => {
    if (busy) return;
    const token = tokenIn(text);
    setProblem(null);
    setFlaw(token ? null : not_one);
    if (token) {
      setBusy(true);
      try {
        await api.tryToken(token);
        return signIn(token);
      } catch (error) {
        const refusal = asProblem(error);
        if (refusal.slug === "unauthenticated") setFlaw(problemWords(refusal));
        else setProblem(refusal);
      }
      setBusy(false);
    }
    setAttempts((before) => before + 1);
  };

  return (
    <main id="main" class="sign-in">
      <form
        class="sign-in-card"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <p class="sign-in-brand">
          <img src={icon} alt="" width="22" height="22" />
          xrefd
        </p>
        <h1>Sign in</h1>
        {asking && (
          <p
            class={asking === "ended" || asking === "refused" ? "note-box warning" : undefined}
            role="status"
          >
            {asking_words[asking]}
          </p>
        )}
        {/* Drawn anew, so that it has the focus and is read out with what is wrong. */}
        <Field
          key={attempts}
          label="Access token"
          value={text}
          onInput={change}
          mono
          secret
          focus
          placeholder="xref_…"
          error={flaw}
          hint="Kept in this tab only, and forgotten with it. Whoever runs the server makes one with: xref token create"
        />
        <ProblemNote problem={problem} />
        <Button kind="primary" submit busy={busy} disabled={text.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
