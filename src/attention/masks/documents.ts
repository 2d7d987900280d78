// Documents: several sequences packed into one row, each of which sees itself only.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions } from "../../core/errors.ts";
import { equal } from "../../core/ops/compare.ts";
import { reshape } from "../../core/ops/movement.ts";
import { pick } from "./coordinates.ts";
import type { Mask } from "./mask.ts";
import { maskOf } from "./rule.ts";
import { scoresType } from "./sizes.ts";
import { checkSource, elementAt, elementsOf, tensorOf, type MaskSource } from "./source.ts";

/** Options of `documents`. */
export interface DocumentOptions {
  /** int32 (B, T), the document of each query. Default: the keys' ids, for queries that are the same positions. */
  readonly queries?: MaskSource;
}

const terms = { takes: ["int32"], ranks: [2] } as const;

/**
 * Allows pairs of one document. Any int32 is an id, in any order. Padding that has an id of its own sees itself: block it
 * with `keyPadding` or `lengths` besides.
 *
 * @param ids - int32 (B, S), the document of each key.
 * @throws HeedError for another dtype; from `check` for another batch or length.
 */
export function documents(ids: MaskSource, options: DocumentOptions = {}): Mask {
  checkOptions("documents", options, ["queries"]);
  checkSource("documents", ids, { ...terms, axes: "(B, S)" });
  const { queries = ids } = options;
  checkSource("documents", queries, { ...terms, axes: "(B, T)" }, "queries");
  const keyView = [ids.shape[0]!, 1, 1, ids.shape[1]!];
  const queryView = [queries.shape[0]!, 1, queries.shape[1]!, 1];
  return maskOf({
    name: "documents",
    allowed: (at) => equal(pick(reshape(tensorOf(queries), queryView), at), pick(reshape(tensorOf(ids), keyView), at)),
    keyRange: (query, sizes) => spanOf(ids, queries, query) ?? [0, sizes.keyLength],
    check: (sizes) =>
      void bindAxes("documents", {
        scores: [scoresType(sizes), "B H T S"],
        keys: [ids, "B S"],
        queries: [queries, "B T"],
      }),
    verdict(pair) {
      const ofQuery = elementAt("documents", queries, queryView, pair);
      const ofKey = elementAt("documents", ids, keyView, pair);
      if (ofQuery === null || ofKey === null)
        return { allowed: "depends", why: "the documents are known only when the graph runs" };
      const why = `query ${pair.query} is of document ${ofQuery}, key ${pair.key} of document ${ofKey}`;
      return { allowed: ofQuery === ofKey, why };
    },
  });
}

/** From the first key to behind the last one, in any row, of the query's document; null where the ids are not known. */
function spanOf(ids: MaskSource, queries: MaskSource, query: number): readonly [from: number, to: number] | null {
  const [ofKeys, ofQueries] = [elementsOf(ids), elementsOf(queries)];
  if (!ofKeys || !ofQueries) return null;
  const [B, S] = ids.shape as readonly [number, number];
  const T = queries.shape[1]!;
  let [from, to] = [S, 0];
  for (let b = 0; b < B; b++)
    for (let k = 0; k < S; k++)
      if (ofKeys[b * S + k] === ofQueries[b * T + query]) {
        from = Math.min(from, k);
        to = Math.max(to, k + 1);
      }
  return from < to ? [from, to] : [0, 0];
}
