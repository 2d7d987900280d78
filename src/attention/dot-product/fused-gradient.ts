// The gradient of attention by a fused kernel: a few heads and a block of queries at a time, in memory that grows with T + S.
// Axes: B batch, H heads, T queries, S keys, D head size, E value size; b rows of the batch and h heads of a group,
// N groups, C blocks, R queries of a block.

import { add, minimum, mul } from "../../core/ops/binary.ts";
import { concat } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { reshape, squeeze, transpose } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { scan } from "../../core/ops/scan.ts";
import { sliceAxis } from "../../core/ops/slice.ts";
import { fill, iota } from "../../core/ops/source.ts";
import { softmax } from "../../core/ops/softmax.ts";
import { neg } from "../../core/ops/unary.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import { chunksOf, type Chunk } from "./chunks.ts";
import { blocksOf, cutOf, groupsOf, joinBlocks, joinGroups, placesOf, type Cut } from "./cut.ts";
import { weighRows } from "./rows.ts";
import type { ScoreRules } from "./rules.ts";

/** (B, T, H, D), (B, S, H, D), (B, S, H, E). */
type Sequences = readonly [query: Tensor, keys: Tensor, values: Tensor];

/**
 * Gradients with respect to query, keys and values.
 *
 * With weights P, context O and its gradient G, and all sums over one row:
 *
 *   dS = P ∘ (G Vᵀ - Σ G ∘ O),  dQ = scale dS K,  dK = scale dSᵀ Q,  dV = Pᵀ G
 *
 * The subtraction is a further column of G, and one of ones in V, so that it costs no pass over the scores. A group of
 * heads is one step of a loop, which keeps what its blocks add up small; inside, its blocks are another.
 *
 * Source: Dao et al. 2022 (arXiv:2205.14135), appendix B.2.
 *
 * @param context - what the kernel gave, (B, T, H, E). @param g - its gradient.
 * @param rules - of a softmax over scaled scores, with a mask or without: what fused kernels compute.
 * @param cut - default: by the sizes.
 */
export function fusedGradients(
  [query, keys, values]: Sequences,
  { context, g }: { readonly context: Tensor; readonly g: Tensor },
  rules: ScoreRules,
  cut: Cut = cutOf(rules.sizes),
): Sequences {
  const { sizes } = rules;
  const row = sum(mul(g, context), -1, { keepDims: true });
  const sequences = {
    query: blocksOf(query, cut),
    given: blocksOf(concat([g, neg(row)], -1), cut),
    keys: groupsOf(keys, cut),
    values: groupsOf(concat([values, fill([...values.shape.slice(0, 3), 1], 1)], -1), cut),
    ...placesOf(sizes, cut),
  };
  const { outputs } = scan(
    (_state: readonly Tensor[], group: typeof sequences) => ({
      state: [],
      outputs: ofGroup(group, rules, cut),
    }),
    { initial: [] as readonly Tensor[], sequences, recompute: true },
  );
  return [
    joinBlocks(outputs.query, sizes, cut),
    joinGroups(outputs.keys, sizes, cut),
    joinGroups(outputs.values, sizes, cut),
  ];
}

/** One group of heads: query and given in blocks (C, b, h, R, X), keys and values (b, h, S, X). */
interface Group {
  readonly query: Tensor;
  readonly given: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** int32 (): the first row of the batch, and the first head. */
  readonly batch: Tensor;
  readonly head: Tensor;
}

type Gradients = { readonly query: Tensor; readonly keys: Tensor; readonly values: Tensor };

function ofGroup(group: Group, rules: ScoreRules, cut: Cut): Gradients {
  const parts = chunksOf(rules, cut.rows, cut.blocks).map((chunk) => ({
    chunk,
    grads: ofChunk(group, rules, cut, chunk),
  }));
  const total = (of: "keys" | "values"): Tensor =>
    sumSlices(
      parts.map(({ chunk, grads }) => ({ ...chunk, x: grads[of] })),
      rules.sizes.keyLength,
    );
  const query = concat(
    parts.map(({ grads }) => grads.query),
    0,
  );
  return { query, keys: total("keys"), values: total("values") };
}

/** A stretch of the third axis: `from` (included) to `to` (excluded). */
type Slice = { readonly from: number; readonly to: number; readonly x: Tensor };

/** The sum of slices of an axis of `size`; each stretch of it is added up from the slices that reach it. */
function sumSlices(slices: readonly Slice[], size: number): Tensor {
  const [B, H, , X] = slices[0]!.x.shape as readonly [number, number, number, number];
  const ends = [...new Set([0, size, ...slices.flatMap(({ from, to }) => [from, to])])].sort((a, b) => a - b);
  const stretches = ends.slice(1).map((end, i) => {
    const start = ends[i]!;
    const parts = slices
      .filter(({ from, to }) => from <= start && end <= to)
      .map(({ from, x }) => sliceAxis(x, 2, start - from, end - from));
    return parts.length === 0 ? fill([B, H, end - start, X], 0) : parts.reduce((sum, x) => add(sum, x));
  });
  return concat(stretches, 2);
}

/** Blocks against one slice of keys. */
function ofChunk(group: Group, rules: ScoreRules, cut: Cut, chunk: Chunk): Gradients {
  const { block, blockCount, from, to } = chunk;
  const side = { keys: sliceAxis(group.keys, 2, from, to), values: sliceAxis(group.values, 2, from, to) };
  const sequences = {
    q: sliceAxis(group.query, 0, block, block + blockCount),
    g: sliceAxis(group.given, 0, block, block + blockCount),
  };
  const first = block * cut.rows;
  if (blockCount === 1) {
    // Nothing is added up, and what the mask says does not depend on the group.
    const { outputs } = scan(
      (_state: readonly Tensor[], at: typeof sequences) => ({
        state: [],
        outputs: ofBlock({ ...at, ...side, start: null }, group, rules, cut, { ...chunk, first }),
      }),
      { initial: [] as readonly Tensor[], sequences, recompute: true },
    );
    return { query: outputs.query, keys: squeeze(outputs.keys, 0), values: squeeze(outputs.values, 0) };
  }
  const [D, E] = [group.keys.shape[3]!, group.values.shape[3]! - 1];
  const { final, outputs } = scan(
    (sums: { readonly keys: Tensor; readonly values: Tensor }, at: typeof sequences & { readonly start: Tensor }) => {
      const { query, keys, values } = ofBlock({ ...at, ...side }, group, rules, cut, { ...chunk, first });
      return { state: { keys: add(sums.keys, keys), values: add(sums.values, values) }, outputs: query };
    },
    {
      initial: {
        keys: fill([cut.batch, cut.heads, to - from, D], 0),
        values: fill([cut.batch, cut.heads, to - from, E], 0),
      },
      sequences: { ...sequences, start: add(mul(iota(blockCount), cut.rows), first) },
      recompute: true,
    },
  );
  return { query: outputs, ...final };
}

/** The operands of a block: q (b, h, R, D), g (b, h, R, E + 1), and a slice of keys (b, h, s, D) and values (b, h, s, E + 1). */
interface Block {
  readonly q: Tensor;
  readonly g: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
  /** int32 (): the first query; null for the first of the chunk. */
  readonly start: Tensor | null;
}

function ofBlock(
  { q, g, keys, values, start }: Block,
  { batch, head }: Group,
  rules: ScoreRules,
  cut: Cut,
  { first, from, to }: Chunk & { readonly first: number },
): Gradients {
  const { scale, sizes } = rules;
  const positions = (keyStart: number): MaskCoordinates => ({
    batch: reshape(add(iota(cut.batch), batch), [cut.batch, 1, 1, 1]),
    head: reshape(add(iota(cut.heads), head), [1, cut.heads, 1, 1]),
    // The rows that were added at the end stand at the last position: stored masks hold nothing beyond it.
    query: reshape(minimum(add(iota(cut.rows), start ?? first), sizes.queryLength - 1), [1, 1, cut.rows, 1]),
    key: reshape(add(iota(to - keyStart), keyStart), [1, 1, 1, to - keyStart]),
  });
  const scaled = mul(q, scale);
  // Before the diagonal all is allowed: a choice there would cost more than a product.
  const free = freeKeys(rules, first, from);
  const weights =
    free === from
      ? weighRows({ query: q, keys }, rules, positions(from)).dropped
      : softmax(
          concat(
            [
              matmul(scaled, transpose(sliceAxis(keys, 2, 0, free - from))),
              weighRows({ query: q, keys: sliceAxis(keys, 2, free - from, to - from) }, rules, positions(free)).masked,
            ],
            3,
          ),
        );
  const scores = mul(weights, matmul(g, transpose(values)));
  return {
    query: mul(matmul(scores, keys), scale),
    keys: matmul(transpose(scores), scaled),
    values: matmul(transpose(weights), sliceAxis(g, 3, 0, g.shape[3]! - 1)),
  };
}

/** Keys before which all are allowed to the queries from `first` on, and each of these sees at least one. */
function freeKeys({ mask, sizes }: ScoreRules, first: number, from: number): number {
  const { causal, lengths, exact } = mask?.structure(sizes) ?? {};
  return exact && causal === 0 && !lengths ? Math.max(from, first) : from;
}
