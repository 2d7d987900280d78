// Shows the previous pronunciation of the beam.

import { choose } from "../session.ts";
import type { Command } from "./command.ts";

export const previousReading: Command = {
  name: "previous-reading",
  label: "Previous reading",
  key: "[",
  when: (session) => session.choice > 0,
  perform: (session) => choose(session, session.choice - 1),
};
