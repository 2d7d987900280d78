// Linear attention: weights that are products of features, so that sums over keys take the place of pairs.

import { checkOptions, optionError, shapeError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { add } from "../../core/ops/binary.ts";
import { concat } from "../../core/ops/concat.ts";
import { matmul } from "../../core/ops/matmul.ts";
import { expandDims } from "../../core/ops/movement.ts";
import { where as choose } from "../../core/ops/select.ts";
import { pad, sliceAxis } from "../../core/ops/slice.ts";
import { fill } from "../../core/ops/source.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { offer } from "../../core/watch.ts";
import { attendBlocked } from "../dot-product/blocked.ts";
import { headsFirst } from "../dot-product/compute.ts";
import { blockSizeOf } from "../dot-product/lowering.ts";
import { repeatHeads, sizesOf, type Sequences } from "../dot-product/resolve.ts";
import type { ScoreRules, WeightAlteration } from "../dot-product/rules.ts";
import { siteOf } from "../dot-product/site.ts";
import type { Mask, MaskSizes } from "../masks/mask.ts";
import { attentionKind } from "../observe/site.ts";
import { eluFeatures, type FeatureMap } from "./features.ts";
import { prefixSums, sumOverKeys, type FeatureRows } from "./prefix-sums.ts";
import { joinedState, splitState, type LinearState } from "./state.ts";
import { visibleKeys } from "./visible-keys.ts";
import { overSum, weighFeatures } from "./weights.ts";

/** What is attended, and how. Axes: B batch, T queries, S keys, H heads, G heads of keys and values, D head size, E value size, M features. */
export interface LinearAttentionOptions {
  /** float32 (B, T, H, D). */
  readonly query: Tensor;
  /** float32 (B, S, G, D); H must be a multiple of G, and head h of the queries reads head floor(h G / H) of the keys. */
  readonly keys: Tensor;
  /** float32 (B, S, G, E). */
  readonly values: Tensor;
  /** `causal()` and masks of keys alone (`lengths`, `keyPadding`), joined by `and`. Default: all pairs may meet. */
  readonly mask?: Mask;
  /** From vectors to features: core's `relu`, `positiveFeatures(directions)`, one of your own. Default `eluFeatures`. */
  readonly featureMap?: FeatureMap;
  /** The keys before these, which every query sees. Default: none. */
  readonly state?: LinearState<Tensor>;
  /** Steps of a causal attention that are taken at once: memory for T (chunkSize + M E / chunkSize) numbers a head. Default 64. */
  readonly chunkSize?: number;
  /** The name of this attention; the scope is put in front. With a state it is no site: the keys behind that are gone. Default `attention`. */
  readonly site?: string;
}

const known = ["query", "keys", "values", "mask", "featureMap", "state", "chunkSize", "site"] as const;

/**
 * sum over s of φ(q_t)·φ(k_s) v_s / sum over s of φ(q_t)·φ(k_s), in time and memory that grow with T + S.
 *
 * The recurrent form is the same function: with the `state` of the steps so far, it gives the contexts of the next ones and
 * the state after them, step by step or several at once, as one pass over all steps would.
 *
 * Keys and values that are blocked for every query have no influence, not even as NaN. A later key never reaches an earlier
 * query, nor does a later value that is finite; a NaN in a value reaches the queries of its chunk. A query whose weights
 * are all 0, as one without keys, gets a context of 0 and gradients of 0.
 *
 * @returns `context`, float32 (B, T, H, E), and `state`, that of the keys which the last query may see (all that are real,
 *   unless the mask is causal over more keys than queries): (B, H, M) and (B, H, M, E).
 * @throws HeedError when axes disagree, the mask blocks single pairs or adds to scores, the feature map gives something
 *   else than float32 (B, T, H, M), or an option is unknown or out of range.
 * Source: Katharopoulos et al. 2020 (arXiv:2006.16236), eq. 5, 6, 9 and 18 to 20; positive random features Choromanski et al.
 *   2021 (arXiv:2009.14794).
 */
export function linearAttention(options: LinearAttentionOptions): {
  readonly context: Tensor;
  readonly state: LinearState<Tensor>;
} {
  const where = "linearAttention";
  checkOptions(where, options, known);
  const { mask = null, chunkSize = 64, featureMap = eluFeatures } = options;
  const { sizes, operands } = checked(where, options);
  if (!Number.isSafeInteger(chunkSize) || chunkSize < 1)
    throw optionError(where, "chunkSize must be an integer >= 1", String(chunkSize));
  const { causal, keys: real } = visibleKeys(where, mask, sizes);
  const some = real && expandDims(expandDims(real, -1), -1); // (B, S, 1, 1)
  const only = (x: Tensor): Tensor => (some ? choose(some, x, 0) : x);
  const mapped = {
    query: mapBy(where, featureMap, operands.query, "query"),
    // Blocked before the map, so that no NaN enters it, and after, for features of 0 are what leaves a key out.
    keys: only(mapBy(where, featureMap, only(operands.keys), "keys")),
    values: only(operands.values),
  };
  const M = mapped.query.shape[3]!;
  if (mapped.keys.shape[3] !== M)
    throw shapeError(
      where,
      "featureMap must give queries and keys the same number of features",
      `${show(mapped.query)} and ${show(mapped.keys)}`,
    );
  const [B, H, E] = [sizes.batchSize, sizes.headCount, operands.values.shape[3]!];
  const initial = options.state ? joinedState(where, options.state, [B, H, M, E]) : null;
  const { sums, final } = sumsOf(rowsOf(mapped), causal, initial, chunkSize);
  const total = sliceAxis(sums, 3, E, E + 1); // (B, H, T, 1)
  const direct = headsFirst(overSum(sliceAxis(sums, 3, 0, E), total));
  const context = initial ? direct : watchedContext(mapped, rulesOf(sizes, mask), options.site, direct);
  return { context, state: splitState(final) };
}

/** Heads first, with a one behind each value, whose sum is what weights are divided by. */
function rowsOf({ query, keys, values }: Sequences): FeatureRows {
  const [B, S, H] = values.shape as readonly [number, number, number];
  const counted = concat([values, fill([B, S, H, 1], 1)], -1);
  return { query: headsFirst(query), keys: headsFirst(keys), values: headsFirst(counted) };
}

/** The sums of each query, (B, H, T, E + 1), and the state after all of them. */
function sumsOf(
  rows: FeatureRows,
  causal: number | null,
  initial: Tensor | null,
  chunkSize: number,
): { readonly sums: Tensor; readonly final: Tensor } {
  const { query, keys, values } = rows;
  const [T, S] = [query.shape[2]!, keys.shape[2]!];
  const plus = (total: Tensor): Tensor => (initial ? add(initial, total) : total);
  // The first `causal` keys are seen by every query; the others follow the queries one by one, key t after query t.
  const before = causal === null ? S : Math.min(S, Math.max(0, causal));
  const seen = (x: Tensor): Tensor => (before === S ? x : sliceAxis(x, 2, 0, before));
  const ofSeen = (): Tensor => plus(sumOverKeys({ keys: seen(keys), values: seen(values) }));
  if (causal === null || before === S || T === 0) {
    const final = ofSeen();
    return { sums: matmul(query, final), final };
  }
  const late = Math.max(0, -causal);
  const shifted = (x: Tensor): Tensor => {
    const own = sliceAxis(x, 2, before, Math.min(S, Math.max(before, T + causal)));
    return pad(own, [[0, 0], [0, 0], [Math.min(late, T), T - Math.min(late, T) - own.shape[2]!], [0, 0]]); // prettier-ignore
  };
  const first = before === 0 ? initial : ofSeen();
  return prefixSums({ query, keys: shifted(keys), values: shifted(values) }, first, chunkSize);
}

/** The context, offered to those who watch; written out with all its weights where they are changed. */
function watchedContext(mapped: Sequences, rules: ScoreRules, name = "attention", direct: Tensor): Tensor {
  const altered = (changes: readonly unknown[]): ScoreRules => ({
    ...rules,
    alterations: changes as readonly WeightAlteration[],
  });
  const [B, T, H, M] = mapped.query.shape as readonly [number, number, number, number];
  const flops = 2 * B * H * (T + mapped.keys.shape[1]!) * M * (mapped.values.shape[3]! + 1);
  const alterations = offer(name, attentionKind, (changes) => ({
    ...siteOf(mapped, altered(changes), weighFeatures),
    flops,
  }));
  if (alterations.length === 0) return direct;
  const [keys, values] = [headsFirst(mapped.keys), headsFirst(mapped.values)];
  return attendBlocked(
    { query: mapped.query, keys, values },
    altered(alterations),
    blockSizeOf(rules.sizes),
    (rows, own, at) => matmul(weighFeatures(rows, own, at).dropped, rows.values),
  );
}

function rulesOf(sizes: MaskSizes, mask: Mask | null): ScoreRules {
  const none = { softCap: null, scoreMod: null, normalize: null, drop: null, guard: false, alterations: [] } as const;
  return { ...none, sizes, mask, scale: 1, emptyRows: "zero" };
}

function checked(
  where: string,
  { query, keys, values, mask, featureMap }: LinearAttentionOptions,
): { readonly sizes: MaskSizes; readonly operands: Sequences } {
  const { sizes } = sizesOf(where, { query, keys, values }, mask);
  for (const [name, x] of Object.entries({ query, keys, values }))
    if (x.dtype !== "float32") throw shapeError(where, `${name} must be float32`, show(x));
  if (featureMap !== undefined && typeof featureMap !== "function")
    throw optionError(where, "featureMap must be a function of vectors", kindOf(featureMap));
  return { sizes, operands: repeatHeads(query, { keys, values }) };
}

function mapBy(where: string, map: FeatureMap, x: Tensor, role: "query" | "keys"): Tensor {
  const features: unknown = map(x, role);
  checkTensor(where, `featureMap of ${role}`, features);
  const leading = x.shape.slice(0, 3);
  if (features.dtype !== "float32" || features.rank !== 4 || features.shape.slice(0, 3).join() !== leading.join())
    throw shapeError(
      where,
      `featureMap must make float32[${leading.join(", ")}, M] of ${role} ${show(x)}`,
      show(features),
    );
  return features;
}
