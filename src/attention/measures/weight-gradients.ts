// Gradients with respect to attention weights, in a graph.

import { shapeError } from "../../core/errors.ts";
import { gradients } from "../../core/grad.ts";
import { add } from "../../core/ops/binary.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { observe } from "../observe/observe.ts";
import type { SitePattern } from "../observe/pattern.ts";
import { alterSites, checkLoss } from "./altered-sites.ts";

/** What `weightGradients` gives: tensors by the name of the site, in the order in which the attentions came. */
export type WeightGradients = {
  /** The scalar that was differentiated. */
  readonly loss: Tensor;
  readonly sites: Readonly<Record<string, { readonly weights: Tensor; readonly gradients: Tensor }>>;
};

/**
 * The function that gives, beside the scalar of `fn`, the weights of its attentions and the gradients with respect to them:
 * what `gradientTimesWeights` and `relevanceRollout` take, once it is compiled.
 *
 * Weights are values inside of `fn`, so a zero is added to them through `intervene`, and the gradient is taken with respect
 * to that zero: dL/dZ at weights + Z, Z = 0. At a blocked pair, whose weight is 0, the gradient is what a weight there would
 * change, or 0 where attention in blocks skips the pair; times the weight both are 0.
 *
 * ```ts
 * const explain = compile(weightGradients((params, x) => sum(logits(params, x)), "encoder.*"));
 * const { sites } = await explain(params, x);
 * const relevance = relevanceRollout(Object.values(sites));
 * ```
 *
 * @param fn - gives a float32 scalar. For many rows at once sum their scalars: no row changes another's gradients.
 * @param sites - names of attentions, with `*` for any text. Default `*`, all.
 * @returns a function of the same arguments. weights and gradients are float32 (B, H, T, S).
 * @throws HeedError when called, if `fn` gives no scalar, no attention has such a name, or one stands in a loop, where one
 *   zero would stand for all its steps.
 * Source: Chefer, Gur and Wolf 2021 (arXiv:2103.15679), the gradients of eq. 5.
 */
export function weightGradients<Args extends readonly unknown[]>(
  fn: (...args: Args) => Tensor,
  sites: SitePattern = "*",
): (...args: Args) => WeightGradients {
  const where = "weightGradients";
  const altered = alterSites(where, fn, sites, {
    shape: ({ batchSize, headCount, queryLength, keyLength }) => [batchSize, headCount, queryLength, keyLength],
    value: 0,
    join: add,
  });
  return (...args) => {
    const { result, seen } = observe(altered, sites)(...args);
    const { result: loss, joined: zeros } = result;
    checkLoss(where, loss, 0, "a float32 scalar");
    const names = [...zeros.keys()];
    for (const site of names)
      if (seen[site]!["weights"]!.rank !== 4)
        throw shapeError(
          where,
          `${site} must have one set of weights, not one for each step of a loop`,
          show(seen[site]!["weights"]!),
          "Write the steps out.",
        );
    const slopes = gradients(loss, [...zeros.values()]);
    return {
      loss,
      sites: Object.fromEntries(
        names.map((site, i) => [site, { weights: seen[site]!["weights"]!, gradients: slopes[i]! }]),
      ),
    };
  };
}
