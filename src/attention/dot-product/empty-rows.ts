// Queries that may look at nothing, refused: while the graph is built where the mask is known then, else as a NaN with a place.

import { sizeOf } from "../../core/dtype.ts";
import { inputError, type HeedError } from "../../core/errors.ts";
import { div, mul } from "../../core/ops/binary.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { max } from "../../core/ops/reduce.ts";
import { cast } from "../../core/ops/select.ts";
import { evaluateReference } from "../../core/reference.ts";
import { scope } from "../../core/scope.ts";
import { topological, type Tensor } from "../../core/tensor.ts";
import { coordinates } from "../masks/coordinates.ts";
import type { Mask, MaskCoordinates, MaskSizes } from "../masks/mask.ts";
import { attendBlocked } from "./blocked.ts";
import { headsFirst } from "./compute.ts";
import { blockSizeOf, inPrimitives } from "./lowering.ts";
import type { Sequences } from "./resolve.ts";
import { mayBeEmpty, type ScoreRules } from "./rules.ts";

/** Pairs of a mask that are looked at while a graph is built: some seconds' worth. */
const mostPairs = 2 ** 24;
/** Pairs that are looked at at once. */
const pairsAtOnce = 2 ** 18;

/**
 * Throws for the first query that surely has no key. A mask is known while the graph is built where it is made of
 * positions, constants and host arrays, up to 2^24 pairs of its own.
 *
 * @returns whether all is known now: `never` an empty row, or it `depends` on values that come when the graph runs.
 */
export function refuseEmptyRows(where: string, { mask, sizes }: ScoreRules): "never" | "depends" {
  const { batchSize, headCount, queryLength, keyLength } = sizes;
  if (batchSize * headCount * queryLength === 0 || !mayBeEmpty({ mask, sizes })) return "never";
  if (keyLength === 0) throw emptyRow(where, "no keys at all");
  for (let query = 0; query < queryLength; query++) {
    const [from, to] = mask!.keyRange(query, sizes);
    if (from >= to) throw emptyRow(where, `none for query ${query} under ${mask!.name}`);
  }
  return refuseKnown(where, mask!, sizes);
}

/** The rows of a mask that is known, some at a time. */
function refuseKnown(where: string, mask: Mask, sizes: MaskSizes): "never" | "depends" {
  const { queryLength, keyLength } = sizes;
  const whole = mask.allowed(coordinates(sizes), sizes);
  if (!whole) return "never";
  const [b, h, t] = whole.shape as readonly [number, number, number, number];
  if (topological([whole]).some((node) => node.op.source)) return "depends";
  if (b * h * t * keyLength > mostPairs) return "depends";
  const rows = t === 1 ? 1 : Math.max(1, Math.floor(pairsAtOnce / (b * h * keyLength)));
  for (let start = 0; start < (t === 1 ? 1 : queryLength); start += rows) {
    const queryCount = Math.min(rows, queryLength - start);
    const [found] = evaluateReference(
      [mask.allowed(coordinates(sizes, { queryStart: start, queryCount }), sizes)!],
      new Map(),
    );
    const [, heads, count, width] = found!.shape as readonly [number, number, number, number];
    for (let row = 0; row < sizeOf(found!.shape) / width; row++)
      if (!found!.data.subarray(row * width, (row + 1) * width).some((x) => x !== 0)) {
        const [query, head, batch] = [row % count, Math.floor(row / count) % heads, Math.floor(row / count / heads)];
        const ofHead = heads === 1 ? "every head" : `head ${head}`;
        throw emptyRow(where, `none for batch ${batch}, ${ofHead}, query ${start + query} under ${mask.name}`);
      }
  }
  return "never";
}

function emptyRow(where: string, got: string): HeedError {
  return inputError(
    where,
    'every query must have a key that it may look at, by emptyRows: "throw"',
    got,
    'Allow it one, leave the query out, or choose emptyRows: "zero".',
  );
}

/**
 * The context (B, T, H, E), NaN for queries that have no key when the graph runs; to the last bit the same for all others.
 *
 * The NaN arises in the scope `NAME.emptyRows`, in a tensor (B, T, H, 1), so that `findNotFinite` tells batch, query and head.
 */
export function poisonEmptyRows(context: Tensor, operands: Sequences, rules: ScoreRules, name: string): Tensor {
  return scope(`${name}.emptyRows`, () => {
    const { sizes } = rules;
    const { batchSize, headCount, queryLength } = sizes;
    const some = (at: MaskCoordinates, rows: number): Tensor => {
      const any = max(cast(rules.mask!.allowed(at, sizes)!, "float32"), -1, { keepDims: true });
      return broadcastTo(any, [batchSize, headCount, rows, 1]);
    };
    const found =
      inPrimitives(rules) === "plain"
        ? headsFirst(some(coordinates(sizes), queryLength))
        : attendBlocked(
            { query: operands.query, keys: headsFirst(operands.keys), values: headsFirst(operands.values) },
            rules,
            blockSizeOf(sizes),
            ({ query }, _rules, at) => some(at, query.shape[2]!),
          );
    // 1 / 1 is 1, and 0 / 0 is NaN.
    return mul(context, div(found, found));
  });
}
