import { useEffect, useState } from "preact/hooks";
import type { Place } from "./contract";

// Where the user is, kept behind the # of the address: the server has only static files, and a
// view can be linked and reloaded.

export const sections = ["references", "duplicates", "claims", "import"] as const;
export type Section = (typeof sections)[number];
export type Params = Readonly<Record<string, string>>;

export type Route =
  | { page: "overview" }
  | { page: "trash" }
  | { page: "integration"; integration: string; type: string | null; section: Section; params: Params }
  | { page: "unknown" };

function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split(/\?(.*)/s);
  let parts: string[];
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return { page: "unknown" };
  }
  const [page, integration, type = null, section = "references"] = parts;
  if (page === undefined) return { page: "overview" };
  if (page === "trash") return { page: "trash" };
  const known = sections.find((name) => name === section);
  if (page !== "i" || !integration || !known) return { page: "unknown" };
  return {
    page: "integration",
    integration,
    type,
    section: known,
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function integrationLink(integration: string): string {
  return `#/i/${encodeURIComponent(integration)}`;
}

export function placeLink(
  { integration, type }: Place,
  section: Section = "references",
  params: Params = {},
): string {
  const end = section === "references" ? "" : `/${section}`;
  const kept = Object.entries(params).filter(([, value]) => value !== "");
  const query = new URLSearchParams(kept).toString();
  return `${integrationLink(integration)}/${encodeURIComponent(type)}${end}${query ? `?${query}` : ""}`;
}

// `replace` for what the back button should not step through, such as each letter of a search.
export function go(link: string, { replace = false } = {}): void {
  if (link === location.hash) return;
  if (!replace) {
    location.hash = link;
    return;
  }
  history.replaceState(null, "", link);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const onChange = () => setRoute(parseRoute(location.hash));
    window.addEventListener("hashchange", onChange);
    return () => window.removeEventListener("hashchange", onChange);
  }, []);
  return route;
}
