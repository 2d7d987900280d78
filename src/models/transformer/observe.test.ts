// What a Transformer looks at, seen from outside: every attention has a name, and watching changes nothing.

import { expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { intervene } from "../../attention/observe/intervene.ts";
import { observe } from "../../attention/observe/observe.ts";
import { sites } from "../../attention/observe/sites.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { pairArrays } from "../seq2seq/batches.ts";
import { small, transformerOf } from "./example.cases.ts";
import { transformerForced, type TransformerForced, type TransformerParams } from "./model.ts";

const params = transformerOf(small, 2);
const { source, sourceMask, previous } = pairArrays([
  { source: [3, 4, 5, 6], target: [3, 7] },
  { source: [7, 3], target: [5] },
]);
const batch = { source, sourceMask: sourceMask!, previous };
type Batch = { readonly source: Tensor; readonly sourceMask: Tensor; readonly previous: Tensor };
const network = (
  p: TransformerParams<Tensor>,
  { source: s, sourceMask: m, previous: before }: Batch,
): TransformerForced => transformerForced(small, p, s, m, before);
type Arrays = { readonly logits: NdArray; readonly weights: NdArray };
const bits = (a: NdArray): readonly number[] => [...(a.data as Float32Array)];
async function run<R>(fn: unknown): Promise<R> {
  await using compiled = compile(fn as (...args: never[]) => unknown);
  return (await (compiled as unknown as (...args: readonly unknown[]) => Promise<unknown>)(params, batch)) as R;
}

test("every attention of every layer is a site", () => {
  expect(sites(network as never, params, batch).map(({ site, shape }) => [site, shape])).toEqual([
    ["encoder.0.self.attention", [2, 3, 4, 4]],
    ["encoder.1.self.attention", [2, 3, 4, 4]],
    ["decoder.0.self.attention", [2, 3, 3, 3]],
    ["decoder.0.cross.attention", [2, 3, 3, 4]],
    ["decoder.1.self.attention", [2, 3, 3, 3]],
    ["decoder.1.cross.attention", [2, 3, 3, 4]],
  ]);
});

test("observed, it gives the same to the last bit, and its weights are the mean of the last layer's heads", async () => {
  const plain = await run<Arrays>(network);
  type Seen = { result: Arrays; seen: Readonly<Record<string, { weights: NdArray }>> };
  const { result, seen } = await run<Seen>(observe(network, "*"));
  expect(bits(result.logits)).toEqual(bits(plain.logits));
  const heads = bits(seen["decoder.1.cross.attention"]!.weights);
  const [B, U, S, H] = [2, 3, 4, 3];
  const mean = Array.from({ length: B * U * S }, (_, i) => {
    const [b, rest] = [Math.floor(i / (U * S)), i % (U * S)];
    return Array.from({ length: H }, (__, h) => heads[(b * H + h) * U * S + rest]!).reduce((x, y) => x + y) / H;
  });
  expectClose(bits(plain.weights), mean, { rtol: 1e-6 });
});

test.each(["encoder.0.self.attention", "decoder.1.self.attention", "decoder.0.cross.attention"])(
  "without what %s looks at it says something else",
  async (site) => {
    const blind = await run<Arrays>(intervene(network, { [site]: (weights) => mul(weights, 0) }));
    expect(bits(blind.logits)).not.toEqual(bits((await run<Arrays>(network)).logits));
  },
);

test("weights that were changed from outside are those that it tells of", async () => {
  const blind = await run<Arrays>(intervene(network, { "decoder.1.cross.*": (weights) => mul(weights, 0) }));
  expect(bits(blind.weights).every((w) => w === 0)).toBe(true);
});
