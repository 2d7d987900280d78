// Scaled dot-product attention over whole sequences: the Transformer's.

import { checkOptions } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import { offer } from "../../core/watch.ts";
import { attentionKind } from "../observe/site.ts";
import { compute } from "./compute.ts";
import { poisonEmptyRows, refuseEmptyRows } from "./empty-rows.ts";
import { attentionOptions, type AttentionOptions } from "./options.ts";
import { repeatHeads, rulesOf, withoutPadding } from "./resolve.ts";
import type { ScoreRules, WeightAlteration } from "./rules.ts";
import { siteOf } from "./site.ts";

export type { AttentionOptions } from "./options.ts";

/**
 * softmax(scale · query keysᵀ + bias) values, for every head; blocked pairs have no weight.
 *
 * Keys and values that the mask blocks for every query, as padding, have no influence, not even as NaN. A key that is
 * blocked for some queries never reaches those. A score of +Infinity, or a NaN at an allowed pair, gives NaN: it is
 * passed on, never hidden. -Infinity, as a function on scores may give it, has weight 0 beside a finite score; a query of
 * nothing else is NaN, or 0 where the mask blocks a part of its keys. Where the scores are many they are computed in blocks,
 * in memory that grows with T + S.
 *
 * @returns `context`, float32 (B, T, H, E).
 * @throws HeedError when axes disagree, the mask does not fit, an option is unknown or out of range, or, under
 *   `emptyRows: "throw"`, a query surely has no key.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), eq. 1.
 */
export function attention(options: AttentionOptions): { readonly context: Tensor } {
  checkOptions("attention", options, attentionOptions);
  const rules = rulesOf(options);
  const empty = rules.emptyRows === "throw" ? refuseEmptyRows("attention", rules) : "never";
  const operands = repeatHeads(options.query, withoutPadding(options, rules));
  const altered = (alterations: readonly unknown[]): ScoreRules => ({
    ...rules,
    alterations: alterations as readonly WeightAlteration[],
  });
  const site = (alterations: readonly unknown[]): unknown => siteOf(operands, altered(alterations));
  const name = options.site ?? "attention";
  const alterations = offer(name, attentionKind, site);
  // No fused kernel lets its weights be altered.
  const lowering = alterations.length > 0 && options.lowering === "fused" ? undefined : options.lowering;
  const context = compute(operands, altered(alterations), lowering);
  return { context: empty === "depends" ? poisonEmptyRows(context, operands, rules, name) : context };
}
