// The steps of a decoder as the queries of one matrix of weights.

import { inputError, shapeError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { checkSameShape, fromIndex, hostFloats, hostWeights } from "./weights.ts";

/**
 * Weights of N steps as weights of N queries, so that every measure takes them.
 *
 * @param steps - float32 (N, B, H, 1, S), as `observe` gives those of a loop; or a list of N arrays (B, H, 1, S), as it gives
 *   those of steps that were written out, in their order.
 * @returns float32 (B, H, N, S).
 * @throws HeedError when a step has more than one query, or the steps differ in shape.
 */
export function weightsOfSteps(steps: NdArray | readonly NdArray[]): NdArray {
  const where = "weightsOfSteps";
  const [parts, shape] = steps instanceof NdArray ? ofLoop(where, steps) : ofList(where, steps);
  const [B, H, , S] = shape as readonly [number, number, number, number];
  const N = parts.length;
  return fromIndex(
    [B, H, N, S],
    (flat) => parts[Math.floor(flat / S) % N]![Math.floor(flat / (S * N)) * S + (flat % S)]!,
  );
}

type Parts = readonly [steps: readonly Float32Array[], shape: readonly number[]];

function ofLoop(where: string, steps: NdArray): Parts {
  const data = hostFloats(where, "steps", steps, "N B H 1 S");
  if (steps.shape[3] !== 1) throw shapeError(where, "steps must have one query each (N, B, H, 1, S)", String(steps));
  const [count, ...shape] = steps.shape as readonly [number, ...number[]];
  const size = count === 0 ? 0 : data.length / count;
  return [Array.from({ length: count }, (_, n) => data.subarray(n * size, (n + 1) * size)), shape];
}

function ofList(where: string, steps: readonly NdArray[]): Parts {
  if (!Array.isArray(steps) || steps.length === 0)
    throw inputError(where, "steps must be an NdArray (N, B, H, 1, S), or a list of (B, H, 1, S)", "no step");
  const first = steps[0] as NdArray;
  const parts = steps.map((step: NdArray, n) => {
    const { data, sizes } = hostWeights(where, `step ${n}`, step);
    if (sizes.queryLength !== 1) throw shapeError(where, `step ${n} must have one query (B, H, 1, S)`, String(step));
    checkSameShape(where, [`step ${n}`, step], ["step 0", first]);
    return data;
  });
  return [parts, first.shape];
}
