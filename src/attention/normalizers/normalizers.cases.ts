// The normalizers that the suites run over, what each promises, and how it is run.

import { onCpu, onReference } from "../../../test/golden.ts";
import { sizeOf } from "../../core/dtype.ts";
import { gradients } from "../../core/grad.ts";
import { array, NdArray } from "../../core/ndarray.ts";
import type { RefArray } from "../../core/op.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { sum } from "../../core/ops/reduce.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, type Tree } from "../../core/tree.ts";
import type { Normalizer } from "../contract.ts";
import { entmaxNormalizer } from "./entmax.ts";
import { learnedEntmax } from "./learned-entmax.ts";
import { offByOneNormalizer } from "./off-by-one.ts";
import { sigmoidNormalizer } from "./sigmoid.ts";
import { sinkNormalizer } from "./sinks.ts";
import { softmaxNormalizer } from "./softmax.ts";
import { softmaxWithNormalizer } from "./softmax-with.ts";
import { sparsemaxNormalizer } from "./sparsemax.ts";
import { topKNormalizer } from "./top-k.ts";

/** How the normalizers differ in what they promise. */
export interface Kind {
  readonly stage: Normalizer<Tree<NdArray>>;
  /** What a row's weights sum to: exactly 1, less, or anything. */
  readonly sum: "one" | "less" | "any";
  /** How far the gradient in scores may lie from the reference. Default 1e-4; more where the slope at the edge is infinite. */
  readonly slope?: number;
  /** Whether a position feels the others, so that NaN is passed on to the row. Default true. */
  readonly couples?: false;
  /** The weights of scores [Infinity, 0]. Default NaN, NaN. */
  readonly infinite?: readonly number[];
  /** The weights of a row of -Infinity alone. Default NaN or 0. */
  readonly nothing?: number;
}

const capped = 1 / (1 + Math.exp(-2));
/** Every normalizer, by name. */
export const kinds: readonly (readonly [string, Kind])[] = [
  ["softmax", { stage: softmaxNormalizer, sum: "one" }],
  ["softmax with a temperature", { stage: softmaxWithNormalizer({ temperature: 0.7 }), sum: "one" }],
  [
    "softmax with a soft cap",
    { stage: softmaxWithNormalizer({ softCap: 2 }), sum: "one", infinite: [capped, 1 - capped], nothing: 0.25 },
  ],
  ["sparsemax", { stage: sparsemaxNormalizer, sum: "one" }],
  ["entmax 1", { stage: entmaxNormalizer({ alpha: 1 }), sum: "one" }],
  ["entmax 1.01", { stage: entmaxNormalizer({ alpha: 1.01 }), sum: "one" }],
  ["entmax 1.3", { stage: entmaxNormalizer({ alpha: 1.3 }), sum: "one" }],
  ["entmax 1.5", { stage: entmaxNormalizer({ alpha: 1.5 }), sum: "one" }],
  ["entmax 2", { stage: entmaxNormalizer({ alpha: 2 }), sum: "one" }],
  ["entmax 2.5", { stage: entmaxNormalizer({ alpha: 2.5 }), sum: "one", slope: 1e-3 }],
  ["learned entmax", { stage: learnedEntmax({ initial: 1.4 }), sum: "one" }],
  ["sigmoid", { stage: sigmoidNormalizer, sum: "any", couples: false, infinite: [1, 0.5], nothing: 0 }],
  ["top 3", { stage: topKNormalizer({ k: 3 }), sum: "one" }],
  ["top 1", { stage: topKNormalizer({ k: 1 }), sum: "one", infinite: [NaN, 0] }],
  ["off by one", { stage: offByOneNormalizer, sum: "less", nothing: 0 }],
  ["sinks", { stage: sinkNormalizer({ initial: 0.5 }), sum: "less", nothing: 0 }],
];

/** Rows and positions. */
export const [B, S] = [3, 6];
const draw = rng(11);
const seeds = draw.normal([4, 400], 1);
/** Scores (B, S), no two alike. */
export const scores: NdArray = draw.normal([B, S], 1.5);
/** A mask with holes; its last row allows two positions. */
export const mask: NdArray = array([[true, true, true, true, true, true], [true, false, true, true, false, true], [false, true, true, false, false, false]]); // prettier-ignore
const config = { querySize: 1, keySize: 1, alignmentSize: 1 };
/** A stage's parameters, as they begin. */
export const paramsOf = (stage: Kind["stage"]): Tree<NdArray> => stage.init(config, rng(1));

/** A number of each row by which its weights count in the loss; the same for equal positions in any order. */
export function lossOf(weights: Tensor, seed: Tensor): Tensor {
  return add(sum(mul(weights, seed)), sum(mul(weights, mul(weights, seed))));
}

/** What a normalizer is run on. */
export interface Given {
  readonly scores: NdArray;
  readonly mask?: NdArray;
  readonly seed: NdArray;
}

/** Weights and gradients by name, flat. */
export type Results = Readonly<Record<string, readonly number[]>>;

/** Weights, and gradients of a loss in scores and parameters. */
const traced =
  ({ stage }: Kind) =>
  (params: unknown, given: Readonly<Record<string, Tensor>>): Readonly<Record<string, Tensor>> => {
    const weights = stage.normalize(params as never, given["scores"]!, given["mask"] ?? null);
    const own = leaves<Tensor>(params);
    const all = gradients(lossOf(weights, given["seed"]!), [given["scores"]!, ...own.map(([, t]) => t)]);
    return {
      weights,
      "gradient of scores": all[0]!,
      ...Object.fromEntries(own.map(([path], i) => [`gradient of ${path}`, all[i + 1]!])),
    };
  };

/** Fixed numbers, by which the weights count in the loss. */
export function seedOf(shape: readonly number[]): NdArray {
  return new NdArray("float32", shape, (seeds.data as Float32Array).slice(0, sizeOf(shape)));
}

/** What a normalizer is run on, from its parts. */
export function asGiven(scores: NdArray, mask?: NdArray | null, seed: NdArray = seedOf(scores.shape)): Given {
  return { scores, seed, ...(mask ? { mask } : {}) };
}

const numbers = (results: ReadonlyMap<string, RefArray>): Results =>
  Object.fromEntries([...results].map(([name, { data }]) => [name, [...data]]));

/** Results on the native CPU. */
export async function cpu(kind: Kind, given: Given): Promise<Results> {
  return numbers(await onCpu(traced(kind), paramsOf(kind.stage), { ...given }));
}

/** Results on the float64 reference. */
export function reference(kind: Kind, given: Given): Results {
  return numbers(onReference(traced(kind), paramsOf(kind.stage), { ...given }));
}

/** Row i of a result (B, S). */
export const row = (values: readonly number[] | undefined, i: number): readonly number[] =>
  values!.slice(i * S, (i + 1) * S);
/** Whether `mask` allows the element at a flat index. */
export const isAllowed = (i: number): boolean => mask.data[i] === 1;
/** An array with other elements. */
export const rewritten = (a: NdArray, value: (i: number, old: number) => number): NdArray =>
  new NdArray(a.dtype, a.shape, (a.data as Float32Array).map((v, i) => value(i, v))); // prettier-ignore
/** All gradients in parameters. */
export const parametersOf = (results: Results): readonly number[] =>
  Object.entries(results).flatMap(([name, v]) => (/^gradient of (?!scores)/.test(name) ? v : []));
