// T5's relative positions: a learned number for each head and bucket of distances, added to the scores.

import { checkOptions, optionError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { add, maximum, minimum, sub } from "../../core/ops/binary.ts";
import { gather } from "../../core/ops/gather.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { PositionScheme } from "./scheme.ts";

/** Options of `relativeBias`. */
export interface RelativeBiasOptions {
  /** How many buckets, over both directions where there are two. Default 32, as T5 has. */
  readonly buckets?: number;
  /** From this distance on all share the last bucket of their direction. Default 128, as T5 has. */
  readonly maxDistance?: number;
  /** Whether keys after the query have buckets of their own (an encoder); else they share bucket 0 (a causal decoder). */
  readonly bidirectional: boolean;
}

/** The learned numbers, (buckets, H), as T5's `relative_attention_bias.weight`. */
export type RelativeBiasParams<T> = { readonly table: T };

/**
 * Adds table[bucket(key - query), head] to the scaled scores.
 *
 * Half of a direction's buckets hold one distance each, the others ranges that grow logarithmically up to `maxDistance`. The
 * buckets of all distances are computed on the host, in float64: no device rounds a distance into its neighbour. The table
 * begins normal with deviation 1 / sqrt(querySize), as Hugging Face begins T5's.
 *
 * T5 shares one table over the layers of a stack (pass the same tree to each), and scales no scores (`scores: { scale: 1 }`).
 *
 * @throws HeedError for an option that is unknown or out of range.
 * Source: Raffel et al. 2019 (arXiv:1910.10683), section 2.1; the buckets are those of the authors' code.
 */
export function relativeBias(options: RelativeBiasOptions): PositionScheme<RelativeBiasParams<NdArray>> {
  const buckets = relativeBuckets(options);
  const { maxDistance = 128 } = options;
  const count = options.buckets ?? 32;
  const ofDistance = new NdArray(
    "int32",
    [2 * maxDistance + 1],
    Int32Array.from({ length: 2 * maxDistance + 1 }, (_, i) => buckets(i - maxDistance)),
  );
  return {
    name: "relativeBias",
    init: ({ querySize, headCount }, rng) => ({ table: rng.normal([count, headCount], 1 / Math.sqrt(querySize)) }),
    bias({ table }: RelativeBiasParams<Tensor>, at) {
      const distance = minimum(maximum(sub(at.key, at.query), -maxDistance), maxDistance);
      const bucket = gather(constant(ofDistance), add(distance, maxDistance)); // (1 or B, 1, T, S)
      const [B, , T, S] = bucket.shape as readonly [number, number, number, number];
      const heads = gather(table, reshape(bucket, [B, T, S])); // (1 or B, T, S, H)
      return transpose(heads, [0, 3, 1, 2]);
    },
  };
}

/**
 * From a distance, key - query, to its bucket.
 *
 * For example with 32 buckets, two directions: 0 -> 0, -1 -> 1, 1 -> 17, -16 -> 10, -128 and beyond -> 15.
 *
 * @throws HeedError as `relativeBias`.
 */
export function relativeBuckets(options: RelativeBiasOptions): (distance: number) => number {
  const where = "relativeBias";
  checkOptions(where, options, ["buckets", "maxDistance", "bidirectional"]);
  const { buckets = 32, maxDistance = 128, bidirectional } = options;
  if (typeof bidirectional !== "boolean")
    throw optionError(where, "bidirectional must be true or false", kindOf(bidirectional));
  const each = bidirectional ? buckets / 2 : buckets;
  if (!Number.isInteger(each) || each < 2 || each > 2 ** 15)
    throw optionError(
      where,
      bidirectional ? "buckets must be an even integer from 4 to 65536" : "buckets must be an integer from 2 to 32768",
      String(buckets),
    );
  const exact = Math.floor(each / 2);
  if (!Number.isInteger(maxDistance) || maxDistance <= exact || maxDistance > 2 ** 20)
    throw optionError(
      where,
      `maxDistance must be an integer above ${exact}, the distances with a bucket of their own, and at most 2^20`,
      String(maxDistance),
    );
  return (distance) => {
    const direction = bidirectional && distance > 0 ? each : 0;
    const far = bidirectional ? Math.abs(distance) : Math.max(0, -distance);
    if (far < exact) return direction + far;
    // A distance at which a range begins exactly belongs to it: the logarithm may fall short of the whole number.
    const share = Math.log(far / exact) / Math.log(maxDistance / exact);
    return direction + Math.min(each - 1, exact + Math.floor(share * (each - exact) + 1e-9));
  };
}
