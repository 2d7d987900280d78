// One attention in the lowering that the rule gives, or the caller wants.

import { optionError } from "../../core/errors.ts";
import { transpose } from "../../core/ops/movement.ts";
import type { Tensor } from "../../core/tensor.ts";
import { and } from "../masks/algebra.ts";
import { causal } from "../masks/causal.ts";
import { coordinates } from "../masks/coordinates.ts";
import { lengths } from "../masks/lengths.ts";
import type { Mask } from "../masks/mask.ts";
import { attendBlocked } from "./blocked.ts";
import { attendFused, type FusedKernel } from "./fused.ts";
import { fusedGradients } from "./fused-gradient.ts";
import { blockSizeOf, chooseLowering, fusedKernel, inPrimitives, type Lowering } from "./lowering.ts";
import { withoutPadding, type Sequences } from "./resolve.ts";
import { attendRows } from "./rows.ts";
import type { ScoreRules } from "./rules.ts";

/** The context, (B, T, H, E). @param lowering - default: by the rule. */
export function compute(operands: Sequences, rules: ScoreRules, lowering?: Lowering): Tensor {
  const facts = { rules, headSize: operands.query.shape[3]!, valueSize: operands.values.shape[3]! };
  const way = lowering ?? chooseLowering(facts);
  if (way !== "fused") return computeInPrimitives(operands, rules, way);
  const kernel = fusedKernel(facts);
  if (!kernel)
    throw optionError(
      "attention",
      "the fused kernels must compute this attention",
      "one that they do not",
      "Leave `lowering` out.",
    );
  // With lengths the kernels never read padding: what was cleared for the others may stay as it came.
  const { keys, values } = (kernel.lengths && operands.uncleared) ?? operands;
  const rulesWith = (real?: Tensor): ScoreRules => (real ? { ...rules, mask: maskOfKernel(kernel.kind, real) } : rules);
  const clear = (x: { readonly keys: Tensor; readonly values: Tensor }, own: ScoreRules): typeof x =>
    kernel.lengths ? withoutPadding(x, own) : x;
  return attendFused([operands.query, keys, values], kernel, {
    scale: rules.scale,
    inPrimitives(query, keys, values, real) {
      const own = rulesWith(real);
      return computeInPrimitives({ query, ...clear({ keys, values }, own) }, own, inPrimitives(own));
    },
    backward([query, keys, values], result, real) {
      const own = rulesWith(real);
      const cleared = clear({ keys, values }, own);
      const grads = fusedGradients([query, cleared.keys, cleared.values], result, own);
      const { keys: ofKeys, values: ofValues } = clear({ keys: grads[1], values: grads[2] }, own);
      return [grads[0], ofKeys, ofValues];
    },
  });
}

function maskOfKernel(kind: FusedKernel["kind"], real: Tensor): Mask {
  return kind === "causal" ? and(causal(), lengths(real)) : lengths(real);
}

function computeInPrimitives(
  { query, keys, values }: Sequences,
  rules: ScoreRules,
  way: Exclude<Lowering, "fused">,
): Tensor {
  if (way === "blocked")
    return attendBlocked(
      { query, keys: headsFirst(keys), values: headsFirst(values) },
      rules,
      blockSizeOf(rules.sizes),
    );
  const operands = { query: headsFirst(query), keys: headsFirst(keys), values: headsFirst(values) };
  return headsFirst(attendRows(operands, rules, coordinates(rules.sizes)));
}

/** (B, T, H, D) as (B, H, T, D), and back. */
export function headsFirst(x: Tensor): Tensor {
  return transpose(x, [0, 2, 1, 3]);
}
