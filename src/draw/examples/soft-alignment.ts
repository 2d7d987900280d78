// Makes the weights of an example: one or several centres per output symbol, softened like a trained model's.

import type { AlignmentTrace } from "../alignment.ts";

/** Where an output symbol looks: positions in the input, and how wide the glance is in positions. */
export interface Glance {
  readonly symbol: string;
  /** Input positions, each with its share; shares need not sum to 1. */
  readonly at: readonly (readonly [position: number, share: number])[];
  /** Standard deviation in input positions. Default 0.45. */
  readonly spread?: number;
}

/** A trace of a word from where each output symbol looks, with a small even floor as softmax leaves one. */
export function softAlignment(word: string, glances: readonly Glance[]): AlignmentTrace {
  const columns = [...word];
  const weights = glances.map(({ at, spread = 0.45 }) => {
    const raw = columns.map((_, j) =>
      at.reduce((sum, [position, share]) => sum + share * Math.exp(-((j - position) ** 2) / (2 * spread ** 2)), 0.004),
    );
    const total = raw.reduce((a, b) => a + b, 0);
    return raw.map((value) => value / total);
  });
  return { word, rows: glances.map(({ symbol }) => symbol), columns, weights };
}
