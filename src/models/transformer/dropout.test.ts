// Dropout of a Transformer: where it falls, how many numbers are drawn for it, and that without a key there is none.

import { describe, expect, test } from "vitest";
import type { NdArray } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import { printGraph } from "../../core/print.ts";
import { randomKey, rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { evaluate } from "../../engine/compile.ts";
import { pairArrays } from "../seq2seq/batches.ts";
import { small, transformerOf } from "./example.cases.ts";
import type { TransformerDropout } from "./layers.ts";
import { initTransformer, transformerForced, type TransformerParams } from "./model.ts";

const config = { ...small, encoderLayers: 1, decoderLayers: 1 };
const [B, S, U, N, F, H] = [2, 4, 3, 12, 10, 3];

/** The shapes that are drawn. */
function draws(
  drop: Omit<TransformerDropout, "key">,
  key: Tensor | null = input([2], "int32", "key"),
): readonly string[] {
  const params = mapTree<unknown, NdArray, Tensor>(initTransformer(config, rng(1)), (a) =>
    input(a.shape),
  ) as TransformerParams<Tensor>;
  const ids = (T: number): Tensor => input([B, T], "int32");
  const graph = printGraph(transformerForced(config, params, ids(S), null, ids(U), { ...drop, key }).logits);
  return [...graph.matchAll(/= random\(.*: bool\[([\d, ]+)\]/g)].map(([, shape]) => shape!.replaceAll(" ", "")).sort();
}

describe("what is drawn", () => {
  const source = [B, S, N].join();
  const target = [B, U, N].join();
  const weights = [
    [B, H, S, S],
    [B, H, U, U],
    [B, H, U, S],
  ].map((shape) => shape.join());

  test("what enters, what each sub-layer adds, and attention weights", () => {
    const all = [source, source, source, target, target, target, target];
    expect(draws({ rate: 0.1 })).toEqual([...all, ...weights].sort());
    expect(draws({ rate: 0.1, attention: 0 })).toEqual(all.sort());
  });

  test("inside the feed-forward sub-layers where that is said; one draw a sequence", () => {
    expect(draws({ rate: 0, inner: 0.1 })).toEqual([[B, S, F].join(), [B, U, F].join()].sort());
    const shared = new Array<string>(7).fill([B, 1, N].join());
    const inner = new Array<string>(2).fill([B, 1, F].join());
    expect(draws({ rate: 0.1, attention: 0, inner: 0.1, perSequence: true })).toEqual([...shared, ...inner].sort());
  });

  test("nothing without a key", () => {
    expect(draws({ rate: 0.1, inner: 0.1 }, null)).toEqual([]);
  });
});

test("a key gives one result, another key another", async () => {
  const params = transformerOf(config, 10);
  const { source, previous } = pairArrays([{ source: [3, 4, 5, 6], target: [3, 4] }]);
  const logits = (p: TransformerParams<Tensor>, s: Tensor, before: Tensor, key: Tensor): Tensor =>
    transformerForced(config, p, s, null, before, { rate: 0.3, key }).logits;
  const run = async (seed: number): Promise<readonly number[]> => {
    const evaluated = evaluate as unknown as (...args: readonly unknown[]) => Promise<NdArray>;
    return [...((await evaluated(logits, params, source, previous, randomKey(seed))).data as Float32Array)];
  };
  expect(await run(1)).toEqual(await run(1));
  expect(await run(2)).not.toEqual(await run(1));
});
