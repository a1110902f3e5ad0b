import type { ComponentProps } from "preact";
import { useRights, type Rights } from "../access";
import { server, takesChanges } from "../server";
import { useStore } from "../store";
import { Button } from "../ui/Button";

interface Props extends ComponentProps<typeof Button> {
  // Who may not do it is not offered it.
  needs?: keyof Rights;
}

// Begins a change: out of use while the server takes none, and says why.
export function ChangeButton({ needs = "write", ...props }: Props) {
  const takes = takesChanges(useStore(server));
  const may = useRights()[needs];
  if (!may) return null;
  return (
    <Button
      {...props}
      disabled={props.disabled || !takes}
      title={takes ? props.title : "The server takes no changes at present"}
    />
  );
}
