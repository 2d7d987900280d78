// heed/draw: figures as data, drawn as SVG text or on a canvas. No framework, no DOM.

export { pathData, svg, type SvgOptions } from "./svg.ts";
export { drawOnCanvas, type CanvasOptions, type CanvasTarget } from "./canvas.ts";
export { boundsOf, hit } from "./hit.ts";
export {
  baselineShift,
  group,
  line,
  path,
  rect,
  text,
  type Box,
  type GroupNode,
  type LineNode,
  type NodeBase,
  type Paint,
  type PathCommand,
  type PathNode,
  type RectNode,
  type Scene,
  type SceneNode,
  type TextNode,
} from "./scene.ts";
export {
  channels,
  cividis,
  contrast,
  greys,
  inkOn,
  luminance,
  mix,
  okabeIto,
  sequential,
  tide,
  viridis,
  type ColorScale,
} from "./color.ts";
export { darkTheme, lightTheme, printTheme, themes, type Theme } from "./theme.ts";
export {
  checkTrace,
  columnMass,
  describeAlignment,
  entropyShare,
  isMarked,
  markId,
  parseMark,
  strongest,
  type AlignmentMark,
  type AlignmentTrace,
} from "./alignment.ts";
export { alignmentLines, type AlignmentLinesOptions } from "./alignment-lines.ts";
export { alignmentMatrix, type AlignmentMatrixOptions } from "./alignment-matrix.ts";
export { curves, type Curve, type CurvePanel, type CurvesOptions } from "./curves.ts";
export { alignmentTerminal, type AlignmentTerminalOptions } from "./terminal.ts";
