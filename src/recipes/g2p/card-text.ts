// The card as a page for people, README.md beside the model. Every number comes from card.json.

import type { G2pCard } from "./card.ts";
import type { G2pVariant, RecurrentVariant } from "./variants.ts";
import { shellWord } from "./shell-word.ts";
import { computationVersion } from "./train.ts";

/** The page of a card, in Markdown. */
export function cardText(card: G2pCard): string {
  const { data, training, dev, test, settings, machine, versions, words } = card;
  const held = data.kind === "cmudict" ? "The dictionary's words are split by a hash of their spelling" : "The data";
  return `# pronounce

A model that reads words letter by letter and says them in phonemes: ${networkText(settings.variant)}. It is made for ${data.kind === "cmudict" ? "English words and names" : `words like those of ${data.name}`}.

| measured on | words | wrong words (WER) | wrong phonemes (PER) |
| --- | ---: | ---: | ---: |
| test words, never seen | ${test === null ? `${number(data.testWordCount)} | not yet scored |` : `${number(test.wordCount)} | ${percent(test.wer)} | ${percent(test.per)}`} |
| dev words, which chose the model | ${number(dev.wordCount)} | ${percent(dev.wer)} | ${percent(dev.per)} |

${test === null ? notScored(card) : ""}Greedy decoding. A word is right when it equals one of its pronunciations in the data, without stress.

## How it was trained

- Data: ${data.name}; ${number(data.trainWordCount)} words with ${number(data.trainPronunciationCount)} pronunciations${data.limit === null ? "" : " (cut for a trial)"}.
  ${held}: ${number(data.devWordCount)} dev and ${number(data.testWordCount)} test words were not trained on.
- ${number(training.parameterCount)} parameters, ${number(training.steps)} steps in ${round(training.epochs)} epochs, ${timeText(training)} on ${machine.cores} cores
  (${machine.processor}, ${machine.platform}, ${machine.threads} threads). The parameters of step ${number(training.bestStep)} were best on the dev words.
- Again: \`${card.command}\` (seed ${settings.seed}). ${againText(card)}
- Versions: ${Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")}. Trained ${card.date.slice(0, 10)}.

## What to know before using it

- \`${words.file}\` holds hashes of the ${number(words.count)} words that the model has seen, dev words included; \`heed evaluate g2p\`
  refuses test words that are among them.
- It reads the letters that it was trained on and no others, says nothing about stress, and gives a word that is said in
  two ways the likelier one first.${data.kind === "cmudict" ? " Names and foreign words are its most frequent errors." : ""}
- Attention weights say where the decoder looked, which is not the same as why it chose a phoneme.
`;
}

/** Training time as people read it: minutes, and those of the processor where they are known. */
export function timeText({ minutes, processorMinutes }: G2pCard["training"], digits = 1): string {
  const show = (value: number): string => String(Number(value.toFixed(digits)));
  return `${show(minutes)} minutes${processorMinutes === undefined ? "" : `, ${show(processorMinutes)} core-minutes`}`;
}

/** What the card's command gives today. */
function againText({ versions }: G2pCard): string {
  return versions["g2p recipe"] === String(computationVersion)
    ? "On the same machine with as many threads it gives the same model bit by bit."
    : "The recipe has changed since: the command now trains a model of the same kind, not this one to the last bit.";
}

function notScored({ data }: G2pCard): string {
  const folder = data.kind === "folder" ? ` --data ${shellWord(data.name)}` : "";
  return `The test words are not yet scored; once a model is chosen, \`heed evaluate g2p --model DIR${folder}\` does it, DIR being this folder.\n\n`;
}

const attentions: Readonly<Record<RecurrentVariant, string>> = {
  none: "without attention: the decoder has the encoder's last state alone",
  additive: "with additive attention over the letters",
  dot: "with dot-product attention over the letters",
  general: "with general (bilinear) attention over the letters",
  "local-m": "with general attention over a window of letters that moves on with every phoneme",
  "local-p": "with general attention over a window of letters whose place it predicts",
  location: "with attention that goes by the place of a letter alone",
  entmax: "with additive attention over few letters at a time (entmax 1.5)",
  hard: "with hard attention: it reads one letter's state at a time, and learned which by REINFORCE",
  marginal: "with hard attention to one letter at a time, over which it sums",
  monotonic: "with hard attention to one letter at a time that never goes back, over which it sums",
};

function networkText(variant: G2pVariant): string {
  return variant === "transformer"
    ? "an encoder-decoder Transformer"
    : `a bidirectional LSTM encoder and an LSTM decoder\n${attentions[variant]}`;
}

function percent(value: number): string {
  return `${value.toFixed(2)} %`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}
