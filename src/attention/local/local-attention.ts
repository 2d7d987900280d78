// Local attention: chunks of queries, each against the keys of its own chunk and of those beside it.

import { checkOptions, optionError } from "../../core/errors.ts";
import { add } from "../../core/ops/binary.ts";
import { concat } from "../../core/ops/concat.ts";
import { reshape, transpose } from "../../core/ops/movement.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import { constant, iota } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { array } from "../../core/ndarray.ts";
import { offer } from "../../core/watch.ts";
import { compute } from "../dot-product/compute.ts";
import { poisonEmptyRows, refuseEmptyRows } from "../dot-product/empty-rows.ts";
import { attentionOptions, type AttentionOptions } from "../dot-product/options.ts";
import { repeatHeads, rulesOf, withoutPadding, type Sequences } from "../dot-product/resolve.ts";
import { insideRules } from "../dot-product/inside.ts";
import { attendRows } from "../dot-product/rows.ts";
import type { ScoreRules, WeightAlteration } from "../dot-product/rules.ts";
import { siteOf } from "../dot-product/site.ts";
import { and } from "../masks/algebra.ts";
import type { EmptyRows } from "../masks/empty-rows.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import { attentionKind } from "../observe/site.ts";
import { checkChunkWindow, checkSquare, chunkWindow, chunkWindowOptions, type ChunkWindowOptions } from "./chunk-window.ts"; // prettier-ignore

/** What is attended, and how: the options of `attention`, over as many queries as keys, and the chunks. */
export interface LocalAttentionOptions
  extends Omit<AttentionOptions, "dropout" | "lowering" | "emptyRows">, ChunkWindowOptions {
  /** What a query gets that may look at nothing. Default `zero`. */
  readonly emptyRows?: Exclude<EmptyRows, "uniform">;
}

const known = [...attentionOptions.filter((n) => n !== "dropout" && n !== "lowering"), ...chunkWindowOptions];

/**
 * `attention` under the mask `and(chunkWindow({ chunkSize, lookBack, lookForward }), mask)`, computed in time and memory
 * that grow with T (lookBack + 1 + lookForward) chunkSize. Any T: the last chunk may be a part.
 *
 * | elsewhere | here |
 * |---|---|
 * | local-attention `window_size` w, `causal`, `look_backward` 1 | `{ chunkSize: w, mask: causal() }` |
 * | the same without `causal`, `look_forward` 1 | `{ chunkSize: w, lookForward: 1 }` |
 * | the same with `exact_windowsize` | `{ chunkSize: w, mask: window({ left: w, right: 0 }) }` |
 * | Longformer, `attention_window` 2 w | `{ chunkSize: w, lookForward: 1, mask: window({ left: w, right: w }) }` |
 * | block-local attention | `{ chunkSize: w, lookBack: 0 }` |
 *
 * Masks, biases and the function on scores are those of `attention`, at absolute positions. Where weights are altered from
 * outside they are made as `attention` makes them.
 *
 * @returns `context`, float32 (B, T, H, E).
 * @throws HeedError when T and S differ, axes disagree, the mask does not fit, or an option is unknown or out of range.
 * Source: sliding chunks of Beltagy, Peters and Cohan 2020 (arXiv:2004.05150), appendix A; blocks with a look at their
 *   neighbours as in Parmar et al. 2018 (arXiv:1802.05751).
 */
export function localAttention(options: LocalAttentionOptions): { readonly context: Tensor } {
  const where = "localAttention";
  checkOptions(where, options, known);
  const { chunkSize, lookBack, lookForward, ...rest } = options;
  const window = checkChunkWindow(where, { chunkSize, ...(lookBack === undefined ? {} : { lookBack }), ...(lookForward === undefined ? {} : { lookForward }) }); // prettier-ignore
  const near = chunkWindow(window);
  const own = rulesOf({ ...rest, mask: options.mask ? and(near, options.mask) : near });
  checkSquare(where, own.sizes);
  if (own.emptyRows === "uniform")
    throw optionError(where, "emptyRows must be zero or throw: the keys are never seen all at once", "uniform");
  const empty = own.emptyRows === "throw" ? refuseEmptyRows(where, own) : "never";
  const operands = repeatHeads(options.query, withoutPadding({ ...rest }, { ...own, mask: options.mask ?? null }));
  const altered = (changes: readonly unknown[]): ScoreRules => ({
    ...own,
    alterations: changes as readonly WeightAlteration[],
  });
  const chunks = chunksOf(own.sizes.queryLength, window);
  const name = options.site ?? "attention";
  const alterations = offer(name, attentionKind, (changes) => ({
    ...siteOf(operands, altered(changes)),
    ...costOf(operands, chunks),
  }));
  const context =
    alterations.length > 0 || own.sizes.queryLength === 0
      ? compute(operands, altered(alterations))
      : attendChunks(operands, { ...own, mask: options.mask ?? null }, chunks);
  return { context: empty === "depends" ? poisonEmptyRows(context, operands, own, name) : context };
}

/** The chunks that there are: none is longer than the sequence, nor has more beside it than are left. */
function chunksOf(
  T: number,
  { chunkSize, lookBack, lookForward }: Required<ChunkWindowOptions>,
): Required<ChunkWindowOptions> {
  const w = Math.max(1, Math.min(chunkSize, T));
  const others = Math.max(0, Math.ceil(T / w) - 1);
  return { chunkSize: w, lookBack: Math.min(lookBack, others), lookForward: Math.min(lookForward, others) };
}

/** What is computed, and what is held of scores. */
function costOf(
  { query, values }: Sequences,
  { chunkSize, lookBack, lookForward }: Required<ChunkWindowOptions>,
): { readonly flops: number; readonly scoreBytes: number } {
  const [B, T, H, D] = query.shape as readonly [number, number, number, number];
  const pairs = B * H * Math.ceil(T / chunkSize) * chunkSize * chunkSize * (lookBack + 1 + lookForward);
  return { flops: 2 * pairs * (D + values.shape[3]!), scoreBytes: 4 * pairs };
}

/**
 * Chunks in the place of rows of the batch: queries (B N, H, w, D) against keys (B N, H, K, D), K = (back + 1 + forward) w.
 * What lies before the first chunk and behind the last position is blocked.
 */
function attendChunks(
  { query, keys, values }: Sequences,
  rules: ScoreRules,
  { chunkSize: w, lookBack, lookForward }: Required<ChunkWindowOptions>,
): Tensor {
  const [B, T, H] = query.shape as readonly [number, number, number];
  const N = Math.ceil(T / w);
  const K = (lookBack + 1 + lookForward) * w;
  /** (B, T, H, X) as chunks (B, before + N + behind, w, H, X). */
  const chunked = (x: Tensor, before: number, behind: number): Tensor => {
    const filled = pad(x, [[0, 0], [before * w, N * w - T + behind * w], [0, 0], [0, 0]]); // prettier-ignore
    return reshape(filled, [B, before + N + behind, w, H, x.shape[3]!]);
  };
  /** The chunks that each chunk of queries sees, side by side: (B N, H, K, X). */
  const beside = (x: Tensor): Tensor => {
    const all = chunked(x, lookBack, lookForward);
    const shifted = Array.from({ length: lookBack + 1 + lookForward }, (_, i) => sliceAxis(all, 1, i, i + N));
    return reshape(transpose(concat(shifted, 2), [0, 1, 3, 2, 4]), [B * N, H, K, x.shape[3]!]);
  };
  const besideKeys = beside(keys);
  const operands = {
    query: reshape(transpose(chunked(query, 0, 0), [0, 1, 3, 2, 4]), [B * N, H, w, query.shape[3]!]),
    keys: besideKeys,
    values: values === keys ? besideKeys : beside(values),
  };
  const context = attendRows(operands, insideRules(rules), positions(B, H, N, w, lookBack, K));
  const E = context.shape[3]!;
  const back = reshape(transpose(reshape(context, [B, N, H, w, E]), [0, 1, 3, 2, 4]), [B, N * w, H, E]);
  return sliceAxis(back, 1, 0, T);
}

/** The positions of all chunks: batch, query and key differ from chunk to chunk, and keys may lie outside. */
function positions(B: number, H: number, N: number, w: number, back: number, K: number): MaskCoordinates {
  const rows = Array.from({ length: B * N }, (_, i) => i);
  const row = (of: (i: number) => number): Tensor =>
    reshape(constant(array(Int32Array.from(rows, of))), [B * N, 1, 1, 1]);
  const starts = row((i) => (i % N) * w);
  return {
    batch: row((i) => Math.floor(i / N)),
    head: reshape(iota(H), [1, H, 1, 1]),
    query: add(reshape(iota(w), [1, 1, w, 1]), starts),
    key: add(add(reshape(iota(K), [1, 1, 1, K]), starts), -back * w),
    whole: ["head"],
  };
}
