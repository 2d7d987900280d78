// Hard selection: one position, drawn from the distribution.

import { checkOptions, optionError } from "../../core/errors.ts";
import { argMax } from "../../core/ops/order.ts";
import { random } from "../../core/ops/random.ts";
import { where } from "../../core/ops/select.ts";
import type { Selection } from "../contract.ts";
import { categorical, choiceOf, perturbed } from "./categorical.ts";

/** Options of `hard`. */
export interface HardOptions {
  /**
   * Probability, 0 <= p < 1, that a call attends softly instead: its weights are the distribution itself. One coin a
   * call decides for the whole batch. Default 0.
   */
  readonly semiSampling?: number;
}

/**
 * One position, drawn from the distribution by Gumbel-max: s ~ p, z = values[s]. Without a key, the likeliest.
 *
 * Weights (B, S) are one-hot and carry no gradient; the score learns through `logProb` (B), log p(s), by an objective such
 * as `reinforce`. `sample` int32 (B); `entropy` (B) in nats. A row that may look nowhere gets weights, log-probability
 * and entropy 0 and sample 0, and gradients of 0.
 *
 * In a call that attends softly the weights carry the distribution's own gradient, and the log-probability is 0, because
 * nothing was chosen; `sample` is the draw that was not used.
 *
 * Source: Xu et al. 2015 (arXiv:1502.03044), section 4.1: s~_t ~ Multinoulli({alpha_i}), and setting s~ to its expected
 *   value alpha with probability 0.5. Dictionary: alpha = distribution, s~_t = sample, H[s~_t] = entropy.
 *   Differs: the authors toss one coin for all steps of a minibatch, and `semi_sampling_p` of their code is the probability
 *   of sampling; here a call is one step, and the option is the probability of not sampling. Their code gives alpha the
 *   gradient -sample / alpha by hand; here it is that of log p at the chosen position alone, where p > 0.
 *   While evaluating they attend softly unless told otherwise; here `soft` is a selection of its own.
 * @throws HeedError when `semiSampling` is not in [0, 1), or an option is unknown.
 */
export function hard(options: HardOptions = {}): Selection<Record<never, never>> {
  checkOptions("hard", options, ["semiSampling"]);
  const { semiSampling = 0 } = options;
  if (!(semiSampling >= 0 && semiSampling < 1))
    throw optionError(
      "hard",
      "semiSampling must lie in 0 <= semiSampling < 1",
      String(semiSampling),
      semiSampling === 1 ? "Use the selection soft." : undefined,
    );
  return {
    name: "hard",
    init: () => ({}),
    select(_params, step) {
      const from = categorical("hard", step);
      if (!step.key) return choiceOf(from, argMax(from.masses));
      const drawn = choiceOf(from, argMax(perturbed(from, step.key)));
      if (semiSampling === 0) return drawn;
      const softly = random(step.key, [], { type: "bernoulli", probability: semiSampling });
      return {
        ...drawn,
        weights: where(softly, step.mask ? where(step.mask, step.distribution, 0) : step.distribution, drawn.weights),
        logProb: where(softly, 0, drawn.logProb),
      };
    },
  };
}
