// The error rates on the card of the model that ships, measured again from its files.

import { fileURLToPath } from "node:url";
import { measureG2p } from "../src/recipes/g2p/measure.ts";

export const describe = "the model that ships has the error rates of its card, on words that it has never seen";

/** Points of percent: another processor may round a sum otherwise and turn a word or two. */
const tolerance = 0.1;

/** `args`: a model folder; default models/pronounce. */
export async function run([folder]: readonly string[]): Promise<void> {
  const model = folder ?? fileURLToPath(new URL("../models/pronounce", import.meta.url));
  for (const split of ["test", "dev"] as const) {
    const { card, evaluation } = await measureG2p(model, { split });
    const { wer, per, wordCount } = evaluation.score;
    const said = card[split];
    console.log(
      `${split}: WER ${wer.toFixed(3)} % (card ${said.wer.toFixed(3)}), PER ${per.toFixed(3)} % (card ${said.per.toFixed(3)}), ${wordCount} words, ${Math.round(evaluation.wordsPerSecond)} words/s`,
    );
    if (wordCount !== said.wordCount) throw new Error(`${split}: the card counts ${said.wordCount} words`);
    if (Math.abs(wer - said.wer) > tolerance || Math.abs(per - said.per) > tolerance)
      throw new Error(`${split}: the card and the files differ by more than ${tolerance} points`);
  }
}
