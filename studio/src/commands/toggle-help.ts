// Opens or closes the list of keys.

import { always, type Command } from "./command.ts";

export const toggleHelp: Command = {
  name: "toggle-help",
  label: "Keys and help",
  key: "?",
  when: always,
  perform: (session) => ({ ...session, helpOpen: !session.helpOpen }),
};
