// What an attention over sequences tells of itself to those who watch.

import { inputError } from "../../core/errors.ts";
import { array } from "../../core/ndarray.ts";
import { gather } from "../../core/ops/gather.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { AttentionSite } from "../observe/site.ts";
import { summarizeRows, summaryOf } from "../observe/summary.ts";
import { attendBlocked } from "./blocked.ts";
import { headsFirst } from "./compute.ts";
import { blockSizeOf, scoreBytes } from "./lowering.ts";
import type { Sequences } from "./resolve.ts";
import { weighRows } from "./rows.ts";
import type { ScoreRules } from "./rules.ts";

/**
 * The site of one attention. What is asked of it is computed beside the attention, from its operands.
 *
 * @param weigh - how the weights of some rows are made. Default: as scaled dot products.
 */
export function siteOf(
  { query, keys, values }: Sequences,
  rules: ScoreRules,
  weigh: typeof weighRows = weighRows,
): AttentionSite {
  const { sizes } = rules;
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  const pairs = batchSize * headCount * queryLength * keyLength;
  return {
    sizes,
    flops: 2 * pairs * (query.shape[3]! + values.shape[3]!),
    scoreBytes: scoreBytes(sizes),
    weights(stage, queries) {
      const operands = { query: headsFirst(query), keys: headsFirst(keys) };
      const all = (): Tensor => weigh(operands, rules, coordinates(sizes))[stage];
      if (queries === undefined) return all();
      checkQueries(queries, queryLength);
      const positions = constant(array(Int32Array.from(queries)));
      // What was dropped is known for all rows together.
      if (rules.drop && stage === "dropped") return rowsAt(all(), positions);
      const { batch, head, key } = coordinates(sizes);
      const at = { batch, head, key, query: reshape(positions, [1, 1, queries.length, 1]) };
      return weigh({ ...operands, query: rowsAt(operands.query, positions) }, rules, at)[stage];
    },
    summary: () =>
      summaryOf(
        attendBlocked(
          { query, keys: headsFirst(keys), values: headsFirst(values) },
          { ...rules, drop: null },
          blockSizeOf(sizes),
          (operands, own, at) => summarizeRows(weigh(operands, own, at).probs, at),
        ),
      ),
  };
}

/** Rows of (B, H, T, X): (B, H, N, X). The rows are the first axis of a table for the time of the look-up. */
function rowsAt(x: Tensor, positions: Tensor): Tensor {
  return transpose(gather(transpose(x, [2, 0, 1, 3]), positions), [1, 2, 0, 3]);
}

function checkQueries(queries: readonly number[], queryLength: number): void {
  const bad = queries.find((q) => !Number.isInteger(q) || q < 0 || q >= queryLength);
  if (bad !== undefined || queries.length === 0)
    throw inputError(
      "observe",
      `queries must be positions from 0 to ${queryLength - 1}, at least one`,
      queries.length === 0 ? "none" : String(bad),
    );
}
