// Multi-head attention as a layer: projections, heads that attend, and a projection of what they found.

import { checkOptions, inputError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { where as choose } from "../../core/ops/select.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { isLeaf } from "../../core/tree.ts";
import { checkStarts, rowPositions } from "../positions/rows.ts";
import { allOf, attendHeads, attendHeadsOptions, type AttendHeadsOptions } from "./attend-heads.ts";
import { append, checkCache, foundRoom, overCache, type MultiHeadCache } from "./cache.ts";
import { checkParams } from "./check-params.ts";
import { checkMultiHeadConfig, type MultiHeadConfig } from "./config.ts";
import { memoryHeads, queryHeads } from "./heads.ts";
import type { MultiHeadParams } from "./params.ts";

/** What is attended to, and how. Axes: B batch, T queries, S keys, N, K, V the sizes of the three inputs. */
export interface MultiHeadOptions extends AttendHeadsOptions {
  /** float32 (B, T, N). */
  readonly query: Tensor;
  /** float32 (B, S, K). Default: the query, which is self-attention. */
  readonly keys?: Tensor;
  /** float32 (B, S, V). Default: the keys. */
  readonly values?: Tensor;
  /**
   * `starts`, int32 (B): the slot at which each row of the query begins, where rows are padded at their start. Positions
   * are counted from there, and in self-attention what stands before is blocked. Default: rows begin at slot 0.
   */
  readonly positions?: { readonly starts: Tensor };
  /** The steps so far, for self-attention alone: the query's are appended to them. Default: none. */
  readonly cache?: MultiHeadCache<Tensor>;
}

const known = ["query", "keys", "values", "positions", "cache", ...attendHeadsOptions];

/**
 * concat over h of attention(query W_h^Q, keys W_h^K, values W_h^V), times W^O.
 *
 * | | heed | torch `nn.MultiheadAttention` | Keras `MultiHeadAttention` |
 * |---|---|---|---|
 * | inputs | query, keys, values (B, T, N) | query, key, value; (T, B, N) unless `batch_first` | query, **value**, key |
 * | sizes | `querySize, keySize, valueSize` | `embed_dim, kdim, vdim` | from the first call |
 * | heads | `headCount`, `headSize` = N / H | `num_heads`, always N / H | `num_heads`, `key_dim` must be given |
 * | heads of values | `valueHeadSize` = `headSize` | always N / H | `value_dim` = `key_dim` |
 * | grouped heads | `keyHeadCount`; query head h reads head floor(h G / H), torch's `repeat_interleave` | in `scaled_dot_product_attention(enable_gqa)`, the same | `GroupQueryAttention`, the same |
 * | output | `outSize` = N | always N | `output_shape` = N |
 * | biases | `bias: true`, begin 0 | `bias=True`, begin 0 | `use_bias=True`, begin 0 |
 * | scale | 1 / sqrt(headSize) | the same | the same |
 * | masks | values with a meaning; a bool that is true allows | true **blocks** (`fromTorchKeyPadding`, `fromTorchAttnMask`) | true allows |
 * | window | both ends included | none | `sliding_window` w is abs(query - key) < w |
 * | dropout | of weights, a rate and a key a call; none without a key | of weights, in training mode | of weights, in training mode |
 * | weights | never returned: named by `site` | averaged over heads, after dropout | all heads, before dropout |
 * | one more key | `offByOneNormalizer` is `add_zero_attn` | `add_bias_kv`, `add_zero_attn` | none |
 *
 * Order: projections, head norms, positions that turn, scale, soft cap, mixture of scores, positions that add, bias and mask,
 * normalizer, mixture of weights, dropout, values. Every token's heads are made from that token alone; what crosses from one
 * position to another goes through the mask.
 *
 * With a cache the T queries are the steps after its first `length` ones, and masks speak of all C slots: `causal()`, a
 * window and `lengths` say of a step what they say of it in the whole sequence, and stored masks have C keys (and C queries,
 * where they vary over them). A step that finds no room gives NaN.
 *
 * @returns `output`, float32 (B, T, O), and with a cache the one that holds the new steps.
 * @throws HeedError when shapes, options or the configuration do not fit, naming the tensors.
 * Source: Vaswani et al. 2017 (arXiv:1706.03762), section 3.2.2; grouped heads Shazeer 2019 (arXiv:1911.02150) and Ainslie et
 *   al. 2023 (arXiv:2305.13245).
 */
export function multiHead(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  options: MultiHeadOptions & { readonly cache: MultiHeadCache<Tensor> },
): { readonly output: Tensor; readonly cache: MultiHeadCache<Tensor> };
export function multiHead(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  options: MultiHeadOptions,
): { readonly output: Tensor; readonly cache?: MultiHeadCache<Tensor> };
export function multiHead(
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  options: MultiHeadOptions,
): { readonly output: Tensor; readonly cache?: MultiHeadCache<Tensor> } {
  const where = "multiHead";
  checkOptions(where, options, known);
  const sizes = checkMultiHeadConfig(where, config);
  const { query, cache } = options;
  if (options.values && !options.keys)
    throw inputError(where, "keys must be given where values are", `values ${show(options.values)} alone`);
  if (cache && options.keys)
    throw inputError(
      where,
      "a cache must be without keys and values: it grows by the query's own steps",
      `keys ${show(options.keys)} beside a cache`,
      "Use projectMemory once and attendMemory at every step for a memory that stays.",
    );
  const keys = options.keys ?? query;
  const values = options.values ?? keys;
  checkParams(where, params, config, sizes, { query, keys, values });
  const starts = startsOf(where, options.positions, query);
  const rows = starts ? { starts } : {};
  const T = query.shape[1]!;
  if (!cache) {
    const ofKeys = options.keys ? {} : rows;
    const memory = memoryHeads(params, config, sizes, { keys, values }, rowPositions(keys.shape[1]!, ofKeys));
    const heads = queryHeads(params, config, sizes, query, rowPositions(T, rows));
    const mask = allOf(config, options, options.keys ? undefined : starts);
    return { output: attendHeads(params, config, heads, memory, { ...options, mask }) };
  }
  const placed = rowPositions(T, { ...rows, from: cache.length, limit: cache.keys.shape[1]! });
  const fresh = memoryHeads(params, config, sizes, { keys, values }, placed);
  checkCache(where, cache, fresh);
  const full = append(cache, fresh);
  const heads = queryHeads(params, config, sizes, query, placed);
  const mask = overCache(allOf(config, options, starts), cache, T);
  const output = attendHeads(params, config, heads, full, { ...options, mask, from: cache.length });
  return { output: choose(foundRoom(cache, T), output, NaN), cache: full };
}

function startsOf(where: string, positions: MultiHeadOptions["positions"], query: Tensor): Tensor | undefined {
  if (positions === undefined) return undefined;
  if (isLeaf(positions))
    throw inputError(where, "positions must be an object { starts }", kindOf(positions), "Pass positions: { starts }.");
  checkOptions(`${where}: positions`, positions, ["starts"]);
  checkStarts(where, positions.starts, ["query", query]);
  return positions.starts;
}
