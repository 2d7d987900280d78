// Figures of the multi-head layer: heads, positions, the cache, and measures of several layers.

import { causal } from "../../src/attention/masks/causal.ts";
import type { Mask } from "../../src/attention/masks/mask.ts";
import { attentionFlow } from "../../src/attention/measures/attention-flow.ts";
import { rollout } from "../../src/attention/measures/rollout.ts";
import { emptyCache } from "../../src/attention/multi-head/cache.ts";
import type { MultiHeadConfig } from "../../src/attention/multi-head/config.ts";
import { multiHead } from "../../src/attention/multi-head/multi-head.ts";
import type { MultiHeadParams } from "../../src/attention/multi-head/params.ts";
import { initMultiHead } from "../../src/attention/multi-head/params.ts";
import { observe } from "../../src/attention/observe/observe.ts";
import { alibi } from "../../src/attention/positions/alibi.ts";
import { relativeBias } from "../../src/attention/positions/relative-bias.ts";
import { rotary } from "../../src/attention/positions/rotary.ts";
import { array, type NdArray, type Nested } from "../../src/core/ndarray.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Tree } from "../../src/core/tree.ts";
import { evaluate } from "../../src/engine/compile.ts";
import { headsOf, matrixOf, range, type Matrix } from "./compute.ts";
import type { PanelFigure } from "./weight-panels.ts";
import { numbers, square } from "./square.ts";

// A layer whose two heads are set by hand. Inputs: which letter (3), which position (6), one-hot each.
const letters = [..."abcabc"];
const inputs: Matrix = letters.map((letter, t) => [
  ..."abc".split("").map((other) => (other === letter ? 1 : 0)),
  ...range(6).map((i) => (i === t ? 1 : 0)),
]);
const handConfig: MultiHeadConfig = { querySize: 9, headCount: 2, headSize: 6, valueHeadSize: 1, outSize: 1 };

/** Head 0 asks for the position before, head 1 for the same letter. */
function handParams(): MultiHeadParams<NdArray> {
  const strength = 9;
  const projection = (entry: (input: number, column: number) => number): NdArray =>
    array(range(9).map((i) => range(12).map((j) => entry(i, j))));
  const letter = (i: number, j: number): number => (i < 3 && j === 6 + i ? 1 : 0);
  const zero = (count: number): NdArray => array(range(count).map(() => 0));
  return {
    query: {
      weight: projection((i, j) => strength * (letter(i, j) + (i > 3 && j === i - 4 ? 1 : 0))),
      bias: zero(12),
    },
    key: { weight: projection((i, j) => letter(i, j) + (i >= 3 && j === i - 3 ? 1 : 0)), bias: zero(12) },
    value: { weight: array(range(9).map(() => [0, 0])), bias: zero(2) },
    output: { weight: array([[1], [1]]), bias: zero(1) },
  };
}

async function layerWeights(
  params: MultiHeadParams<NdArray>,
  config: MultiHeadConfig,
  mask?: Mask,
): Promise<readonly Matrix[]> {
  const look = observe(
    (p: MultiHeadParams<Tensor>, x: Tensor) => multiHead(p, config, { query: x, ...(mask ? { mask } : {}) }).output,
    "attention",
  );
  const { seen } = await evaluate(look, params, array([inputs] as Nested));
  return headsOf(seen["attention"]!["weights"]!, config.headCount);
}

export async function multiHeadFigure(): Promise<PanelFigure> {
  const names = letters.map((letter, t) => `${letter}${t}`);
  const [before, same] = await layerWeights(handParams(), handConfig, causal());
  const mixture = array([[0.5, 0.5], [0.5, 0.5]]); // prettier-ignore
  const talking = { ...handConfig, talkingHeads: { scores: false, weights: true } };
  const [mixed] = await layerWeights({ ...handParams(), talkingHeads: { weights: mixture } }, talking, causal());
  return {
    title: "Two heads of one layer, and a head that hears both",
    panels: [
      square("head 0: the one before", before!, names, true),
      square("head 1: the same letter", same!, names, true),
      square("talking heads, half each", mixed!, names, true),
    ],
  };
}

export async function positionsFigure(): Promise<PanelFigure> {
  // One token, five times: nothing but positions tells the keys apart.
  const config = (positions: NonNullable<MultiHeadConfig["positions"]>): MultiHeadConfig => ({
    querySize: 8,
    headCount: 2,
    positions,
    bias: false,
  });
  const unit = (count: number): NdArray => array(range(8).map((i) => range(count).map((j) => (i === j ? 1 : 0))));
  const projections = {
    query: { weight: unit(8) },
    key: { weight: unit(8) },
    value: { weight: unit(8) },
    output: { weight: unit(8) },
  };
  const head = async (scheme: MultiHeadConfig["positions"], extra: object = {}): Promise<readonly Matrix[]> => {
    const own = config(scheme!);
    const look = observe(
      (p: MultiHeadParams<Tensor>, x: Tensor) => multiHead(p, own, { query: x, mask: causal() }).output,
      "attention",
    );
    const x = array([range(5).map(() => range(8).map(() => 1.5))] as Nested);
    const { seen } = await evaluate(look, { ...projections, ...extra }, x);
    return headsOf(seen["attention"]!["weights"]!, 2);
  };
  const [turned] = await head(rotary());
  const [steep, gentle] = await head(alibi());
  const table = array(range(4).map((bucket) => [-0.9 * bucket, bucket === 1 ? 2 : 0]));
  const [, learned] = await head(relativeBias({ buckets: 4, maxDistance: 6, bidirectional: false }), {
    positions: { table },
  });
  return {
    title: "The same token five times: only positions tell the keys apart",
    panels: [
      square("rotary()", turned!, numbers, true),
      square("alibi(), slope 1/16", steep!, numbers, true),
      square("alibi(), slope 1/256", gentle!, numbers, true),
      square("relativeBias, bucket 1 raised", learned!, numbers, true),
    ],
  };
}

export async function cacheFigure(): Promise<PanelFigure> {
  const names = letters.map((letter, t) => `${letter}${t}`);
  const params = handParams();
  const [whole] = await layerWeights(params, handConfig, causal());
  const look = observe(
    (p: MultiHeadParams<Tensor>, x: Tensor, cache: { keys: Tensor; values: Tensor; length: Tensor }) =>
      multiHead(p, handConfig, { query: x, mask: causal(), cache }),
    "attention",
  );
  let cache: Tree<NdArray> = emptyCache(handConfig, { batchSize: 1, capacity: 6 });
  const rows: (readonly number[])[] = [];
  for (const x of inputs) {
    const { result, seen } = await evaluate(look, params, array([[x]] as Nested), cache as never);
    rows.push((await headsOf(seen["attention"]!["weights"]!, 2))[0]![0]!);
    cache = result.cache as Tree<NdArray>;
  }
  return {
    title: "A head over the whole sequence, and one step at a time from a cache: the same rows",
    panels: [square("at once", whole!, names, true), square("six steps, one cache", rows, names, true)],
  };
}

export async function measuresFigure(): Promise<PanelFigure> {
  const short = inputs.slice(0, 5);
  const names = letters.slice(0, 5).map((letter, t) => `${letter}${t}`);
  const config: MultiHeadConfig = { querySize: 9, headCount: 3 };
  const layers = await Promise.all(
    [1, 2].map(async (seed) => {
      const params = initMultiHead(config, rng(seed));
      const louder = { ...params, query: { ...params.query, weight: await scaled(params.query.weight, 8) } };
      const look = observe((p: MultiHeadParams<Tensor>, x: Tensor) => multiHead(p, config, { query: x, mask: causal() }).output, "attention"); // prettier-ignore
      return (await evaluate(look, louder, array([short] as Nested))).seen["attention"]!["weights"]!;
    }),
  );
  const own = async (weights: NdArray): Promise<Matrix> => {
    const heads = await headsOf(weights, 3);
    return range(5).map((t) => range(5).map((s) => heads.reduce((total, head) => total + head[t]![s]! / 3, 0)));
  };
  return {
    title: "Two causal layers, the mean of their heads; rollout and flow through both",
    panels: [
      square("layer 1", await own(layers[0]!), names, true),
      square("layer 2", await own(layers[1]!), names, true),
      square("rollout", await matrixOf(rollout(layers), 5), names, true),
      square("attentionFlow", await flowRows(layers), names, true),
    ],
  };
}

/** The flow to each position, as shares of all that reaches it. */
async function flowRows(layers: readonly NdArray[]): Promise<Matrix> {
  const rows = await Promise.all(range(5).map(async (t) => (await matrixOf(attentionFlow(layers, t), 5))[0]!));
  return rows.map((row) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((flow) => flow / total);
  });
}

async function scaled(x: NdArray, by: number): Promise<NdArray> {
  const values = Array.from(await x.read(), Number).map((value) => by * value);
  return array(Float32Array.from(values), { shape: x.shape });
}
