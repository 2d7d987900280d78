// heed recipes: what can be trained here, from what, and what it reproduces.

import type { Command, CommandCall } from "../command.ts";

/** One recipe. */
interface Recipe {
  readonly name: string;
  readonly task: string;
  readonly data: string;
  readonly commands: readonly string[];
  readonly reproduces: string;
}

const recipes: readonly Recipe[] = [
  {
    name: "g2p",
    task: "pronounce a word: letters to phonemes, LSTM encoder and decoder with attention",
    data: "CMUdict from the npm package cmu-pronouncing-dictionary, or --data DIR with one *.train and one *.ref file",
    commands: [
      "heed train g2p",
      "heed evaluate g2p",
      "heed compare g2p",
      "heed train g2p --data g014b2b && heed evaluate g2p --data g014b2b --model .heed/train/g2p-additive-g014b2b/model",
    ],
    reproduces:
      "Toshniwal and Livescu, SLT 2016 (arXiv:1610.06540): global attention, WER 21.69 %, PER 5.04 % on g014b2b (the folder is yours to supply)",
  },
];

export const recipesCommand: Command<object> = {
  summary: "List what can be trained and what it reproduces",
  options: [],
  example: { line: "heed recipes --json", does: "The recipes as data." },
  async run({ options, console }: CommandCall<object>): Promise<number> {
    console.stdout.write(options.json ? `${JSON.stringify(recipes)}\n` : `${recipes.map(recipeText).join("\n\n")}\n`);
    return 0;
  },
};

function recipeText({ name, task, data, commands, reproduces }: Recipe): string {
  const [first, ...others] = commands;
  return [
    `${name}  ${task}`,
    `  data        ${data}`,
    `  commands    ${first}`,
    ...others.map((line) => `              ${line}`),
    `  reproduces  ${reproduces}`,
  ].join("\n");
}
