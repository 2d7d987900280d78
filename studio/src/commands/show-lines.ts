// Shows the alignment as ribbons between letters and phonemes.

import { always, type Command } from "./command.ts";

export const showLines: Command = {
  name: "show-lines",
  label: "Lines",
  key: "1",
  when: always,
  perform: (session) => ({ ...session, view: "lines", pointed: undefined }),
};
