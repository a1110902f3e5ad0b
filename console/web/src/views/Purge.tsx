import { api } from "../api";
import { changed } from "../changes";
import { counted } from "../format";
import { useLoaded } from "../loaded";
import { ConfirmRemoval } from "./ConfirmRemoval";
import type { PlaceProps } from "./place";
import { offerRestore } from "./RestoreReport";

export function Purge({
  integration,
  place,
  onClose,
}: Pick<PlaceProps, "integration" | "place"> & { onClose: () => void }) {
  const preview = useLoaded("purge", () => api.purgePreview(place));
  return (
    <ConfirmRemoval
      title={`Delete all references of ${place.type}?`}
      action="Delete all references"
      preview={preview}
      onClose={onClose}
      means={() => (
        <ul class="means">
          <li>Claims and ignored IDs of {place.type} stay as they are.</li>
          <li>They wait in the trash, and can be restored at once or later.</li>
        </ul>
      )}
      remove={async ({ token, references }) => {
        const { trash, references: removed } = await api.purge(place, { token, references });
        changed();
        onClose();
        offerRestore(
          { id: trash, integration: integration.name, type: place.type, references: removed },
          `${counted(removed, "reference")} of ${place.type} deleted.`,
        );
      }}
    />
  );
}
