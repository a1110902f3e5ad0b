// Choices that outlive the page. A browser that stores nothing still works, and forgets.

const prefix = "xrefd.";

export function remembered(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Storage is off or full: the choice holds until the page is left.
  }
}
