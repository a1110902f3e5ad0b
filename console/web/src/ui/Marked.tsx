import { visibleParts } from "../visible";

// Text in which marks stand for what cannot be seen. For IDs, and for sentences of the server that
// quote them: a mark that turns the direction of text must not turn the rest of the sentence.
export function Marked({ text }: { text: string }) {
  return (
    <>
      {visibleParts(text).map((part, index) =>
        part.mark ? (
          <span key={index} class="mark" role="img" aria-label={part.name} title={part.name}>
            {part.mark}
          </span>
        ) : (
          part.text
        ),
      )}
    </>
  );
}
