// The decoder of a real network with random parameters: batches, padding, the forced pass and the search agree.

import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { NdArray } from "../../core/ndarray.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapLeaves, type Tree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { BEGIN, END } from "../../text/vocabulary.ts";
import { pairArrays } from "./batches.ts";
import { lengthPenalty } from "./beam.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { createDecoder, type Decoder } from "./decode.ts";
import { forced, initSeq2Seq, type Seq2SeqParams } from "./model.ts";
import type { Hypothesis } from "./search.ts";

const base: Seq2SeqConfig = {
  sourceCount: 9,
  targetCount: 8,
  embeddingSize: 5,
  encoderSize: 4,
  encoderLayers: 2,
  decoderSize: 8,
  attentionalSize: 6,
  attention: "additive",
  alignmentSize: 5,
  inputFeeding: true,
};

/** Random parameters, larger than at the start of a training, so that symbols matter and the network has opinions. */
function randomParams(config: Seq2SeqConfig, seed: number): Seq2SeqParams<NdArray> {
  const larger = (a: NdArray, path: string): NdArray => {
    const factor = path.endsWith("bias") ? 0 : /^(source|target)\./.test(path) ? 2 : path.startsWith("output") ? 10 : 3;
    return new NdArray(
      "float32",
      a.shape,
      (a.data as Float32Array).map((v) => factor * v),
    );
  };
  return mapLeaves<NdArray, NdArray>(initSeq2Seq(config, rng(seed)) as Tree<NdArray>, larger) as Seq2SeqParams<NdArray>;
}

/** Sources of lengths 1 to 7 and some empty, of random ids. */
const sources = Array.from({ length: 20 }, (_, i) => {
  const ids = rng(100 + i);
  return Array.from({ length: i % 8 }, () => 3 + ids.integer(6));
});

type Forced = (params: unknown, batch: unknown) => Promise<{ readonly logProbs: NdArray; readonly weights?: NdArray }>;

/** Runs known targets through the network: log p of each symbol, and where each step looked. */
function forcedDecoder(config: Seq2SeqConfig): { run: Forced; dispose: () => Promise<void> } {
  const compiled = compile(
    (
      params: Seq2SeqParams<Tensor>,
      { source, sourceMask, previous }: Record<"source" | "previous", Tensor> & { readonly sourceMask?: Tensor },
    ) => {
      const { logits, weights } = forced(config, params, source, sourceMask ?? null, previous);
      return { logProbs: logSoftmax(logits, -1), ...(weights ? { weights } : {}) };
    },
  );
  return { run: compiled as unknown as Forced, dispose: () => compiled.dispose() };
}

/** What the forced pass says of a hypothesis. */
async function reread(
  run: Forced,
  params: unknown,
  config: Seq2SeqConfig,
  source: readonly number[],
  { target, complete }: Pick<Hypothesis, "target" | "complete">,
): Promise<{ logProb: number; weights: readonly (readonly number[])[] }> {
  const { source: ids, previous } = pairArrays([{ source, target }]);
  const { logProbs, weights } = await run(params, { source: ids, previous });
  const symbols = complete ? [...target, END] : target;
  const scores = logProbs.data as Float32Array;
  return {
    logProb: symbols.reduce((sum, symbol, i) => sum + scores[i * config.targetCount + symbol]!, 0),
    weights: weights
      ? symbols.map((_, i) => [...(weights.data as Float32Array).subarray(i * source.length, (i + 1) * source.length)])
      : [],
  };
}

const open: { dispose(): Promise<void> }[] = [];
const decoderOf = (...args: Parameters<typeof createDecoder>): Decoder => {
  const decoder = createDecoder(...args);
  open.push(decoder);
  return decoder;
};
afterAll(async () => {
  for (const each of open) await each.dispose();
});

/** The same targets, log-probabilities and weights within 1e-5. */
function expectSame(actual: readonly (readonly Hypothesis[])[], expected: readonly (readonly Hypothesis[])[]): void {
  expect(actual.map((list) => list.map(({ target, complete }) => ({ target, complete })))).toEqual(
    expected.map((list) => list.map(({ target, complete }) => ({ target, complete }))),
  );
  const numbers = (all: readonly (readonly Hypothesis[])[]): readonly number[] =>
    all.flat().flatMap((h) => [h.logProb, h.score, ...h.weights.flat()]);
  expectClose(numbers(actual), numbers(expected), { rtol: 0, atol: 1e-5 });
}

describe.each<readonly [string, Partial<Seq2SeqConfig>]>([
  ["additive, input feeding", {}],
  ["coverage, whose state follows the beam", { attention: "coverage" }],
  ["dot", { attention: "dot", inputFeeding: false }],
  ["none", { attention: "none" }],
  ["general, no input feeding", { attention: "general", inputFeeding: false }],
  ["local-m", { attention: "local-m", reach: 2 }],
  ["local-p", { attention: "local-p", reach: 2 }],
  ["location", { attention: "location", longestSource: 12 }],
  ["entmax", { attention: "entmax" }],
  ["hard", { attention: "hard", inputFeeding: false }],
  ["hard, input feeding", { attention: "hard" }],
  ["marginal", { attention: "marginal", inputFeeding: false }],
  ["monotonic, whose alignment follows the beam", { attention: "monotonic", inputFeeding: false }],
])("%s", (name, changes) => {
  const config = { ...base, ...changes };
  const params = randomParams(config, 7);
  const decoder = decoderOf(config, params);

  test.each([{ beam: 1 }, { beam: 4, nbest: 4 }])(
    "a source gives alone what it gives in any batch: %o",
    async (options) => {
      const together = await decoder.decode(sources, options);
      const alone = [];
      for (const source of sources) alone.push(...(await decoder.decode([source], options)));
      expectSame(together, alone);
      const few = await decoder.decode([...sources].reverse(), { ...options, batchSize: 2 });
      expectSame([...few].reverse(), alone);
      expect(new Set(together.flat().map((h) => h.target.join())).size).toBeGreaterThan(4);
    },
  );

  test.each([{ beam: 1 }, { beam: 3, nbest: 3 }])("padding to a few lengths changes nothing: %o", async (options) => {
    const padded = decoderOf(config, params, { buckets: [3, 8, 12] });
    expectSame(await padded.decode(sources, options), await decoder.decode(sources, options));
  });

  test("the forced pass gives each hypothesis its log-probability, and looks where it looked", async () => {
    const { run, dispose } = forcedDecoder(config);
    const some = sources.filter((s) => s.length > 0).slice(0, 7);
    for (const options of [{ beam: 1 }, { beam: 4, nbest: 3 }]) {
      const found = await decoder.decode(some, options);
      for (const [i, list] of found.entries())
        for (const hypothesis of list) {
          const { logProb, weights } = await reread(run, params, config, some[i]!, hypothesis);
          expect(Math.abs(logProb - hypothesis.logProb)).toBeLessThan(1e-5 * Math.max(1, Math.abs(logProb)));
          expect(hypothesis.weights.length).toBe(name === "none" ? 0 : weights.length);
          expectClose(hypothesis.weights.flat(), weights.flat(), { rtol: 0, atol: 1e-5 });
          // The Gaussian of local-p comes after the softmax: its weights sum to less.
          for (const row of hypothesis.weights)
            if (name !== "local-p") expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
        }
    }
    await dispose();
  });

  test("the best of a beam is at least as likely as what is found greedily", async () => {
    const greedy = await decoder.decode(sources);
    const best = await decoder.decode(sources, { beam: 4 });
    // Beside a finished search the greedy path may be dropped for better ones, never all of them for a worse.
    const sum = (all: typeof best): number => all.reduce((total, [h]) => total + h!.logProb, 0);
    expect(sum(best)).toBeGreaterThanOrEqual(sum(greedy) - 1e-4);
  });
});

describe("the decoder", () => {
  const config: Seq2SeqConfig = { ...base, targetCount: 4, encoderLayers: 1 };
  const params = randomParams(config, 9);
  const decoder = decoderOf(config, params);

  test("with room for every target finds the best of all, for an alphabet of one symbol", async () => {
    const { run, dispose } = forcedDecoder(config);
    const source = [4, 7];
    const longest = 2 * source.length + 10;
    const all: { readonly target: readonly number[]; readonly score: number }[] = [];
    for (let n = 0; n < longest; n++) {
      const target = new Array<number>(n).fill(3);
      const { logProb } = await reread(run, params, config, source, { target, complete: true });
      all.push({ target, score: logProb / lengthPenalty(n + 1, 0.6) });
    }
    await dispose();
    all.sort((a, b) => b.score - a.score);
    const [found] = await decoder.decode([source], { beam: longest, nbest: longest, alpha: 0.6 });
    expect(found!.map((h) => h.target.length)).toEqual(all.slice(0, found!.length).map((h) => h.target.length));
    expect(found!.length).toBeGreaterThan(5);
  });

  test("greedy takes the likeliest symbol of every step, and never begin or padding", async () => {
    const { run, dispose } = forcedDecoder(config);
    const some = sources.filter((s) => s.length > 0);
    const found = await decoder.decode(some);
    for (const [i, [h]] of found.entries()) {
      const { target, complete, score, logProb } = h!;
      expect(score).toBe(logProb);
      const { source, previous } = pairArrays([{ source: some[i]!, target }]);
      const { logProbs } = await run(params, { source, previous });
      const likeliest = Array.from({ length: target.length + (complete ? 1 : 0) }, (_, t) => {
        const row = [...(logProbs.data as Float32Array).subarray(t * config.targetCount, (t + 1) * config.targetCount)];
        return row.indexOf(Math.max(...row.slice(END)), END);
      });
      expect(complete ? [...target, END] : target).toEqual(likeliest);
    }
    expect(new Set(found.map(([h]) => h!.target.join())).size).toBeGreaterThan(3);
    await dispose();
  });

  test("stops between batches when the signal comes, with its reason", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(decoder.decode(sources, { signal })).rejects.toThrow("enough");
    expect(await decoder.decode(sources, { signal: new AbortController().signal })).toEqual(
      await decoder.decode(sources),
    );
  });

  test("parameters written in place count when they are fed, not when they are baked", async () => {
    const own = randomParams(config, 9);
    const fed = decoderOf(config, own, { bake: false });
    const baked = decoderOf(config, own);
    const before = await fed.decode(sources);
    expectSame(before, await baked.decode(sources));
    (own.output.bias!.data as Float32Array)[END] = 100;
    expect((await fed.decode(sources)).every(([h]) => h!.target.length === 0 && h!.complete)).toBe(true);
    expectSame(await baked.decode(sources), before);
  });

  test("no sources give no results; an empty source gives one, with empty rows of weights", async () => {
    expect(await decoder.decode([])).toEqual([]);
    const [[found]] = (await decoder.decode([[]])) as [readonly [Hypothesis]];
    expect(Number.isFinite(found.logProb)).toBe(true);
    expect(found.weights.every((row) => row.length === 0)).toBe(true);
  });

  test("with what it reads in another order it says something else, the same in any batch and with any padding", async () => {
    const known = sources.filter((source) => source.length > 1);
    const own = await decoder.decode(known);
    const permuted = decoderOf(config, params, { permute: 5 });
    const turned = await permuted.decode(known);
    // Not by rounding: keys that moved with their values would be found again.
    const moved = turned.map(([h], i) => Math.abs(h!.logProb - own[i]![0]!.logProb));
    expect(Math.max(...moved)).toBeGreaterThan(1e-3);
    expectSame(await permuted.decode(known, { batchSize: 2 }), turned);
    expectSame(await decoderOf(config, params, { permute: 5, buckets: [8, 12] }).decode(known), turned);
    const other = await decoderOf(config, params, { permute: 6 }).decode(known);
    expect(other.flat().map((h) => h.logProb)).not.toEqual(turned.flat().map((h) => h.logProb));
  });

  test("with location attention a source beyond the places that it knows is refused, one up to them is padded to no more", async () => {
    const located: Seq2SeqConfig = { ...config, attention: "location", longestSource: 4 };
    const short = decoderOf(located, randomParams(located, 9), { buckets: [3, 8] });
    expect((await short.decode([[4, 7, 3, 5]]))[0]).toHaveLength(1);
    await expect(short.decode([[3], [4, 7, 3, 5, 4]])).rejects.toThrow(
      "decode: a source must have at most 4 symbols, the places that location attention knows, got 5 in source 1. Train a model",
    );
  });

  test("refuses options and ids that it cannot use", async () => {
    await expect(decoder.decode([[3]], { beam: 0 })).rejects.toThrow("decode: beam must be an integer >= 1, got 0");
    await expect(decoder.decode([[3], [9]])).rejects.toThrow(
      "ids of a source must be integers from 0 to 8, got 9 in source 1",
    );
  });
});

describe("training batches", () => {
  test("a padded pair has the loss and the logits that it has alone", async () => {
    const params = randomParams(base, 11);
    const { run, dispose } = forcedDecoder(base);
    const pairs = [
      { source: [3, 4, 5, 6, 7], target: [3, 4] },
      { source: [8], target: [5, 6, 7, 3] },
      { source: [4, 4, 3], target: [] },
    ];
    const width = base.targetCount;
    const { source, sourceMask, previous } = pairArrays(pairs);
    expect([...(previous.data as Int32Array)].slice(0, 3)).toEqual([BEGIN, 3, 4]);
    const together = await run(params, { source, previous, sourceMask: sourceMask! });
    for (const [i, pair] of pairs.entries()) {
      const one = pairArrays([pair]);
      const alone = await run(params, { source: one.source, previous: one.previous });
      const row = previous.shape[1]! * width;
      const mine = (together.logProbs.data as Float32Array).slice(i * row, i * row + alone.logProbs.size);
      expectClose(mine, alone.logProbs.data as Float32Array, { rtol: 0, atol: 1e-5 });
      // Padding is never looked at, to the last bit.
      const seen = together.weights!.data as Float32Array;
      for (let u = 0; u < previous.shape[1]!; u++)
        for (let s = pair.source.length; s < 5; s++) expect(seen[(i * previous.shape[1]! + u) * 5 + s]).toBe(0);
    }
    await dispose();
  });

  test("which symbol stands at a padded position changes nothing, to the last bit", async () => {
    const params = randomParams(base, 11);
    const { run, dispose } = forcedDecoder(base);
    const { source, sourceMask, previous } = pairArrays([
      { source: [3, 4, 5, 6, 7], target: [3, 4] },
      { source: [8], target: [5, 6] },
    ]);
    const other = new NdArray(
      "int32",
      source.shape,
      (source.data as Int32Array).map((id, i) => ((sourceMask!.data as Uint8Array)[i] ? id : 5)),
    );
    const one = await run(params, { source, previous, sourceMask: sourceMask! });
    const two = await run(params, { source: other, previous, sourceMask: sourceMask! });
    expect(two.logProbs.data).toEqual(one.logProbs.data);
    expect(two.weights!.data).toEqual(one.weights!.data);
    await dispose();
  });
});
