import type { Integration, Place } from "../contract";
import type { Params } from "../route";

// What every view of an entity type is given.
export interface PlaceProps {
  integration: Integration;
  place: Place;
  params: Params;
}
