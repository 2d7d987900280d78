// A mask from a user's function of positions, traced into the graph.

import { broadcastShapes } from "../../core/axes.ts";
import { checkOptions, dtypeError, inputError, shapeError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { reshape } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import { evaluateReference } from "../../core/reference.ts";
import { sameShape, show, topological, type Tensor } from "../../core/tensor.ts";
import type { Mask, MaskCoordinates } from "./mask.ts";
import { maskOf, type MaskPair } from "./rule.ts";

/** From positions to whether they may meet: bool, broadcastable to the positions broadcast together. */
export type MaskFunction = (at: MaskCoordinates) => Tensor;

/** Options of `maskMod`. */
export interface MaskModOptions {
  /** As messages and `explain` show it. Default: the function's name, else `maskMod`. */
  readonly name?: string;
}

/**
 * Allows what a function of the four positions says, as `({ query, key }) => lessEqual(key, query)`.
 *
 * The function is called for each block of scores, and for one pair by `explain`: it must work at any coordinates, and
 * see positions as int32 tensors, not as numbers. It may use other tensors; what depends on an input of the graph cannot be
 * explained before it runs. Which keys it blocks for all queries is unknown: say padding with `lengths` or `keyPadding`
 * besides.
 *
 * Source: FlexAttention's `mask_mod(b, h, q_idx, kv_idx)` (Dong et al. 2024, arXiv:2412.05496), over whole tensors
 * instead of scalars.
 */
export function maskMod(fn: MaskFunction, options: MaskModOptions = {}): Mask {
  checkOptions("maskMod", options, ["name"]);
  if (typeof fn !== "function")
    throw inputError("maskMod", "fn must be a function of { batch, head, query, key }", kindOf(fn));
  const name = options.name ?? (fn.name || "maskMod");
  return maskOf({
    name,
    allowed: (at) => call(name, fn, at),
    verdict: (pair) => {
      const allowed = valueAt(name, fn, pair);
      if (allowed === null)
        return { allowed: "depends", why: `${name} uses values that are known only when the graph runs` };
      const { batch, head, query, key } = pair;
      return { allowed, why: `${name} is ${allowed} at batch ${batch}, head ${head}, query ${query}, key ${key}` };
    },
  });
}

/** The function's result, checked, with four axes. */
function call(name: string, fn: MaskFunction, at: MaskCoordinates): Tensor {
  const result: unknown = fn(at);
  checkTensor(name, "the result", result);
  if (result.dtype !== "bool")
    throw dtypeError(name, "the result must be bool, true where query and key may meet", show(result));
  const block = broadcastShapes(name, [at.batch, at.head, at.query, at.key]);
  const type = { dtype: "bool", shape: block } as const;
  if (!sameShape(broadcastShapes(name, [result, type]), block))
    throw shapeError(name, `the result must be broadcastable to the positions [${block.join(", ")}]`, show(result));
  return reshape(result, [...new Array<number>(4 - result.rank).fill(1), ...result.shape]);
}

/** The function at one pair, or null where it needs values from outside. */
function valueAt(name: string, fn: MaskFunction, pair: MaskPair): boolean | null {
  const position = (value: number): Tensor => constant([[[[value]]]], "int32");
  const { batch, head, query, key } = pair;
  const at = { batch: position(batch), head: position(head), query: position(query), key: position(key) };
  const result = call(name, fn, at);
  if (topological([result]).some((node) => node.op.source)) return null;
  return evaluateReference([result], new Map())[0]!.data[0] !== 0;
}
