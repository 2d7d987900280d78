// intervene: the same function, with attention weights that are changed from outside.

import { inputError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import { watched } from "../../core/watch.ts";
import { madeLike } from "../dot-product/rules.ts";
import type { MaskCoordinates, MaskSizes } from "../masks/mask.ts";
import { noSuchSite } from "./observe.ts";
import { siteMatcher } from "./pattern.ts";
import { attentionKind, type AttentionSite } from "./site.ts";

/** What an intervention may know of the weights that it is given. */
export interface InterventionContext {
  readonly site: string;
  /** The positions of the weights: int32 tensors that broadcast to them. Weights may come as a block of queries. */
  readonly at: MaskCoordinates;
  readonly sizes: MaskSizes;
}

/**
 * From weights (B, H, T, S), or a block of their queries, to those that are used in their place: of the same shape, and
 * not normalized again.
 */
export type Intervention = (weights: Tensor, context: InterventionContext) => Tensor;

/**
 * The function `fn` with other attention weights: a head ablated, a key blocked, a row pinned.
 *
 * @param interventions - by name of the site, with `*` for any text; all that match are applied, in their order.
 * @throws HeedError when called, if no attention has such a name, or a change gives weights of another shape.
 */
export function intervene<Args extends readonly unknown[], R>(
  fn: (...args: Args) => R,
  interventions: Readonly<Record<string, Intervention>>,
): (...args: Args) => R {
  if (typeof fn !== "function") throw inputError("intervene", "a function is required", kindOf(fn));
  const all = Object.entries(interventions).map(([pattern, change]) => {
    if (typeof change !== "function")
      throw inputError("intervene", `the intervention at ${pattern} must be a function`, kindOf(change));
    return { pattern, change, matches: siteMatcher("intervene", pattern) };
  });
  return (...args) => {
    const names: string[] = [];
    const met = new Set<string>();
    const result = watched(
      {
        alter({ site, kind, facts }) {
          if (kind !== attentionKind) return null;
          names.push(site);
          const own = all.filter(({ matches }) => matches(site));
          own.forEach(({ pattern }) => met.add(pattern));
          const { sizes } = facts as AttentionSite;
          return own.length === 0
            ? null
            : (weights: Tensor, at: MaskCoordinates) =>
                own.reduce(
                  (w, { change }) => madeLike("intervene", `the change of ${site}`, change(w, { site, at, sizes }), w),
                  weights,
                );
        },
      },
      () => fn(...args),
    );
    const missed = all.find(({ pattern }) => !met.has(pattern));
    if (missed) throw noSuchSite("intervene", missed.pattern, names);
    return result;
  };
}
