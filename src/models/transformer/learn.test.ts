// A tiny training: the Transformer learns to turn a word round, in seconds.

import { expect, test } from "vitest";
import { valueAndGrad } from "../../core/grad.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { foldIn, randomKey, rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { crossEntropy } from "../../train/losses.ts";
import { adamw } from "../../train/optim/adamw.ts";
import { cosine } from "../../train/schedule.ts";
import { pairArrays, type Pair } from "../seq2seq/batches.ts";
import type { TransformerConfig } from "./config.ts";
import { createTransformerDecoder } from "./decode.ts";
import { initTransformer, transformerForced, type TransformerParams } from "./model.ts";

const config: TransformerConfig = {
  sourceCount: 9,
  targetCount: 9,
  modelSize: 32,
  headCount: 4,
  innerSize: 64,
  encoderLayers: 1,
  decoderLayers: 1,
  positions: "sinusoidal",
  activation: "relu",
  norm: "pre",
  tiedOutput: false,
};

/** Words of 1 to 4 of six symbols, and the same turned round. */
function words(count: number, seed: number): readonly Pair[] {
  const draw = rng(seed);
  return Array.from({ length: count }, () => {
    const source = Array.from({ length: 1 + draw.integer(4) }, () => 3 + draw.integer(6));
    return { source, target: [...source].reverse() };
  });
}

type Batch = Readonly<Record<"source" | "sourceMask" | "previous" | "target" | "targetMask", Tensor>>;
type Step = (...args: readonly unknown[]) => Promise<{ value: NdArray; grad: TransformerParams<NdArray> }>;

test("turns words round", async () => {
  const loss = (params: TransformerParams<Tensor>, batch: Batch, key: Tensor): Tensor => {
    const drop = { rate: 0.02, inner: 0.02, perSequence: true, key };
    const { logits } = transformerForced(config, params, batch.source, batch.sourceMask, batch.previous, drop);
    return crossEntropy(logits, batch.target, { mask: batch.targetMask }).loss;
  };
  const compiled = compile((...args: Parameters<typeof loss>): unknown => valueAndGrad(loss)(...args), {
    mode: "training",
    threads: 1,
  });
  const step = compiled as unknown as Step;
  const params = initTransformer(config, rng(1));
  const optimizer = adamw({ weightDecay: 0, beta2: 0.98 });
  const tree = params as Tree<NdArray>;
  const state = optimizer.init(tree);
  const total = 240;
  const schedule = cosine({ peak: 5e-3, warmup: 20, total });
  const losses: number[] = [];
  for (let i = 0; i < total; i++) {
    // The first word is of the longest length, so that all batches have one shape.
    const batch = pairArrays([{ source: [3, 4, 5, 6], target: [6, 5, 4, 3] }, ...words(31, 100 + i)]);
    const { value, grad } = await step(params, batch, foldIn(randomKey(5), i));
    losses.push(value.data[0] as number);
    optimizer.updateHost(tree, grad as Tree<NdArray>, state, { rate: schedule(i), time: i + 1 }, 1);
  }
  await compiled.dispose();
  expect(losses[0]).toBeGreaterThan(1.5);
  expect(losses.at(-1)).toBeLessThan(0.3);
  const decoder = createTransformerDecoder(config, params, { buckets: [4], threads: 1 });
  const fresh = words(100, 7);
  for (const beam of [1, 3]) {
    const found = await decoder.decode(
      fresh.map((pair) => pair.source),
      { beam },
    );
    const right = found.filter(([best], i) => best!.target.join() === fresh[i]!.target.join()).length;
    expect(right).toBeGreaterThan(90);
  }
  await decoder.dispose();
}, 60_000);
