// How hard attention is trained: REINFORCE on positions that were drawn.

import { leaveOneOut, movingAverage, selfCritical, type Baseline } from "../../attention/objectives/baselines.ts";
import { reinforce } from "../../attention/objectives/reinforce.ts";
import type { Credit } from "../../attention/objectives/score-function.ts";
import { optionError } from "../../core/errors.ts";
import { broadcastTo, expandDims, reshape, squeeze, transpose } from "../../core/ops/movement.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import type { Seq2SeqParams } from "../../models/seq2seq/params.ts";
import { sampledRuns } from "../../models/seq2seq/sampled-runs.ts";
import type { G2pObjective } from "./objective.ts";
import type { G2pSettings, HardSettings } from "./settings.ts";

/**
 * The objective of a network with `hard` attention: `reinforce`, whose reward is the log-likelihood of the phoneme.
 *
 * @param credit - `step` where the decoder's state does not depend on what was chosen, so that a choice answers for its own
 *   phoneme alone; `future` where it does.
 * @throws HeedError "option" when there are too few samples for the baseline.
 */
export function hardObjective(
  config: Seq2SeqConfig,
  { dropout, hard }: Pick<G2pSettings, "dropout" | "hard">,
  credit: Credit,
): G2pObjective<Seq2SeqParams<Tensor>> {
  if (!hard) throw optionError("hardObjective", "hard attention needs the settings of its training", "none");
  const { baseline, samples, entropyBonus, semiSampling } = hard;
  const greedy = baseline === "self-critical";
  const objective = reinforce({ baseline: baselineOf(hard), credit, entropyBonus });
  return {
    begin: objective.begin(),
    loss(params, batch, key, state) {
      const runs = sampledRuns(config, params, batch, { rate: dropout, key }, { key, samples, greedy, semiSampling });
      // Rows are the samples of the first word, then of the second, and so on.
      const drawn = (x: Tensor): Tensor => rows(sliceAxis(x, 0, 0, samples));
      const each = (x: Tensor): Tensor => rows(broadcastTo(expandDims(x, 0), [samples, ...x.shape]));
      const {
        loss,
        state: next,
        metrics,
      } = objective.loss(
        {},
        {
          logLikelihood: drawn(runs.logLikelihood),
          logProb: drawn(runs.logProb),
          entropy: drawn(runs.entropy),
          steps: each(batch.targetMask),
          ...(greedy ? { greedyReward: each(squeeze(sliceAxis(runs.logLikelihood, 0, samples, samples + 1), 0)) } : {}),
        },
        state,
      );
      return { loss, aux: { state: next, metrics } };
    },
  };
}

function baselineOf({ baseline, samples }: HardSettings): Baseline<Record<never, never>> {
  switch (baseline) {
    case "average":
      return movingAverage();
    case "self-critical":
      return selfCritical;
    case "leave-one-out":
      return leaveOneOut({ samples });
  }
}

/** (K, B, U) -> (B K, U). */
function rows(x: Tensor): Tensor {
  const [K, B, U] = x.shape as readonly [number, number, number];
  return reshape(transpose(x, [1, 0, 2]), [B * K, U]);
}
