// Causal: no query sees a key that comes after it.

import { checkOptions } from "../../core/errors.ts";
import { add } from "../../core/ops/binary.ts";
import { lessEqual } from "../../core/ops/compare.ts";
import { alignOffset, checkAlign, type Align } from "./alignment.ts";
import type { Mask } from "./mask.ts";
import { maskOf } from "./rule.ts";
import { clampRange, keysBetween } from "./sizes.ts";

/** Options of masks that compare positions of queries and keys. */
export interface AlignOptions {
  /** Must be said when the lengths differ: there is no default that is right for training and for decoding. */
  readonly align?: Align;
}

/**
 * Allows key <= query, and under `align: "end"` key <= query + (S - T).
 *
 * With fewer keys than queries, `end` leaves the first T - S queries without any key. A single query stays causal like
 * any other: aligned at the end it sees all keys, aligned at the start key 0 only.
 *
 * @throws HeedError from `check` when T and S differ and `align` was not said.
 */
export function causal(options: AlignOptions = {}): Mask {
  checkOptions("causal", options, ["align"]);
  const { align } = options;
  checkAlign("causal", align);
  return causalNamed(align ? `causal(align: ${align})` : "causal", "causal", align);
}

/** `causal` under the name of a mask that contains it. */
export function causalNamed(name: string, where: string, align: Align | undefined): Mask {
  return maskOf({
    name,
    allowed: (at, sizes) => {
      const offset = alignOffset(where, align, sizes);
      return lessEqual(at.key, offset === 0 ? at.query : add(at.query, offset));
    },
    keyRange: (query, sizes) => clampRange(0, query + alignOffset(where, align, sizes) + 1, sizes),
    exactRange: true,
    keys: (sizes) => {
      const offset = alignOffset(where, align, sizes);
      return sizes.queryLength === 0 ? null : keysBetween(0, sizes.queryLength + offset, sizes);
    },
    structure: (sizes) => ({ causal: alignOffset(where, align, sizes), lengths: null, exact: true }),
    check: (sizes) => void alignOffset(where, align, sizes),
    verdict({ query, key, sizes }) {
      const last = query + alignOffset(where, align, sizes);
      const allowed = key <= last;
      return {
        allowed,
        why:
          last < 0
            ? `query ${query} comes before all keys`
            : `key ${key} is ${allowed ? "not " : ""}after key ${last}, the last that query ${query} may see`,
      };
    },
  });
}
