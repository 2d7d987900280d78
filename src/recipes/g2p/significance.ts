// Whether two models differ on the same words, or only by chance.

import { inputError } from "../../core/errors.ts";
import { rng } from "../../core/random.ts";

/** Two models on the same words. Rates are in points of percent; a negative difference says that the second is better. */
export interface PairedTest {
  /** Words that only the first, or only the second, got wrong. */
  readonly onlyFirstWrong: number;
  readonly onlySecondWrong: number;
  /** Error rate of the second minus that of the first. */
  readonly difference: number;
  /** 95 % interval of the difference, by paired bootstrap over words. */
  readonly low: number;
  readonly high: number;
  /** Two-sided exact McNemar test: how often chance alone would give as uneven a split of the words that differ. */
  readonly pValue: number;
}

const sampleCount = 1000;

/**
 * Compares per-word errors.
 *
 * Source: McNemar, Psychometrika 12, 1947 (exact binomial form); Efron and Tibshirani 1993, percentile bootstrap.
 *   They measure chance in the choice of words, not in training: a second seed may differ more.
 *
 * @param first - for each word, whether the first model was wrong; `second` in the same order.
 * @throws HeedError "input" when the numbers of words differ or there is none.
 */
export function pairedTest(first: readonly boolean[], second: readonly boolean[], seed = 1): PairedTest {
  if (first.length !== second.length || first.length === 0)
    throw inputError(
      "pairedTest",
      "both models must be measured on the same words",
      `${first.length} and ${second.length}`,
    );
  const steps = Int8Array.from(first, (wrong, i) => Number(second[i]) - Number(wrong));
  const onlySecondWrong = steps.filter((step) => step > 0).length;
  const onlyFirstWrong = steps.filter((step) => step < 0).length;
  const count = steps.length;
  const random = rng(seed);
  const samples = Float64Array.from({ length: sampleCount }, () => {
    const draws = random.uniform([count], 0.5).data as Float32Array;
    let sum = 0;
    for (const draw of draws) sum += steps[Math.min(count - 1, Math.floor((draw + 0.5) * count))]!;
    return (100 * sum) / count;
  }).sort();
  return {
    onlyFirstWrong,
    onlySecondWrong,
    difference: (100 * (onlySecondWrong - onlyFirstWrong)) / count,
    low: samples[Math.floor(0.025 * sampleCount)]!,
    high: samples[Math.ceil(0.975 * sampleCount) - 1]!,
    pValue: mcnemar(onlyFirstWrong, onlySecondWrong),
  };
}

/** Two-sided exact McNemar: 2 P(X <= min(b, c)) for X ~ Binomial(b + c, 1/2), at most 1. */
export function mcnemar(b: number, c: number): number {
  const n = b + c;
  let logTerm = -n * Math.LN2; // log of C(n, 0) / 2^n
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= Math.min(b, c); k++) {
    logTerm += Math.log(n - k + 1) - Math.log(k);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
