// One training step of a small sequence-to-sequence model: the same in Node and in a page.

import type { NdArray } from "../../src/core/ndarray.ts";
import { valueAndGrad } from "../../src/core/grad.ts";
import { randomKey, rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { leaves } from "../../src/core/tree.ts";
import { compile } from "../../src/engine/compile.ts";
import type { Device } from "../../src/engine/runtime.ts";
import { pairArrays } from "../../src/models/seq2seq/batches.ts";
import type { Seq2SeqConfig } from "../../src/models/seq2seq/config.ts";
import { initSeq2Seq, type Seq2SeqParams } from "../../src/models/seq2seq/model.ts";
import { g2pLoss, type G2pStepInput } from "../../src/recipes/g2p/objective.ts";

const config: Seq2SeqConfig = {
  sourceCount: 14,
  targetCount: 17,
  embeddingSize: 12,
  encoderSize: 16,
  encoderLayers: 2,
  decoderSize: 24,
  attentionalSize: 20,
  attention: "additive",
  alignmentSize: 18,
  inputFeeding: true,
};

/** Pairs of several lengths, so that the masks have something to do. */
const pairs = [5, 3, 6, 2, 4].map((length, i) => ({
  source: Array.from({ length }, (_, t) => 3 + ((5 * i + 2 * t) % 11)),
  target: Array.from({ length: length + (i % 2) }, (_, t) => 3 + ((3 * i + t) % 14)),
}));

/** The loss as `loss`, and the gradient of every parameter by its path. */
export type StepResult = Readonly<Record<string, readonly number[]>>;

/** Runs the step twice on a device, with dropout and label smoothing, and returns the second result. */
export async function trainingStep(device: Device): Promise<StepResult> {
  const loss = g2pLoss(config, { dropout: 0.25, smoothing: 0.1 });
  const step = compile(
    (params: Seq2SeqParams<Tensor>, batch: G2pStepInput, key: Tensor) => valueAndGrad(loss)(params, batch, key),
    { device, mode: "training", name: "training step" },
  );
  const run = step as unknown as (...args: readonly unknown[]) => Promise<{ value: NdArray; grad: unknown }>;
  const args = [initial(), pairArrays(pairs), randomKey(11)];
  try {
    await run(...args);
    const { value, grad } = await run(...args);
    const arrays = [["loss", value] as const, ...leaves<NdArray>(grad)];
    return Object.fromEntries(arrays.map(([path, { data }]) => [path, Array.from(data as Float32Array)]));
  } finally {
    await step.dispose();
  }
}

/**
 * Parameters three times as large as training begins with: states and weights then differ from position to position.
 * Right after `initSeq2Seq` they hardly do, and the gradient of the query, a sum that nearly cancels, is rounding alone.
 */
function initial(): Seq2SeqParams<NdArray> {
  const params = initSeq2Seq(config, rng(7));
  for (const [, array] of leaves<NdArray>(params)) {
    const data = array.data as Float32Array;
    data.set(data.map((x) => 3 * x));
  }
  return params;
}
