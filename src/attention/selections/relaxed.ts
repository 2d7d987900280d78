// Relaxed choices: Gumbel-softmax, and its straight-through form.

import { checkOptions, optionError } from "../../core/errors.ts";
import { div, mul } from "../../core/ops/binary.ts";
import { customGradient } from "../../core/ops/control.ts";
import { argMax } from "../../core/ops/order.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Selection } from "../contract.ts";
import { maskedSoftmax } from "../normalizers/softmax.ts";
import { categorical, choiceOf, perturbed, type Categorical } from "./categorical.ts";

/** Options of `gumbelSoftmax` and `straightThrough`. */
export interface RelaxedOptions {
  /** How far from a one-hot choice a draw may be: a number > 0. Low: little bias, much variance. */
  readonly temperature: number;
}

/**
 * A relaxed draw: weights softmax((log p + g) / temperature) with Gumbel noise g, differentiable in p.
 *
 * Weights (B, S) sum to 1 and come closer to one-hot as the temperature falls; their gradient is that of the relaxed loss,
 * a biased estimate of that of `hard`. Without a key: the likeliest position, one-hot, without gradient. A row that may
 * look nowhere gets weights 0. No `sample`: nothing is chosen.
 *
 * Source: Jang, Gu and Poole 2017 (arXiv:1611.01144), eq. 2; Maddison, Mnih and Teh 2017 (arXiv:1611.00712), the Concrete
 *   distribution. Dictionary: pi = distribution, tau (lambda) = temperature, y = weights.
 * @throws HeedError when `temperature` is not a finite number > 0 (0 would divide by zero: that limit is `hard`), or an
 *   option is unknown.
 */
export function gumbelSoftmax(options: RelaxedOptions): Selection<Record<never, never>> {
  const temperature = temperatureOf("gumbelSoftmax", options);
  return {
    name: "gumbelSoftmax",
    init: () => ({}),
    select(_params, step) {
      const from = categorical("gumbelSoftmax", step);
      if (!step.key) return { weights: choiceOf(from, argMax(from.masses)).weights };
      return { weights: relax(from, perturbed(from, step.key), temperature) };
    },
  };
}

/**
 * A draw whose weights (B, S) are exactly one-hot, and whose gradient is that of the Gumbel-softmax draw it was rounded from.
 *
 * The values are those of `hard`, the gradient is biased. `sample` int32 (B), `logProb` and `entropy` (B) as by `hard`.
 * Without a key: the likeliest position, without gradient. A row that may look nowhere gets weights, log-probability and
 * entropy 0 and sample 0.
 *
 * Source: Jang, Gu and Poole 2017 (arXiv:1611.01144), section 2.2, Straight-Through Gumbel-Softmax; the idea is Bengio,
 *   Leonard and Courville 2013 (arXiv:1308.3432).
 *   Differs: the gradient is given by a rule. Common code adds y_hard - stop(y) + y, which is not one-hot in floats.
 * @throws HeedError when `temperature` is not a finite number > 0, or an option is unknown.
 */
export function straightThrough(options: RelaxedOptions): Selection<Record<never, never>> {
  const temperature = temperatureOf("straightThrough", options);
  return {
    name: "straightThrough",
    init: () => ({}),
    select(_params, step) {
      const from = categorical("straightThrough", step);
      if (!step.key) return choiceOf(from, argMax(from.masses));
      const noisy = perturbed(from, step.key);
      const drawn = choiceOf(from, argMax(noisy));
      const weights = customGradient(
        [relax(from, noisy, temperature)],
        () => drawn.weights,
        (g) => [g],
      );
      return { ...drawn, weights };
    },
  };
}

function relax({ support, presence }: Categorical, noisy: Tensor, temperature: number): Tensor {
  // A NaN stands outside the support; the presence passes it on.
  return mul(maskedSoftmax(div(noisy, temperature), support), presence);
}

function temperatureOf(name: string, options: RelaxedOptions): number {
  checkOptions(name, options, ["temperature"]);
  const temperature: unknown = (options as RelaxedOptions | undefined)?.temperature;
  if (typeof temperature !== "number" || !Number.isFinite(temperature) || temperature <= 0)
    throw optionError(
      name,
      "temperature must be a finite number > 0",
      String(temperature),
      temperature === 0 ? "The limit of temperature 0 is the selection hard." : undefined,
    );
  return temperature;
}
