// The error rates on the card of the model that ships, measured again from its files; and that a word's neighbours and
// padding change nothing of its pronunciation.

import { fileURLToPath } from "node:url";
import { loadPronounceModel } from "../src/models/pronounce/node.ts";
import { wordLengths } from "../src/models/pronounce/pronouncer.ts";
import { pronounceDecoder } from "../src/models/pronounce/network.ts";
import type { Hypothesis } from "../src/models/seq2seq/search.ts";
import { lettersOf, type Lexicon } from "../src/recipes/g2p/lexicon.ts";
import { measureG2p } from "../src/recipes/g2p/measure.ts";
import { encode } from "../src/text/vocabulary.ts";

export const describe =
  "the model that ships has the error rates of its card, on words that it has never seen, and says a word alike alone and in any batch";

/** Points of percent: another processor may round a sum otherwise and turn a word or two. */
const tolerance = 0.1;
/** Nats by which the scores of a word may differ. */
const scoreTolerance = 1e-5;
/** Words in a full batch, and those that are decoded alone as well. */
const batchSize = 256;
const aloneCount = 300;

/** `args`: a model folder; default models/pronounce. */
export async function run([folder]: readonly string[]): Promise<void> {
  const model = folder ?? fileURLToPath(new URL("../models/pronounce", import.meta.url));
  const lexicon = await proveCard(model);
  await proveNeighbours(model, lexicon);
}

/** Measures what the card says; returns the dev words. */
async function proveCard(model: string): Promise<Lexicon> {
  const dev = await measureG2p(model, { split: "dev" });
  const test = dev.card.test === null ? null : await measureG2p(model, { split: "test", data: dev.data });
  if (test === null) console.log("test: the card has no score, so the test words are left alone");
  for (const { card, split, evaluation } of test === null ? [dev] : [test, dev]) {
    const { wer, per, wordCount } = evaluation.score;
    const said = card[split]!;
    console.log(
      `${split}: WER ${wer.toFixed(3)} % (card ${said.wer.toFixed(3)}), PER ${per.toFixed(3)} % (card ${said.per.toFixed(3)}), ${wordCount} words, ${Math.round(evaluation.wordsPerSecond)} words/s`,
    );
    if (wordCount !== said.wordCount) throw new Error(`${split}: the card counts ${said.wordCount} words`);
    if (Math.abs(wer - said.wer) > tolerance || Math.abs(per - said.per) > tolerance)
      throw new Error(`${split}: the card and the files differ by more than ${tolerance} points`);
  }
  return dev.data.split.dev;
}

/** Some words alone, in full batches of words of their length, and padded among words of other lengths. */
async function proveNeighbours(folder: string, { entries }: Lexicon): Promise<void> {
  const model = await loadPronounceModel(folder);
  const { letters } = model;
  const sources = entries.map(({ word }) => encode(letters, lettersOf(word)));
  const every = Math.max(1, Math.floor(sources.length / aloneCount));
  const chosen = sources.map((_, i) => i).filter((i) => i % every === 0);
  const plain = pronounceDecoder(model);
  const padding = pronounceDecoder(model, { buckets: wordLengths });
  try {
    const alone: Hypothesis[] = [];
    for (const i of chosen) alone.push((await plain.decode([sources[i]!]))[0]![0]!);
    for (const [name, decoder] of Object.entries({ "in batches of one length": plain, padded: padding })) {
      const found = await decoder.decode(sources, { batchSize });
      compareWith(
        `${name}, up to ${batchSize} at once`,
        alone,
        chosen.map((i) => found[i]![0]!),
      );
    }
  } finally {
    await plain.dispose();
    await padding.dispose();
  }
}

function compareWith(name: string, alone: readonly Hypothesis[], found: readonly Hypothesis[]): void {
  const differing = alone.filter(({ target }, i) => target.join() !== found[i]!.target.join()).length;
  const gaps = alone.map(({ logProb }, i) => Math.abs(logProb - found[i]!.logProb));
  const largest = Math.max(...gaps);
  console.log(
    `${alone.length} words alone and ${name}: ${differing} with other phonemes, scores within ${largest.toExponential(1)}`,
  );
  if (differing > 0) throw new Error(`${name}: ${differing} words are said otherwise than alone`);
  if (largest > scoreTolerance) throw new Error(`${name}: scores differ by more than ${scoreTolerance}`);
}
