// Figures of attention over whole sequences: masks, scores that are changed, and what is seen from outside.

import { attention } from "../../src/attention/dot-product/attention.ts";
import { eluFeatures, type FeatureMap } from "../../src/attention/linear/features.ts";
import { linearAttention } from "../../src/attention/linear/linear-attention.ts";
import { orthogonalFeatures, positiveFeatures } from "../../src/attention/linear/random-features.ts";
import { localAttention } from "../../src/attention/local/local-attention.ts";
import { and, or } from "../../src/attention/masks/algebra.ts";
import { causal } from "../../src/attention/masks/causal.ts";
import { documents } from "../../src/attention/masks/documents.ts";
import { lengths } from "../../src/attention/masks/lengths.ts";
import type { ScoreMod } from "../../src/attention/dot-product/rules.ts";
import type { Mask, MaskCoordinates } from "../../src/attention/masks/mask.ts";
import { maskMod } from "../../src/attention/masks/mask-mod.ts";
import { prefix } from "../../src/attention/masks/prefix.ts";
import { window } from "../../src/attention/masks/window.ts";
import { intervene } from "../../src/attention/observe/intervene.ts";
import { observe } from "../../src/attention/observe/observe.ts";
import { array, type Nested } from "../../src/core/ndarray.ts";
import { div, sub } from "../../src/core/ops/binary.ts";
import { equal, or as either } from "../../src/core/ops/compare.ts";
import { abs } from "../../src/core/ops/unary.ts";
import { cast, where } from "../../src/core/ops/select.ts";
import { sum } from "../../src/core/ops/reduce.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { evaluate } from "../../src/engine/compile.ts";
import { headsOf, headWeights, range, type Matrix } from "./compute.ts";
import type { Panel, PanelFigure } from "./weight-panels.ts";
import { numbers, square } from "./square.ts";

/** Five queries that prefer nothing: all that is seen is the mask. */
async function masked(title: string, mask: Mask): Promise<Panel> {
  const nothing = [range(5).map(() => [0])];
  return square(title, (await headWeights(nothing, nothing, { mask }))[0]!, numbers, true);
}

export async function masksFigure(): Promise<PanelFigure> {
  const ids = array(Int32Array.from([0, 0, 0, 1, 1]), { shape: [1, 5] });
  const firstAndOwn = maskMod(({ query, key }) => either(equal(key, 0), equal(key, query)));
  return {
    title: "Masks: rows are queries, columns keys; a pair without a cell may not meet",
    numbers: false,
    panels: [
      await masked("causal()", causal()),
      await masked("window, 1 and 1", window({ left: 1, right: 1 })),
      await masked("lengths, 3 of 5", lengths(array(Int32Array.of(3)))),
      await masked("documents", documents(ids)),
      await masked("prefix, 3", prefix({ length: 3 })),
      await masked("and(causal, window)", and(causal(), window({ left: 1, right: 0 }))),
      await masked("or(first and own, window)", or(firstAndOwn, window({ left: 1, right: 0 }))),
    ],
  };
}

const sentence = ["the", "cat", "saw", "the", "dog"];
// Features: article, animal, verb, and a little of which animal.
const vectors: Matrix = [
  [1.8, 0, 0, 0],
  [0, 1.8, 0.2, 0.9],
  [0, 0.9, 1.9, 0],
  [1.8, 0.1, 0, 0],
  [0, 1.8, 0.2, -0.9],
];

export async function dotProductFigure(): Promise<PanelFigure> {
  const look = async (mask?: Mask): Promise<Matrix> =>
    (await headWeights([vectors], [vectors], mask ? { mask } : {}))[0]!;
  return {
    title: "Self-attention of a sentence with itself, without a mask and causal",
    panels: [square("no mask", await look(), sentence), square("causal()", await look(causal()), sentence, true)],
  };
}

export async function scoreModFigure(): Promise<PanelFigure> {
  const four = vectors.slice(0, 4);
  const look = async (scoreMod?: ScoreMod): Promise<Panel["weights"]> =>
    (await headWeights([four], [four], scoreMod ? { scoreMod } : {}))[0]!;
  const distance = (at: MaskCoordinates): Tensor => abs(cast(sub(at.query, at.key), "float32"));
  const names = sentence.slice(0, 4);
  const panel = (title: string, weights: Panel["weights"]): Panel => ({ title, rows: names, columns: names, weights });
  return {
    title: "The same scores, less the distance, and less 4 on the diagonal",
    panels: [
      panel("no scoreMod", await look()),
      panel("less |query − key|", await look((x, at) => sub(x, distance(at)))),
      panel("less 4 for oneself", await look((x, at) => where(equal(at.query, at.key), sub(x, 4), x))),
    ],
  };
}

export async function nearLinearFigure(): Promise<PanelFigure> {
  const x = array([vectors.map((vector) => [vector])] as Nested);
  const panel = async (title: string, fn: (x: Tensor) => Tensor, isMasked = false): Promise<Panel> => {
    const watched = observe(fn, "attention");
    const { seen } = await evaluate(watched, x);
    return square(title, (await headsOf(seen["attention"]!["weights"]!, 1))[0]!, sentence, isMasked);
  };
  const directions = orthogonalFeatures({ headSize: 4, featureCount: 64 }, rng(1));
  const linear = (x: Tensor, featureMap: FeatureMap): Tensor =>
    linearAttention({ query: x, keys: x, values: x, featureMap }).context;
  return {
    title: "A sentence that looks at itself: two feature maps of linear attention, and chunks of two",
    panels: [
      await panel("eluFeatures", (x) => linear(x, eluFeatures)),
      await panel("positiveFeatures, 64", (x) => linear(x, positiveFeatures(directions))),
      await panel("chunks of 2", (x) => localAttention({ query: x, keys: x, values: x, chunkSize: 2 }).context, true),
    ],
  };
}

export async function observeFigure(): Promise<PanelFigure> {
  const read = (x: Tensor): Tensor => attention({ query: x, keys: x, values: x }).context;
  const x = array([vectors.map((vector) => [vector])] as Nested);
  const seenOf = async (fn: (x: Tensor) => Tensor): Promise<Matrix> => {
    const watched = observe(fn, "attention", { stage: "dropped" });
    const { seen } = await evaluate(watched, x);
    return (await headsOf(seen["attention"]!["weights"]!, 1))[0]!;
  };
  const blind = (weights: Tensor, key: Tensor): Tensor => where(equal(key, 1), 0, weights);
  return {
    title: "What is seen, and what is changed from outside: nobody reads the cat",
    panels: [
      square("observed", await seenOf(read), sentence),
      square("key 1 removed", await seenOf(intervene(read, { attention: (w, { at }) => blind(w, at.key) })), sentence),
      square(
        "removed and normalized again",
        await seenOf(
          intervene(read, {
            attention: (w, { at }) => div(blind(w, at.key), sum(blind(w, at.key), -1, { keepDims: true })),
          }),
        ),
        sentence,
      ),
    ],
  };
}
