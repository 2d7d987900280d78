// A function whose weights at some sites are joined with tensors that nothing depends on yet, so that gradients can be taken
// with respect to them.

import { inputError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { fill } from "../../core/ops/source.ts";
import { show, Tensor } from "../../core/tensor.ts";
import { pick } from "../masks/coordinates.ts";
import type { MaskSizes } from "../masks/mask.ts";
import { intervene } from "../observe/intervene.ts";
import { noSuchSite } from "../observe/observe.ts";
import { siteMatcher, type SitePattern } from "../observe/pattern.ts";

/** A tensor of one value at each site, and how it joins the weights. */
export interface Joining {
  /** Four axes that broadcast to (B, H, T, S). */
  shape(sizes: MaskSizes): readonly number[];
  readonly value: number;
  join(weights: Tensor, joined: Tensor): Tensor;
}

/** What a function with joined weights gives. */
export interface AlteredResult<R> {
  readonly result: R;
  /** The joined tensors by site, in the order in which the attentions came. */
  readonly joined: ReadonlyMap<string, Tensor>;
}

/**
 * `fn` with weights that are joined at each site with one tensor, whether they come whole, in blocks of queries or in a loop.
 *
 * @throws HeedError, from the function, when no attention has such a name.
 */
export function alterSites<Args extends readonly unknown[], R>(
  where: string,
  fn: (...args: Args) => R,
  sites: SitePattern,
  joining: Joining,
): (...args: Args) => AlteredResult<R> {
  if (typeof fn !== "function") throw inputError(where, "a function is required", kindOf(fn));
  const matches = siteMatcher(where, sites);
  return (...args) => {
    const joined = new Map<string, Tensor>();
    const names = new Set<string>();
    const changed = intervene(fn, {
      "*": (weights, { site, sizes, at }) => {
        names.add(site);
        if (!matches(site)) return weights;
        const own = joined.get(site) ?? fill(joining.shape(sizes), joining.value);
        joined.set(site, own);
        return joining.join(weights, pick(own, at));
      },
    });
    const result = changed(...args);
    if (joined.size === 0) throw noSuchSite(where, sites, [...names]);
    return { result, joined };
  };
}

/** Refuses what a function gave, unless it is a float32 tensor of so many axes. */
export function checkLoss(where: string, loss: unknown, rank: number, what: string): asserts loss is Tensor {
  if (!(loss instanceof Tensor) || loss.dtype !== "float32" || loss.rank !== rank)
    throw inputError(where, `the function must give ${what}`, loss instanceof Tensor ? show(loss) : kindOf(loss));
}
