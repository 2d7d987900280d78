// Figures of scores and windows. Parameters are set by hand, so that what they do can be read off.

import type { AttentionCell, Score, Window } from "../../src/attention/contract.ts";
import { softmaxNormalizer } from "../../src/attention/normalizers/softmax.ts";
import { additive } from "../../src/attention/scores/additive.ts";
import { bilinear } from "../../src/attention/scores/bilinear.ts";
import { cosine } from "../../src/attention/scores/cosine.ts";
import { coverage } from "../../src/attention/scores/coverage.ts";
import { dot } from "../../src/attention/scores/dot.ts";
import { general } from "../../src/attention/scores/general.ts";
import { location } from "../../src/attention/scores/location.ts";
import { locationSensitive } from "../../src/attention/scores/location-sensitive.ts";
import { scaledDot } from "../../src/attention/scores/scaled-dot.ts";
import { soft } from "../../src/attention/selections/soft.ts";
import { localM } from "../../src/attention/windows/local-m.ts";
import { localP } from "../../src/attention/windows/local-p.ts";
import { array, type NdArray } from "../../src/core/ndarray.ts";
import type { Tree } from "../../src/core/tree.ts";
import { range, stepWeights, type CellRun, type Matrix } from "./compute.ts";
import type { Panel, PanelFigure } from "./weight-panels.ts";

// Features: article, vehicle, blue.
const english = {
  rows: ["the", "blue", "car"],
  queries: [
    [1.5, 0, 0.1],
    [0, 0.2, 1.6],
    [0.2, 1.7, 0.3],
  ],
};
const french = {
  columns: ["la", "voiture", "bleue"],
  keys: [
    [1.8, 0.3, 0],
    [0.1, 2, 0.3],
    [0.2, 0.4, 1.9],
  ],
};

function cellOf(score: Score<Tree<NdArray>>, window?: Window<Tree<NdArray>>): AttentionCell {
  return { score, ...(window ? { window } : {}), normalizer: softmaxNormalizer, selection: soft };
}

async function words(title: string, cell: AttentionCell, run: Partial<CellRun> = {}): Promise<Panel> {
  const { rows, queries } = english;
  const { columns, keys } = french;
  return { title, rows, columns, weights: await stepWeights(cell, { queries, keys, ...run }) };
}

async function steps(title: string, cell: AttentionCell, columns: readonly string[], run: CellRun): Promise<Panel> {
  const rows = run.queries.map((_, t) => `step ${t}`);
  return { title, rows, columns, weights: await stepWeights(cell, run) };
}

/** Longer keys of one word. */
function stretched(by: number): Matrix {
  return french.keys.map((key, s) => (s === 1 ? key.map((x) => by * x) : key));
}

export async function dotFigure(): Promise<PanelFigure> {
  return {
    title: "Dot and scaled dot scores of the English words with the French ones",
    panels: [await words("dot", cellOf(dot)), await words("scaledDot", cellOf(scaledDot))],
  };
}

export async function generalFigure(): Promise<PanelFigure> {
  // The queries' features come in another order than the keys': W says which belongs to which.
  const queries = english.queries.map(([article, vehicle, blue]) => [blue!, article!, vehicle!]);
  const matrix = [
    [0, 0, 1],
    [1, 0, 0],
    [0, 1, 0],
  ];
  const factors = {
    query: { weight: array(matrix.map((row) => row.slice(0, 2))) },
    key: { weight: array([[1, 0], [0, 1], [0, 0]]) }, // prettier-ignore
  };
  return {
    title: "A dot score between spaces that do not match, the general score, and one of rank two",
    panels: [
      await words("dot", cellOf(dot), { queries }),
      await words("general", cellOf(general), { queries, params: { score: { weight: array(matrix) } } }),
      await words("bilinear, A = 2", cellOf(bilinear), { queries, alignmentSize: 2, params: { score: factors } }),
    ],
  };
}

export async function additiveFigure(): Promise<PanelFigure> {
  // Unit i is on where query and key both have feature i.
  const times = (k: number): NdArray => array(range(3).map((i) => range(3).map((j) => (i === j ? k : 0))));
  const score = {
    query: { weight: times(2), bias: array([-4.5, -4.5, -4.5]) },
    key: { weight: times(2) },
    score: array([[2], [2], [2]]),
  };
  return {
    title: "The additive score as it begins, and with units that are on where query and key agree",
    panels: [
      await words("as it begins", cellOf(additive), { alignmentSize: 3 }),
      await words("units that match", cellOf(additive), { alignmentSize: 3, params: { score } }),
    ],
  };
}

export async function cosineFigure(): Promise<PanelFigure> {
  const keys = stretched(6);
  return {
    title: "One key six times as long: the dot score follows the length, the cosine score does not",
    panels: [
      await words("dot", cellOf(dot), { keys }),
      await words("cosine, β = 4", cellOf(cosine({ scale: 4 })), { keys }),
      await words("cosine, β = 10", cellOf(cosine()), { keys }),
    ],
  };
}

export async function locationFigure(): Promise<PanelFigure> {
  const weight = array(range(4).map((t) => range(6).map((s) => 3 - 1.5 * Math.abs(s - 1.3 * t))));
  const queries = range(4).map((t) => range(4).map((i) => (i === t ? 1 : 0)));
  const source = (size: number): Promise<Panel> =>
    steps(`a source of ${size}`, cellOf(location({ longest: 6 })), range(size).map(String), {
      queries,
      keys: range(size).map(() => [0, 0, 0, 0]),
      params: { score: { weight } },
    });
  return { title: "The location score looks by the query alone", panels: [await source(6), await source(4)] };
}

// A first position that stands out, and nothing else to tell the others apart by.
const marked: CellRun = { keys: range(6).map((s) => [s === 0 ? 1 : 0]), queries: range(5).map(() => [1]) };
const byKey = { query: { weight: array([[0]]), bias: array([0]) }, key: { weight: array([[0.5]]) } };

export async function locationSensitiveFigure(): Promise<PanelFigure> {
  const columns = range(6).map(String);
  const score = { ...byKey, score: array([[6]]) };
  const moving = { ...score, filters: array([[1], [0], [0]]), location: { weight: array([[2]]) } };
  const cell = cellOf(locationSensitive({ kernelSize: 3, filterCount: 1 }));
  return {
    title: "A filter that finds where the step before looked, one position on",
    panels: [
      await steps("additive", cellOf(additive), columns, { ...marked, params: { score } }),
      await steps("locationSensitive", cell, columns, { ...marked, params: { score: moving } }),
    ],
  };
}

export async function coverageFigure(): Promise<PanelFigure> {
  const keys = [[1], [0.2], [0.8], [0], [0.6]];
  const columns = ["a", "b", "c", "d", "e"];
  const score = { ...byKey, score: array([[14]]) };
  const seen = { ...score, coverage: array([-0.8]) };
  return {
    title: "Five steps with the same query: coverage sends them on to what was not yet seen",
    panels: [
      await steps("additive", cellOf(additive), columns, { keys, queries: marked.queries, params: { score } }),
      await steps("coverage", cellOf(coverage), columns, { keys, queries: marked.queries, params: { score: seen } }),
    ],
  };
}

export async function localFigure(): Promise<PanelFigure> {
  const columns = [..."attention"];
  const keys = columns.map((letter) => [letter === "t" ? 1 : 0, "aeio".includes(letter) ? 1 : 0]);
  const queries = [0.1, 0.25, 0.45, 0.6, 0.9].map((share) => [Math.atanh(Math.log(share / (1 - share)) / 4), 1]);
  const position = { query: { weight: array([[1], [0]]) }, position: array([[4]]) };
  const blocked = (panel: Panel): Panel => ({
    ...panel,
    weights: panel.weights.map((row) => row.map((weight) => (weight === 0 ? null : weight))),
  });
  return {
    title: "Two windows over the same scores: around the step's own position, and around a predicted one",
    sums: true,
    panels: [
      blocked(await steps("localM, D = 2", cellOf(dot, localM({ reach: 2 })), columns, { keys, queries })),
      blocked(
        await steps("localP, D = 2", cellOf(dot, localP({ reach: 2 })), columns, {
          keys,
          queries,
          params: { window: position },
        }),
      ),
    ],
  };
}
