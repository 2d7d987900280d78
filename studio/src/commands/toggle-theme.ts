// Goes through the themes: the system's, light, dark.

import type { ThemeChoice } from "../session.ts";
import { always, type Command } from "./command.ts";

const next: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: "light", light: "dark", dark: "system" };

export const toggleTheme: Command = {
  name: "toggle-theme",
  label: "Change theme",
  key: "d",
  when: always,
  perform: (session) => ({ ...session, theme: next[session.theme], announcement: `Theme: ${next[session.theme]}.` }),
};
