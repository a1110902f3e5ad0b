import { api } from "../api";
import { changed } from "../changes";
import type { Integration } from "../contract";
import { counted } from "../format";
import { useLoaded } from "../loaded";
import { go } from "../route";
import { ConfirmRemoval } from "./ConfirmRemoval";
import { offerRestore } from "./RestoreReport";

export function DropIntegration({ integration, onClose }: { integration: Integration; onClose: () => void }) {
  const preview = useLoaded("drop", () => api.dropPreview(integration.name));
  return (
    <ConfirmRemoval
      title={`Drop ${integration.name}?`}
      action="Drop the integration"
      preview={preview}
      onClose={onClose}
      means={({ types, open_claims }) => (
        <ul class="means">
          <li>
            It has {counted(types, "entity type")}
            {open_claims > 0 &&
              ` and ${counted(open_claims, "open claim")}: a worker may be creating records right now`}
            .
          </li>
          <li>It waits in the trash, and can be restored at once or later, under another name too.</li>
        </ul>
      )}
      remove={async ({ token, references }) => {
        const { trash, references: removed } = await api.drop(integration.name, { token, references });
        changed();
        onClose();
        go("#/");
        offerRestore(
          { id: trash, integration: integration.name, type: null, references: removed },
          `${integration.name} dropped, with ${counted(removed, "reference")}.`,
        );
      }}
    />
  );
}
