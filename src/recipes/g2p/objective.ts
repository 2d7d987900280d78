// What the recipe minimises, by the network and its attention: cross-entropy, REINFORCE, or a likelihood with the alignment summed out.

import type { PositionObjective } from "../../attention/objectives/contract.ts";
import { marginal } from "../../attention/objectives/marginal.ts";
import { monotonicMarginal } from "../../attention/objectives/monotonic-marginal.ts";
import { optionError } from "../../core/errors.ts";
import type { LossResult } from "../../core/grad.ts";
import type { NdArray } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import { forced } from "../../models/seq2seq/model.ts";
import type { Seq2SeqParams } from "../../models/seq2seq/params.ts";
import { positionSteps } from "../../models/seq2seq/position-steps.ts";
import type { TransformerConfig } from "../../models/transformer/config.ts";
import { transformerForced, type TransformerParams } from "../../models/transformer/model.ts";
import { crossEntropy } from "../../train/losses.ts";
import { hardObjective } from "./hard-objective.ts";
import type { G2pSettings } from "./settings.ts";

/** A batch of pairs as the graph reads it; axes and meaning as in `PairBatch`, without a mask where no source is padded. */
export type G2pStepInput = {
  readonly source: Tensor;
  readonly sourceMask: Tensor | undefined;
  readonly previous: Tensor;
  readonly target: Tensor;
  readonly targetMask: Tensor;
};

/** What a loss gives beside itself. */
export type G2pAside = {
  /** For the next step; a tree like the objective's `begin`. */
  readonly state: Tree<Tensor>;
  /** Scalars by name, which the training's events tell. */
  readonly metrics: Readonly<Record<string, Tensor>>;
};

/** What a training minimises. `P` is the network's tree of parameters. */
export interface G2pObjective<P> {
  /** What the loss carries from step to step, before the first; `{}` for nothing. */
  readonly begin: Tree<NdArray>;
  /** The loss of a batch as a graph. @param key - int32[2], for dropout and for choices. */
  loss(params: P, batch: G2pStepInput, key: Tensor, state: Tree<Tensor>): LossResult<G2pAside | undefined>;
}

type Regularized = Pick<G2pSettings, "dropout" | "smoothing">;

/** The cross-entropy of a batch as a graph: what the recipe trains where attention is soft. */
export function g2pLoss(
  config: Seq2SeqConfig,
  { dropout, smoothing }: Regularized,
): (params: Seq2SeqParams<Tensor>, batch: G2pStepInput, key: Tensor) => Tensor {
  return (params, batch, key) => {
    const { logits } = forced(config, params, batch.source, batch.sourceMask ?? null, batch.previous, {
      rate: dropout,
      key,
    });
    return crossEntropy(logits, batch.target, { mask: batch.targetMask, smoothing }).loss;
  };
}

/**
 * The objective of a recurrent network.
 *
 * @throws HeedError "option" when labels are smoothed where the objective is a likelihood over alignments.
 */
export function g2pObjective(
  config: Seq2SeqConfig,
  settings: Regularized & Pick<G2pSettings, "hard">,
): G2pObjective<Seq2SeqParams<Tensor>> {
  const { attention, inputFeeding } = config;
  if (attention !== "hard" && attention !== "marginal" && attention !== "monotonic")
    return { begin: {}, loss: g2pLoss(config, settings) };
  if (settings.smoothing !== 0)
    throw optionError(
      "g2pObjective",
      `with ${attention} attention smoothing must be 0`,
      String(settings.smoothing),
      "What is trained is the likelihood of the word itself.",
    );
  if (attention === "hard") return hardObjective(config, settings, inputFeeding ? "future" : "step");
  return positionObjective(config, settings, attention === "marginal" ? marginal : monotonicMarginal());
}

/**
 * The objective of a Transformer: cross-entropy. Attention weights are left whole, as in the recurrent network
 * (docs/decisions/0011), and all positions of a word share one draw.
 */
export function transformerObjective(
  config: TransformerConfig,
  { dropout, smoothing }: Regularized,
): G2pObjective<TransformerParams<Tensor>> {
  return {
    begin: {},
    loss(params, { source, sourceMask, previous, target, targetMask }, key) {
      const drop = { rate: dropout, attention: 0, perSequence: true, key };
      const { logits } = transformerForced(config, params, source, sourceMask ?? null, previous, drop);
      return crossEntropy(logits, target, { mask: targetMask, smoothing }).loss;
    },
  };
}

function positionObjective(
  config: Seq2SeqConfig,
  { dropout }: Regularized,
  objective: PositionObjective<Record<never, never>>,
): G2pObjective<Seq2SeqParams<Tensor>> {
  return {
    begin: {},
    loss: (params, batch, key) =>
      objective.loss({}, positionSteps(config, params, batch, { rate: dropout, key }), {}).loss,
  };
}
