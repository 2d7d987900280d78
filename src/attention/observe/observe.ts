// observe: the same function, with what its attentions looked at beside its result.

import { checkOptions, inputError, optionError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import type { Tensor } from "../../core/tensor.ts";
import { watched, type Taken } from "../../core/watch.ts";
import { siteMatcher, type SitePattern } from "./pattern.ts";
import { attentionKind, type AttentionSite, type WeightStage } from "./site.ts";

/** What is observed. */
export interface ObserveOptions {
  /**
   * `full` (default): all weights, (B, H, T, S). `rows`: those of some queries. `summary`: entropy, largest weight, weight
   * of the first key and mean distance of every row, in memory that does not grow with T x S.
   */
  readonly level?: "full" | "rows" | "summary";
  /** Where weights are looked at. Default `probs`. */
  readonly stage?: WeightStage;
  /** The queries of level `rows`. */
  readonly queries?: readonly number[];
}

/** What an observed function gives. */
export type Observed<R> = {
  readonly result: R;
  /** By the name of the site, in the order in which they came: `weights`, or the members of `WeightSummary`. In loops a first axis stands for the steps. */
  readonly seen: Readonly<Record<string, Taken>>;
};

const stages: readonly WeightStage[] = ["logits", "masked", "probs", "dropped"];

/**
 * The function `fn`, which gives its result and what the attentions at `sites` looked at.
 *
 * What is observed is computed beside the function, from the same values: the result is the same to the last bit.
 *
 * @param fn - any function of tensors, for instance one that is about to be compiled.
 * @param sites - names of attentions, with `*` for any text. `sites()` lists those that there are.
 * @throws HeedError when called, if no attention has such a name; the message lists those that there are.
 */
export function observe<Args extends readonly unknown[], R>(
  fn: (...args: Args) => R,
  sites: SitePattern,
  options: ObserveOptions = {},
): (...args: Args) => Observed<R> {
  if (typeof fn !== "function") throw inputError("observe", "a function is required", kindOf(fn));
  const matches = siteMatcher("observe", sites);
  const take = takerOf(options);
  return (...args) => {
    const seen: Record<string, Taken> = {};
    const names: string[] = [];
    const result = watched(
      {
        take({ site, kind, facts }) {
          if (kind !== attentionKind) return null;
          names.push(site);
          return matches(site) ? take(facts as AttentionSite) : null;
        },
        give: (site, taken) => (seen[site] = taken),
      },
      () => fn(...args),
    );
    if (Object.keys(seen).length === 0) throw noSuchSite("observe", sites, names);
    return { result, seen };
  };
}

/** What is taken of one site. */
function takerOf(options: ObserveOptions): (site: AttentionSite) => Taken {
  checkOptions("observe", options, ["level", "stage", "queries"]);
  const { level = "full", stage = "probs", queries } = options;
  if (!stages.includes(stage)) throw optionError("observe", `stage must be one of ${stages.join(", ")}`, String(stage));
  if ((level === "rows") !== (queries !== undefined))
    throw optionError("observe", "queries are required for level rows, and for no other", `level ${level}`);
  if (level === "summary") {
    if (stage !== "probs") throw optionError("observe", "a summary is one of probs", `stage ${stage}`);
    return (site) => site.summary();
  }
  if (level === "rows") return (site) => ({ weights: site.weights(stage, queries!) });
  if (level !== "full") throw optionError("observe", "level must be full, rows or summary", String(level));
  return (site): Record<string, Tensor> => ({ weights: site.weights(stage) });
}

/** The error for a pattern that fits no attention. */
export function noSuchSite(where: string, pattern: SitePattern, names: readonly string[]): Error {
  const there = names.length === 0 ? "The function has no attention." : `There are ${names.join(", ")}.`;
  return inputError(where, "some attention must have such a name", [pattern].flat().join(", "), there);
}
