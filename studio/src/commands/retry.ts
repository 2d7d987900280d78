// Loads the model again after a failure.

import { modelLoading } from "../session.ts";
import type { Command } from "./command.ts";

export const retry: Command = {
  name: "retry",
  label: "Try again",
  key: "r",
  when: (session) => session.model.status === "failed",
  perform: modelLoading,
  effect: (tools) => tools.reload(),
};
