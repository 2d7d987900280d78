// The commands by name. Each file is loaded when its command is called, so that one command's imports never slow another.

import type { Command } from "./command.ts";

/** A command before it is loaded. */
export interface CommandEntry {
  /** One word, or two where commands form a group: `train g2p`. */
  readonly name: string;
  /** For the list of commands, which loads none. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands, in the order of the help. */
export const commandEntries: readonly CommandEntry[] = [
  {
    name: "pronounce",
    summary: "say words in phonemes and show which letters were read",
    load: async () => (await import("./commands/pronounce.ts")).pronounceCommand as Command,
  },
  {
    name: "studio",
    summary: "open the studio in the browser",
    load: async () => (await import("./commands/studio.ts")).studioCommand as Command,
  },
  {
    name: "train g2p",
    summary: "train a model that pronounces words",
    load: async () => (await import("./commands/train-g2p.ts")).trainG2pCommand as Command,
  },
  {
    name: "evaluate g2p",
    summary: "measure a model on words it has never seen",
    load: async () => (await import("./commands/evaluate-g2p.ts")).evaluateG2pCommand as Command,
  },
  {
    name: "compare g2p",
    summary: "is attention worth it on this data?",
    load: async () => (await import("./commands/compare-g2p.ts")).compareG2pCommand as Command,
  },
  {
    name: "curves",
    summary: "draw what a training told of itself",
    load: async () => (await import("./commands/curves.ts")).curvesCommand as Command,
  },
  {
    name: "recipes",
    summary: "list what can be trained and what it is measured against",
    load: async () => (await import("./commands/recipes.ts")).recipesCommand as Command,
  },
];
