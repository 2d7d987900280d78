// Prefix: everybody sees the beginning, the rest is causal.

import { checkOptions, optionError } from "../../core/errors.ts";
import { checkAlign } from "./alignment.ts";
import { or } from "./algebra.ts";
import { causalNamed, type AlignOptions } from "./causal.ts";
import { checkLengths, firstKeys } from "./lengths.ts";
import type { Mask } from "./mask.ts";
import { maskOf } from "./rule.ts";
import type { MaskSource } from "./source.ts";

/** Options of `prefix`. */
export interface PrefixOptions extends AlignOptions {
  /** How many keys every query sees: a number, which may be beyond S, or int32 (B), one a row in 0..S. */
  readonly length: number | MaskSource;
}

/**
 * The mask of a prefix language model: key < length, or key <= query as in `causal`. It is `or` of the two.
 *
 * Source: Raffel et al., JMLR 2020 (arXiv:1910.10683), "causal with prefix".
 *
 * @throws HeedError when the length is none; from `check` as `causal` and `lengths` do.
 */
export function prefix(options: PrefixOptions): Mask {
  checkOptions("prefix", options, ["length", "align"]);
  const { length, align } = options ?? {};
  checkAlign("prefix", align);
  if (typeof length !== "number") checkLengths("prefix", length, "length");
  else if (!Number.isInteger(length) || length < 0)
    throw optionError("prefix", "length must be an integer >= 0, or int32 (B)", String(length));
  const beginning = firstKeys("prefix", "prefix", length);
  const rest = causalNamed("causal", "prefix", align);
  const both = or(beginning, rest);
  const said = [...(typeof length === "number" ? [`length: ${length}`] : []), ...(align ? [`align: ${align}`] : [])];
  return maskOf({
    name: said.length > 0 ? `prefix(${said.join(", ")})` : "prefix",
    allowed: both.allowed,
    keyRange: both.keyRange,
    keys: both.keys,
    check: both.check,
    verdict({ query, key, sizes, ...row }) {
      const { allowed, rules } = both.explain(query, key, { ...row, ...(sizes ? { sizes } : {}) });
      return { allowed, why: rules.map((rule) => rule.why).join("; ") };
    },
  });
}
