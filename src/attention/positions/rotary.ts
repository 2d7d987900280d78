// Rotary positions: queries and keys turned by angles that grow with their position.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { add, mul, sub } from "../../core/ops/binary.ts";
import { concat, split, stack } from "../../core/ops/concat.ts";
import { expandDims, reshape } from "../../core/ops/movement.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import type { Tensor } from "../../core/tensor.ts";
import { rowsOf, type RowPositions } from "./rows.ts";
import type { PositionScheme } from "./scheme.ts";

/** Options of `rotary`. */
export interface RotaryOptions {
  /** Of the wave lengths, which grow from 2 pi to 2 pi times the base; > 1. Default 10000. */
  readonly base?: number;
  /** Which share of each head is turned, from its front; the rest stays as it is. 0 < fraction <= 1. Default 1. */
  readonly fraction?: number;
  /**
   * Which elements make a pair: false, element i and element i + R/2, as GPT-NeoX, Llama and Hugging Face's copies of it have
   * it; true, elements 2i and 2i + 1, as the paper, GPT-J and Meta's own Llama do. The same weights under the other
   * convention are another model; nothing fails. Default false.
   */
  readonly interleaved?: boolean;
}

/**
 * Turns pair i of a head of which R elements are turned by the angle position · base^(-2i / R): the dot product of a query
 * and a key then depends on the difference of their positions alone. Values are not turned. No parameters.
 *
 * The tables of cosines and sines are computed in float64 and rounded once, so angles of late positions are as exact as those
 * of early ones. They are constants of the graph, 4 R bytes a position; layers that share one scheme share them.
 *
 * @throws HeedError for an option that is unknown or out of range; from `init` when R = fraction · headSize is not even.
 * Source: Su et al. 2021 (arXiv:2104.09864), section 3.2.2 and eq. 34; `fraction` from GPT-NeoX-20B (arXiv:2204.06745), 2.1.1.
 */
export function rotary(options: RotaryOptions = {}): PositionScheme<Record<never, never>> {
  checkOptions("rotary", options, ["base", "fraction", "interleaved"]);
  const { base = 10_000, fraction = 1, interleaved = false } = options;
  if (!(base > 1 && Number.isFinite(base)))
    throw optionError("rotary", "base must be a finite number > 1", String(base));
  if (!(fraction > 0 && fraction <= 1))
    throw optionError("rotary", "fraction must lie in 0 < fraction <= 1", String(fraction));
  if (typeof interleaved !== "boolean")
    throw optionError("rotary", "interleaved must be true or false", kindOf(interleaved));
  const turned = (headSize: number): number => turnedSize(headSize, fraction);
  // The last tables made, for the layers that share this scheme.
  let tables: Tables | null = null;
  return {
    name: "rotary",
    init({ headSize }) {
      turned(headSize);
      return {};
    },
    turn(_params: Record<never, never>, x, positions) {
      const R = turned(x.shape[3]!);
      if (tables?.limit !== positions.limit || tables.size !== R) tables = makeTables(positions.limit, R, base);
      const part = turnPairs(sliceAxis(x, 3, 0, R), tables, positions, interleaved);
      return R === x.shape[3] ? part : concat([part, sliceAxis(x, 3, R, x.shape[3]!)], 3);
    },
  };
}

/** How many elements of a head are turned. */
function turnedSize(headSize: number, fraction: number): number {
  const size = fraction * headSize;
  if (Math.abs(size - Math.round(size)) > 1e-9 || Math.round(size) % 2 !== 0 || Math.round(size) < 2)
    throw optionError(
      "rotary",
      "fraction of headSize must be an even number of elements, for they turn in pairs",
      `${fraction} of ${headSize}`,
    );
  return Math.round(size);
}

interface Tables {
  readonly limit: number;
  readonly size: number;
  /** (limit, R / 2). */
  readonly cosines: NdArray;
  readonly sines: NdArray;
}

function makeTables(limit: number, size: number, base: number): Tables {
  const half = size / 2;
  const table = (fn: (angle: number) => number): NdArray =>
    new NdArray(
      "float32",
      [limit, half],
      Float32Array.from({ length: limit * half }, (_, k) => fn(Math.floor(k / half) * base ** (-2 * (k % half) / size))), // prettier-ignore
    );
  return { limit, size, cosines: table(Math.cos), sines: table(Math.sin) };
}

/** x (B, T, H, R) -> the same, its pairs turned. */
function turnPairs(x: Tensor, tables: Tables, positions: RowPositions, interleaved: boolean): Tensor {
  const rows = (table: NdArray): Tensor => expandDims(rowsOf(table, positions), 2); // (1 or B, T, 1, R / 2)
  const [cosine, sine] = [rows(tables.cosines), rows(tables.sines)];
  const [a, b] = interleaved ? evenAndOdd(x) : (split(x, 2, 3) as readonly [Tensor, Tensor]);
  const first = sub(mul(a, cosine), mul(b, sine));
  const second = add(mul(b, cosine), mul(a, sine));
  return interleaved ? reshape(stack([first, second], -1), x.shape) : concat([first, second], 3);
}

/** (..., R) -> elements 0, 2, 4 ... and 1, 3, 5 ..., each (..., R / 2). */
function evenAndOdd(x: Tensor): readonly [Tensor, Tensor] {
  const shape = [...x.shape.slice(0, -1), x.shape.at(-1)! / 2];
  const [even, odd] = split(reshape(x, [...shape, 2]), 2, -1) as readonly [Tensor, Tensor];
  return [reshape(even, shape), reshape(odd, shape)];
}
