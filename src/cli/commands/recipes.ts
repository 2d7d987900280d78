// heed recipes: what can be trained here, from what, and what it is measured against.

import type { Command, CommandCall } from "../command.ts";

/** One recipe. */
interface Recipe {
  readonly name: string;
  readonly task: string;
  readonly data: string;
  readonly commands: readonly string[];
  /** The published figures that its own stand beside; a mark says how far they were checked. */
  readonly measuredAgainst: string;
}

export const recipesCommand: Command<object> = {
  summary: "List what can be trained and what it is measured against",
  options: [],
  example: { line: "heed recipes --json", does: "The recipes as data." },
  async run({ options, console }: CommandCall<object>): Promise<number> {
    const recipes = [await g2pRecipe()];
    console.stdout.write(options.json ? `${JSON.stringify(recipes)}\n` : `${recipes.map(recipeText).join("\n\n")}\n`);
    return 0;
  },
};

async function g2pRecipe(): Promise<Recipe> {
  const { evidenceMarks, publishedAim } = await import("../../recipes/g2p/published.ts");
  const { source, system, wer, per, evidence } = publishedAim;
  const { mark, meaning } = evidenceMarks[evidence];
  return {
    name: "g2p",
    task: "pronounce a word: letters to phonemes, LSTM encoder and decoder with attention",
    data: "CMUdict from the npm package cmu-pronouncing-dictionary, or --data DIR with one *.train and one *.ref file",
    commands: [
      "heed train g2p",
      "heed evaluate g2p",
      "heed compare g2p",
      "heed train g2p --data g014b2b && heed evaluate g2p --data g014b2b --model .heed/train/g2p-additive-g014b2b/model",
    ],
    measuredAgainst:
      `${source}: ${system}, WER ${wer.toFixed(2)}${mark} %, PER ${per!.toFixed(2)}${mark} % on g014b2b ` +
      `(${mark === "" ? "" : `${mark} ${meaning}; `}the folder is yours to supply)`,
  };
}

function recipeText({ name, task, data, commands, measuredAgainst }: Recipe): string {
  const [first, ...others] = commands;
  return [
    `${name}  ${task}`,
    `  data              ${data}`,
    `  commands          ${first}`,
    ...others.map((line) => `                    ${line}`),
    `  measured against  ${measuredAgainst}`,
  ].join("\n");
}
