// Which theme the page wears: the person's choice, remembered, or the system's.

import type { ThemeChoice } from "./session.ts";

const key = "heed.theme";

/** The remembered choice; "system" when there is none or storage is closed. */
export function readThemeChoice(storage: () => Pick<Storage, "getItem">): ThemeChoice {
  try {
    const stored = storage().getItem(key);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    // A page in a sandbox has no storage; the theme is then simply not remembered.
    return "system";
  }
}

export function writeThemeChoice(storage: () => Pick<Storage, "setItem" | "removeItem">, choice: ThemeChoice): void {
  try {
    if (choice === "system") storage().removeItem(key);
    else storage().setItem(key, choice);
  } catch {
    // As above.
  }
}
