// The gradient of alpha-entmax, in the scores and in alpha, from its weights alone.

import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { less, lessEqual } from "../../core/ops/compare.ts";
import { customGradient, stopGradient } from "../../core/ops/control.ts";
import { pow } from "../../core/ops/pow.ts";
import { where } from "../../core/ops/select.ts";
import { abs, exp, log, neg, sqrt, square } from "../../core/ops/unary.ts";
import { Tensor } from "../../core/tensor.ts";
import { rowSum } from "./sparse-rows.ts";

/**
 * `weights` with the gradient that entmax has in `scores`, and in `alpha` where that is a tensor (a scalar or (..., 1)).
 *
 * With s = p^(2 - alpha) on the support and 0 elsewhere, and m = sum(s g) / sum(s), the gradient is s (g - m) in the
 * scores and sum(r (g - m)) in alpha, where r = dp/dalpha at a fixed threshold. What lies outside the support is chosen
 * away, never multiplied by 0: g may be infinite there, as that of log p is. The gradient has a gradient in turn.
 *
 * Source: Peters, Niculae and Martins, ACL 2019 (arXiv:1905.05702), section 3, for the scores; Correia, Niculae and
 *   Martins, EMNLP 2019 (arXiv:1909.00015), Proposition 1, for alpha.
 *   Differs: their (p - s / sum s) / (alpha - 1)^2 + h / (alpha - 1) is the difference of two large numbers near
 *   alpha = 1; r is its closed form without a division by alpha - 1.
 */
export function withEntmaxGradient(scores: Tensor, alpha: Tensor | number, weights: Tensor): Tensor {
  const inputs = alpha instanceof Tensor ? [scores, alpha] : [scores];
  return customGradient(
    inputs,
    () => weights,
    (g, [x, a = alpha], value) => {
      // The value again with this gradient, so that a gradient of the gradient does not enter the search for a threshold.
      const p = withEntmaxGradient(x!, a, value);
      const outside = lessEqual(p, 0);
      const inside = where(outside, 1, p);
      const s = where(outside, 0, slopeOf(inside, a));
      const felt = where(outside, 0, g);
      const centred = sub(felt, div(rowSum(mul(s, felt)), rowSum(s)));
      const inScores = where(outside, 0, mul(s, centred));
      if (!(a instanceof Tensor)) return [inScores];
      return [inScores, rowSum(where(outside, 0, mul(slopeInAlpha(inside, a), centred)))];
    },
  );
}

/** p^(2 - alpha), p > 0: the slope of a weight in its score at a fixed threshold. */
function slopeOf(p: Tensor, alpha: Tensor | number): Tensor {
  // p / p is 1, and NaN where the weight is.
  if (alpha === 2) return stopGradient(div(p, p));
  if (alpha === 1.5) return sqrt(p);
  return pow(p, sub(2, alpha));
}

/**
 * The slope of a weight p > 0 in alpha at a fixed threshold: with b = alpha - 1, p = u^(1/b) and u = 1 + b v, it is
 * p (v / (b u) - log u / b^2) = -p (log p)^2 phi(b log p), where phi(y) = (e^-y - 1 + y) / y^2.
 */
function slopeInAlpha(p: Tensor, alpha: Tensor): Tensor {
  const logP = log(p);
  return neg(mul(mul(p, square(logP)), phi(mul(sub(alpha, 1), logP))));
}

// 1 / 2!, -1 / 3!, 1 / 4!, ...: the Taylor series of phi at 0.
const taylor = [1 / 2, -1 / 6, 1 / 24, -1 / 120, 1 / 720, -1 / 5040, 1 / 40320, -1 / 362880] as const;

/** (e^-y - 1 + y) / y^2: by its series where the difference would lose its digits. */
function phi(y: Tensor): Tensor {
  const isSmall = less(abs(y), 0.5);
  const small = where(isSmall, y, 0);
  const large = where(isSmall, 1, y);
  const series = taylor.reduceRight<Tensor | number>((rest, c) => add(mul(rest, small), c), 0) as Tensor;
  return where(isSmall, series, div(add(sub(exp(neg(large)), 1), large), square(large)));
}
