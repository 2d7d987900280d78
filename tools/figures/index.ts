// The figures of docs/attention by name, each for a light page and a dark one.

import { svg } from "../../src/draw/svg.ts";
import { darkTheme, lightTheme } from "../../src/draw/theme.ts";
import { cacheFigure, measuresFigure, multiHeadFigure, positionsFigure } from "./layers.ts";
import { sigmoidFigure, sinksFigure, softmaxFigure, sparseFigure, topKFigure } from "./normalizers.ts";
import { marginalFigure, reinforceFigure, variationalFigure } from "./objectives.ts";
import {
  additiveFigure,
  cosineFigure,
  coverageFigure,
  dotFigure,
  generalFigure,
  localFigure,
  locationFigure,
  locationSensitiveFigure,
} from "./scores.ts";
import { hardFigure, monotonicFigure, relaxedFigure, softFigure } from "./selections.ts";
import { dotProductFigure, masksFigure, nearLinearFigure, observeFigure, scoreModFigure } from "./sequences.ts";
import { weightPanels, type PanelFigure } from "./weight-panels.ts";

const figures: Readonly<Record<string, () => Promise<PanelFigure>>> = {
  dot: dotFigure,
  general: generalFigure,
  additive: additiveFigure,
  cosine: cosineFigure,
  location: locationFigure,
  "location-sensitive": locationSensitiveFigure,
  coverage: coverageFigure,
  local: localFigure,
  softmax: softmaxFigure,
  sparse: sparseFigure,
  sigmoid: sigmoidFigure,
  "top-k": topKFigure,
  sinks: sinksFigure,
  soft: softFigure,
  hard: hardFigure,
  relaxed: relaxedFigure,
  monotonic: monotonicFigure,
  reinforce: reinforceFigure,
  marginal: marginalFigure,
  variational: variationalFigure,
  masks: masksFigure,
  "score-mod": scoreModFigure,
  "dot-product": dotProductFigure,
  "near-linear": nearLinearFigure,
  "multi-head": multiHeadFigure,
  positions: positionsFigure,
  cache: cacheFigure,
  observe: observeFigure,
  measures: measuresFigure,
};

/** The names of all figures, which are those of the pages that show them. */
export const figureNames: readonly string[] = Object.keys(figures);

/** A figure as its files, by their names. */
export async function drawFigure(name: string): Promise<Readonly<Record<string, string>>> {
  const figure = await figures[name]!();
  return {
    [`${name}.svg`]: svg(weightPanels(figure, lightTheme)),
    [`${name}-dark.svg`]: svg(weightPanels(figure, darkTheme)),
  };
}
