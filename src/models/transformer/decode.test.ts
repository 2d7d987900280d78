// The decoder of a Transformer with random parameters: batches, padding, the cache, the forced pass and the search agree.

import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { END } from "../../text/vocabulary.ts";
import { pairArrays } from "../seq2seq/batches.ts";
import type { Decoder } from "../seq2seq/decode.ts";
import type { Hypothesis } from "../seq2seq/search.ts";
import type { TransformerConfig } from "./config.ts";
import { createTransformerDecoder } from "./decode.ts";
import { small, transformerOf, variants } from "./example.cases.ts";
import { transformerForced, type TransformerParams } from "./model.ts";

/** Sources of lengths 0 to 6 of random ids. */
const sources = Array.from({ length: 9 }, (_, i) => {
  const ids = rng(100 + i);
  return Array.from({ length: i % 7 }, () => 3 + ids.integer(6));
});

const open: { dispose(): Promise<void> }[] = [];
function kept<D extends { dispose(): Promise<void> }>(x: D): D {
  open.push(x);
  return x;
}
const decoderOf = (...args: Parameters<typeof createTransformerDecoder>): Decoder =>
  kept(createTransformerDecoder(...args));
afterAll(async () => {
  for (const each of open) await each.dispose();
});

/** The same targets, log-probabilities and weights within 1e-5. */
function expectSame(actual: readonly (readonly Hypothesis[])[], expected: readonly (readonly Hypothesis[])[]): void {
  const symbols = (all: typeof actual): unknown =>
    all.map((list) => list.map(({ target, complete }) => ({ target, complete })));
  expect(symbols(actual)).toEqual(symbols(expected));
  const numbers = (all: typeof actual): readonly number[] =>
    all.flat().flatMap((h) => [h.logProb, h.score, ...h.weights.flat()]);
  expectClose(numbers(actual), numbers(expected), { rtol: 0, atol: 1e-5 });
}

type Forced = (params: unknown, batch: unknown) => Promise<{ readonly logProbs: NdArray; readonly weights: NdArray }>;

/** Known targets through the network without a cache: log p of each symbol, and where each step looked. */
function forcedOf(config: TransformerConfig): Forced {
  type Batch = { readonly source: Tensor; readonly previous: Tensor; readonly sourceMask?: Tensor };
  const forced = (params: TransformerParams<Tensor>, { source, sourceMask, previous }: Batch): unknown => {
    const { logits, weights } = transformerForced(config, params, source, sourceMask ?? null, previous);
    return { logProbs: logSoftmax(logits, -1), weights };
  };
  return kept(compile(forced)) as unknown as Forced;
}

describe.each(Object.entries(variants))("%s", (_name, config) => {
  const params = transformerOf(config, 10);
  const decoder = decoderOf(config, params);

  test.each([{ beam: 1 }, { beam: 3, nbest: 3 }])(
    "a source gives alone what it gives in any batch: %o",
    async (options) => {
      const together = await decoder.decode(sources, options);
      const alone = [];
      for (const source of sources.slice(0, 7)) alone.push(...(await decoder.decode([source], options)));
      expectSame(together.slice(0, 7), alone);
      expect(new Set(together.flat().map((h) => h.target.join())).size).toBeGreaterThan(4);
    },
  );

  test("padding to a few lengths changes nothing, parameters that are fed neither", async () => {
    const padded = decoderOf(config, params, { buckets: [4, 8], bake: false });
    for (const options of [{ beam: 1 }, { beam: 3, nbest: 2 }])
      expectSame(await padded.decode(sources, options), await decoder.decode(sources, options));
  });

  test("what the cache gives step by step is what the forced pass gives at once, weights too", async () => {
    const run = forcedOf(config);
    const some = sources.slice(3, 7);
    for (const options of [{ beam: 1 }, { beam: 3, nbest: 3 }]) {
      const found = await decoder.decode(some, options);
      for (const [i, list] of found.entries())
        for (const { target, complete, logProb, weights } of list) {
          const { source, previous } = pairArrays([{ source: some[i]!, target }]);
          const all = await run(params, { source, previous });
          const symbols = complete ? [...target, END] : target;
          const scores = all.logProbs.data as Float32Array;
          const sum = symbols.reduce((total, symbol, t) => total + scores[t * config.targetCount + symbol]!, 0);
          expect(Math.abs(sum - logProb)).toBeLessThan(1e-5 * Math.max(1, Math.abs(sum)));
          const seen = (all.weights.data as Float32Array).subarray(0, symbols.length * some[i]!.length);
          expectClose(weights.flat(), seen, { rtol: 0, atol: 1e-5 });
          for (const row of weights) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        }
    }
  });
});

test("a target outgrows the first capacity of the cache", async () => {
  const params = transformerOf(small, 3);
  // An end that is never likely: every target runs to the longest length, 2 x 6 + 10 symbols in a cache that begins with 16.
  (params.output!.bias!.data as Float32Array)[END] = -100;
  const decoder = decoderOf(small, params);
  for (const options of [{ beam: 1 }, { beam: 2, nbest: 2 }]) {
    const [list] = await decoder.decode([sources[6]!], options);
    for (const { target, complete, logProb } of list!) {
      expect([target.length, complete]).toEqual([22, false]);
      const { source, previous } = pairArrays([{ source: sources[6]!, target }]);
      const { logProbs } = await forcedOf(small)(params, { source, previous });
      const scores = logProbs.data as Float32Array;
      const sum = target.reduce((total, symbol, t) => total + scores[t * small.targetCount + symbol]!, 0);
      expect(Math.abs(sum - logProb)).toBeLessThan(1e-5 * Math.abs(sum));
    }
  }
});

test("learned positions bound sources and targets", async () => {
  const config = { ...small, positions: "learned", positionCount: 5 } as const;
  const params = transformerOf(config, 3);
  (params.output!.bias!.data as Float32Array)[END] = -100;
  const decoder = decoderOf(config, params);
  const [[found]] = (await decoder.decode([[3, 4, 5, 6, 7]])) as [readonly [Hypothesis]];
  expect(found.target).toHaveLength(5);
  await expect(decoder.decode([[3], [3, 4, 5, 6, 7, 8]])).rejects.toThrow(
    "decode: a source must have at most 5 symbols, the rows of the learned positions, got 6 in source 1",
  );
  await expect(decoder.decode([[9]])).rejects.toThrow("ids of a source must be integers from 0 to 8");
});

describe("training batches", () => {
  test("a padded pair has the logits that it has alone, and padding is never looked at", async () => {
    const params = transformerOf(small, 11);
    const run = forcedOf(small);
    const pairs = [
      { source: [3, 4, 5, 6, 7], target: [3, 4] },
      { source: [8], target: [5, 6, 7, 3] },
      { source: [4, 4, 3], target: [] },
    ];
    const { source, sourceMask, previous } = pairArrays(pairs);
    const together = await run(params, { source, previous, sourceMask: sourceMask! });
    const [U, V] = [previous.shape[1]!, small.targetCount];
    for (const [i, pair] of pairs.entries()) {
      const one = pairArrays([pair]);
      const alone = await run(params, { source: one.source, previous: one.previous });
      const mine = (together.logProbs.data as Float32Array).slice(i * U * V, i * U * V + alone.logProbs.size);
      expectClose(mine, alone.logProbs.data as Float32Array, { rtol: 0, atol: 1e-5 });
      const seen = together.weights.data as Float32Array;
      for (let u = 0; u < U; u++)
        for (let s = pair.source.length; s < 5; s++) expect(seen[(i * U + u) * 5 + s]).toBe(0);
    }
  });
});
