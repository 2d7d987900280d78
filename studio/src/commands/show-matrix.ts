// Shows the alignment as a matrix of weights.

import { always, type Command } from "./command.ts";

export const showMatrix: Command = {
  name: "show-matrix",
  label: "Matrix",
  key: "2",
  when: always,
  perform: (session) => ({ ...session, view: "matrix", pointed: undefined }),
};
