import { api } from "./api";
import type { Integration, Status } from "./contract";
import { rights } from "./access";
import { asProblem, isAbort, type Problem } from "./problem";
import { placeKey, server } from "./server";
import { session } from "./session";
import { Store } from "./store";

// The integrations and their entity types. Counts follow the status, which is asked anyway.

export interface Catalog {
  integrations: readonly Integration[] | null;
  problem: Problem | null;
}

export const catalog = new Store<Catalog>({ integrations: null, problem: null });

export async function loadCatalog(): Promise<void> {
  if (session.get().asking) return;
  try {
    const { integrations } = await api.integrations();
    integrations.sort((a, b) => a.name.localeCompare(b.name));
    catalog.set({ integrations, problem: null });
  } catch (error) {
    if (isAbort(error) || session.get().asking) return;
    catalog.set({ ...catalog.get(), problem: asProblem(error) });
  }
}

function withCounts(integrations: readonly Integration[], status: Status): readonly Integration[] {
  const counts = new Map(
    status.places.map((place) => [placeKey(place.integration, place.type), place.references]),
  );
  let changed = false;
  const result = integrations.map((integration) => {
    const types = integration.types.map((type) => {
      const references = counts.get(placeKey(integration.name, type.name)) ?? type.references;
      return references === type.references ? type : { ...type, references };
    });
    if (types.every((type, index) => type === integration.types[index])) return integration;
    changed = true;
    return { ...integration, types, references: types.reduce((sum, type) => sum + type.references, 0) };
  });
  return changed ? result : integrations;
}

function samePlaces(integrations: readonly Integration[], status: Status): boolean {
  const known = integrations.flatMap(({ name, types }) => types.map((type) => placeKey(name, type.name)));
  const told = new Set(status.places.map((place) => placeKey(place.integration, place.type)));
  return (
    integrations.length === status.integrations &&
    known.length === told.size &&
    known.every((key) => told.has(key))
  );
}

let loading = false;

async function follow(): Promise<void> {
  const { status } = server.get();
  if (!status || status.state === "loading" || loading || !rights().read) return;
  const { integrations, problem } = catalog.get();
  if (integrations && !problem && samePlaces(integrations, status)) {
    catalog.set({ integrations: withCounts(integrations, status), problem: null });
    return;
  }
  loading = true;
  await loadCatalog();
  loading = false;
}

export function followServer(): void {
  void loadCatalog();
  server.subscribe(() => void follow());
}
