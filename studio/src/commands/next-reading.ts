// Shows the next pronunciation of the beam.

import { choose } from "../session.ts";
import type { Command } from "./command.ts";

export const nextReading: Command = {
  name: "next-reading",
  label: "Next reading",
  key: "]",
  when: (session) => session.choice + 1 < (session.answer?.pronunciations.length ?? 0),
  perform: (session) => choose(session, session.choice + 1),
};
