// Positions that are added to what enters a model: sinusoids, and learned tables.

import { bindAxes } from "../../core/axes.ts";
import { checkOptions, optionError, shapeError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { constant } from "../../core/ops/source.ts";
import type { Rng } from "../../core/random.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { checkParams, checkSizes } from "../../nn/checks.ts";
import { initEmbedding, type EmbeddingConfig, type EmbeddingParams } from "../../nn/embedding.ts";
import { checkStarts, rowPositions, rowsOf, type PositionOptions } from "./rows.ts";

/**
 * The sinusoids of positions 0 to length - 1: sin(p · 10000^(-2i / size)) at element 2i, the cosine beside it at 2i + 1.
 *
 * @param length - positions, an integer >= 0.
 * @param size - of one vector, an even integer >= 2.
 * @returns float32 (length, size), a constant of the graph. Computed in float64 and rounded once.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.5. Differs from tensor2tensor and fairseq, which put all sines
 *   before all cosines and divide by size / 2 - 1.
 */
export function sinusoidal(length: number, size: number): Tensor {
  if (!Number.isInteger(length) || length < 0)
    throw optionError("sinusoidal", "length must be an integer >= 0", String(length));
  if (!Number.isInteger(size) || size < 2 || size % 2 !== 0)
    throw optionError("sinusoidal", "size must be an even integer >= 2", String(size));
  const values = Float32Array.from({ length: length * size }, (_, k) => {
    const [position, element] = [Math.floor(k / size), k % size];
    const angle = position * 10_000 ** (-(element - (element % 2)) / size);
    return element % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return constant(new NdArray("float32", [length, size], values));
}

/** The table, (count, size): row p is added at position p. */
export type LearnedPositionsParams<T> = EmbeddingParams<T>;

/** Normal with mean 0. @param config.deviation - default 0.02, as BERT and GPT-2 begin. */
export function initLearnedPositions(config: EmbeddingConfig, rng: Rng): LearnedPositionsParams<NdArray> {
  checkSizes("initLearnedPositions", config, ["count", "size"]);
  return initEmbedding({ ...config, deviation: config.deviation ?? 0.02 }, rng);
}

/** `addPositions` with a learned table. @throws as `addPositions`. Source: Gehring et al. 2017 (arXiv:1705.03122), section 3.1. */
export function learnedPositions(
  params: LearnedPositionsParams<Tensor>,
  x: Tensor,
  options: PositionOptions = {},
): Tensor {
  checkParams("learnedPositions", params, ["weight"]);
  return addRows("learnedPositions", x, params.weight, options);
}

/**
 * x + table[positions].
 *
 * @param x - float32 (B, T, N): T slots of a row, from `from` on.
 * @param table - float32 (P, N): `sinusoidal(P, N)`, or any other.
 * @param options - `from` is a cache's length while decoding; `starts` the slot at which each row begins under left padding,
 *   so that its first real element has position 0. Slots before it get position 0, and must be masked.
 * @throws HeedError when the sizes differ, or the table is shorter than positions that are known now. Positions that are
 *   known only when the graph runs are cut to the table's last.
 */
export function addPositions(x: Tensor, table: Tensor, options: PositionOptions = {}): Tensor {
  return addRows("addPositions", x, table, options);
}

function addRows(where: string, x: Tensor, table: Tensor, options: PositionOptions): Tensor {
  checkOptions(where, options, ["from", "starts"]);
  const { T, P } = bindAxes(where, { x: [x, "B T N"], table: [table, "P N"] });
  if (options.starts) checkStarts(where, options.starts, ["x", x]);
  const { from = 0 } = options;
  const isKnown = typeof from === "number";
  if (isKnown && from + T > P)
    throw shapeError(
      where,
      `the table must have a row for each of the ${from + T} positions up to the end of x ${show(x)}`,
      show(table),
    );
  return add(x, rowsOf(table, rowPositions(T, isKnown ? options : { ...options, limit: P })));
}
