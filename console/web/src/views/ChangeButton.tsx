import type { ComponentProps } from "preact";
import { server, takesChanges } from "../server";
import { useStore } from "../store";
import { Button } from "../ui/Button";

// Begins a change: out of use while the server takes none, and says why.
export function ChangeButton(props: ComponentProps<typeof Button>) {
  const takes = takesChanges(useStore(server));
  return (
    <Button
      {...props}
      disabled={props.disabled || !takes}
      title={takes ? props.title : "The server takes no changes at present"}
    />
  );
}
