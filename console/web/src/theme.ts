import { remember, remembered } from "./remembered";
import { Store } from "./store";

export type Theme = "auto" | "light" | "dark";

function asTheme(text: string | null): Theme {
  return text === "light" || text === "dark" ? text : "auto";
}

export const theme = new Store<Theme>(asTheme(remembered("theme")));

export function setTheme(value: Theme): void {
  theme.set(value);
  remember("theme", value);
  applyTheme();
}

// Without the attribute the style sheets follow the system.
export function applyTheme(): void {
  const value = theme.get();
  if (value === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = value;
}
