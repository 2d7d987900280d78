// Scaled dot-product attention of some rows of queries, written with primitives: what every lowering computes.
// Axes: B batch, H heads, T rows of queries, S keys, D head size, E value size. Heads first, as matrix products want them.

import { add, div, mul, sub } from "../../core/ops/binary.ts";
import { less, or } from "../../core/ops/compare.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { broadcastTo, transpose } from "../../core/ops/movement.ts";
import { max } from "../../core/ops/reduce.ts";
import { cast, where } from "../../core/ops/select.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { abs, tanh } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import { lowest } from "../normalizers/allowed.ts";
import { madeLike, mayBeEmpty, type ScoreRules } from "./rules.ts";

/** Queries (B, H, T, D), keys (B, H, S, D), values (B, H, S, E). */
export interface Operands {
  readonly query: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** The stages of the weights (B, H, T, S): scaled scores as the user's function left them; with bias, blocked ones lowest; probabilities; after dropout. */
export interface WeightStages {
  readonly logits: Tensor;
  readonly masked: Tensor;
  readonly probs: Tensor;
  readonly dropped: Tensor;
  /** What the mask allows; null: everything. */
  readonly allowed: Tensor | null;
}

/**
 * From operands to weights, in the order that the ONNX standard and the fused kernels have: scale, soft-cap, the user's
 * function, bias, mask, softmax, dropout.
 *
 * @param at - the positions of the rows, for the mask and the user's function.
 */
export function weighRows(
  { query, keys }: Pick<Operands, "query" | "keys">,
  rules: ScoreRules,
  at: MaskCoordinates,
): WeightStages {
  const { scale, softCap, scoreMod, mask, sizes, normalize, drop } = rules;
  const scaled = matmul(mul(query, scale), transpose(keys)); // (B, H, T, S)
  const capped = softCap === null ? scaled : mul(tanh(div(scaled, softCap)), softCap);
  const logits = scoreMod ? madeLike("attention", "scoreMod", scoreMod(capped, at), capped) : capped;
  const bias = mask?.bias(at, sizes) ?? null;
  const biased = bias ? add(logits, bias) : logits;
  const allowed = mask?.allowed(at, sizes) ?? null;
  const masked = allowed ? where(allowed, biased, lowest) : biased;
  const normal = normalize
    ? madeLike("attention", "normalize", normalize(masked, allowed && broadcastTo(allowed, masked.shape)), masked)
    : softRows(masked, allowed, rules);
  const probs = rules.alterations.reduce((weights, alter) => alter(weights, at), normal);
  return { logits, masked, probs, dropped: drop ? drop(probs) : probs, allowed };
}

/** Softmax of masked scores; a row without any allowed key as the policy has it. */
function softRows(masked: Tensor, allowed: Tensor | null, rules: ScoreRules): Tensor {
  const soft = softmax(masked, -1);
  if (!allowed) return soft;
  // Beside -Infinity at all keys that a row may see, the lowest number of those that are blocked would be the largest score.
  const mayBeLower = rules.scoreMod !== null || rules.mask!.addsBias;
  // Where all are blocked the softmax is uniform: all scores are the lowest.
  if (rules.emptyRows !== "uniform") return mayBeLower || mayBeEmpty(rules) ? where(allowed, soft, 0) : soft;
  if (!mayBeLower || rules.sizes.keyLength === 0) return soft;
  const empty = less(max(cast(allowed, "float32"), -1, { keepDims: true }), 0.5);
  return where(or(allowed, empty), soft, 0);
}

/** The context of some rows: (B, H, T, E). */
export function attendRows(operands: Operands, rules: ScoreRules, at: MaskCoordinates): Tensor {
  const { dropped, allowed } = weighRows(operands, rules, at);
  return rules.guard && allowed ? guarded(dropped, allowed, operands.values) : matmul(dropped, operands.values);
}

/** The product of weights and values in which a value that is not finite reaches only the rows that may look at it, as NaN. */
function guarded(weights: Tensor, allowed: Tensor, values: Tensor): Tensor {
  const finite = less(abs(values), Infinity);
  const context = matmul(weights, where(finite, values, 0));
  const odd = sub(1, cast(finite, "float32")); // (B, H, S, E)
  const met = matmul(cast(broadcastTo(allowed, weights.shape), "float32"), odd);
  return where(less(0, met), NaN, context);
}
