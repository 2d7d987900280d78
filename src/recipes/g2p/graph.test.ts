// The printed graph of a training step, loss and gradients: a refactor leaves it as it is, and a change that alters what is
// computed shows here, to be read in review. Such a change raises `computationVersion` too.

import { expect, test } from "vitest";
import { valueAndGrad } from "../../core/grad.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import { printGraph } from "../../core/print.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapLeaves } from "../../core/tree.ts";
import { initSeq2Seq, type Seq2SeqParams } from "../../models/seq2seq/model.ts";
import { g2pLoss } from "./objective.ts";

test("the graph of a training step", async () => {
  const config = {
    sourceCount: 5,
    targetCount: 6,
    embeddingSize: 2,
    encoderSize: 3,
    encoderLayers: 1,
    decoderSize: 4,
    attentionalSize: 7,
    attention: "additive",
    alignmentSize: 8,
    inputFeeding: true,
  } as const;
  const params = mapLeaves<NdArray, Tensor>(initSeq2Seq(config, rng(1)), ({ dtype, shape }, path) =>
    input(shape, dtype, path),
  ) as Seq2SeqParams<Tensor>;
  const [B, S, U] = [2, 2, 2];
  const batch = {
    source: input([B, S], "int32", "source"),
    sourceMask: undefined,
    previous: input([B, U], "int32", "previous"),
    target: input([B, U], "int32", "target"),
    targetMask: input([B, U], "bool", "targetMask"),
  };
  const step = valueAndGrad(g2pLoss(config, { dropout: 0.3, smoothing: 0.1 }));
  const graph = printGraph(step(params, batch, input([2], "int32", "key")));
  await expect(`${graph}\n`).toMatchFileSnapshot("graph.snapshot.txt");
});
