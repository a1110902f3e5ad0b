// What went wrong with a request: the server's problem document, or that there was no answer.
export class Problem extends Error {
  constructor(
    readonly slug: string,
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly extras: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail || title);
  }

  extra(name: string): string | null {
    const value = this.extras[name];
    return typeof value === "string" ? value : null;
  }

  // The server may answer the same request later.
  get passing(): boolean {
    return ["unreachable", "not-ready", "overloaded"].includes(this.slug);
  }
}

export function unreachable(): Problem {
  return new Problem(
    "unreachable",
    0,
    "No answer",
    "The server did not answer. It may be restarting, or the network is down.",
  );
}

export function problemOf(status: number, text: string): Problem {
  try {
    const { type, title, detail, status: _, ...extras } = JSON.parse(text) as Record<string, unknown>;
    const slug = typeof type === "string" ? type.replace(/^.*\//, "") : "internal";
    return new Problem(slug, status, String(title ?? ""), String(detail ?? title ?? ""), extras);
  } catch {
    return new Problem(
      "internal",
      status,
      `Status ${status}`,
      `The server answered with status ${status} and no explanation.`,
    );
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem("internal", 0, "Unexpected", error instanceof Error ? error.message : String(error));
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
