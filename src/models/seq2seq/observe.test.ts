// What the network looks at, seen from outside: the same as it says itself, and without any effect.

import { expect, test } from "vitest";
import { intervene } from "../../attention/observe/intervene.ts";
import { observe } from "../../attention/observe/observe.ts";
import { sites } from "../../attention/observe/sites.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { pairArrays } from "./batches.ts";
import type { Seq2SeqConfig } from "./config.ts";
import { forced, initSeq2Seq, type ForcedResult, type Seq2SeqParams } from "./model.ts";

const config: Seq2SeqConfig = {
  sourceCount: 8,
  targetCount: 9,
  embeddingSize: 4,
  encoderSize: 3,
  encoderLayers: 1,
  decoderSize: 6,
  attentionalSize: 5,
  attention: "coverage",
  alignmentSize: 4,
  inputFeeding: true,
};
const params = initSeq2Seq(config, rng(2));
const pairs = [
  { source: [3, 4, 5, 6], target: [3, 8, 4] },
  { source: [7, 3], target: [5] },
];
type Batch = { readonly source: Tensor; readonly sourceMask: Tensor; readonly previous: Tensor };
const { source, sourceMask, previous } = pairArrays(pairs);
const batch = { source, sourceMask: sourceMask!, previous };
const network = (p: Seq2SeqParams<Tensor>, { source: s, sourceMask: m, previous: before }: Batch): ForcedResult =>
  forced(config, p, s, m, before);
type Run = (...args: readonly unknown[]) => Promise<unknown>;
type Arrays = { readonly logits: NdArray; readonly weights: NdArray };
const bits = (a: NdArray): readonly number[] => [...(a.data as Float32Array)];

test("every step of the decoder is a site", () => {
  expect(sites(network as never, params, batch).map(({ site, shape }) => [site, shape])).toEqual(
    ["", "#1", "#2", "#3"].map((n) => [`decoder.attention${n}`, [2, 1, 1, 4]]),
  );
});

test.each(["cpu", "wasm"] as const)("observed, it gives the same to the last bit on %s", async (device) => {
  await using plain = compile(network, { device });
  await using seen = compile(observe(network, "decoder.*"), { device });
  const expected = (await (plain as unknown as Run)(params, batch)) as Arrays;
  const got = (await (seen as unknown as Run)(params, batch)) as {
    readonly result: Arrays;
    readonly seen: Readonly<Record<string, { readonly weights: NdArray }>>;
  };
  expect(bits(got.result.logits)).toEqual(bits(expected.logits));
  const rows = Object.values(got.seen).map(({ weights }) => bits(weights));
  const [B, U, S] = expected.weights.shape as readonly [number, number, number];
  for (let b = 0; b < B; b++)
    for (let u = 0; u < U; u++)
      expect(rows[u]!.slice(b * S, (b + 1) * S)).toEqual(
        bits(expected.weights).slice((b * U + u) * S, (b * U + u + 1) * S),
      );
});

test("without what it looks at it says something else", async () => {
  const blind = intervene(network, { "decoder.attention*": (weights) => mul(weights, 0) });
  await using plain = compile(network);
  await using other = compile(blind);
  const expected = (await (plain as unknown as Run)(params, batch)) as Arrays;
  const got = (await (other as unknown as Run)(params, batch)) as Arrays;
  expect(bits(got.weights).every((w) => w === 0)).toBe(true);
  expect(bits(got.logits)).not.toEqual(bits(expected.logits));
});
