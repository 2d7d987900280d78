// A drawing as data: immutable nodes in user units (CSS pixels), drawn alike by `svg.ts`, `canvas.ts` and found by `hit.ts`.

/** One step of a path: move, line, cubic curve, close. */
export type PathCommand =
  | readonly ["M", number, number]
  | readonly ["L", number, number]
  | readonly ["C", number, number, number, number, number, number]
  | readonly ["Z"];

/** What every node may carry. */
export interface NodeBase {
  /** Name for hit testing; becomes `data-id` in SVG. */
  readonly id?: string;
  /** Sentence shown as a tooltip and read aloud. */
  readonly title?: string;
  /** 0 invisible to 1 opaque; multiplies down a group. Default 1. */
  readonly opacity?: number;
}

/** Paint of a shape. Colours are `#rrggbb`; a missing fill or stroke is not painted. */
export interface Paint {
  readonly fill?: string;
  readonly stroke?: string;
  /** Width in user units. Default 1. */
  readonly strokeWidth?: number;
  /** Lengths of dashes and the gaps between them, in turn, in user units. Default: one unbroken stroke. */
  readonly dash?: readonly number[];
}

export interface GroupNode extends NodeBase {
  readonly type: "group";
  /** Shift of all children, in user units. */
  readonly x: number;
  readonly y: number;
  readonly children: readonly SceneNode[];
}

export interface RectNode extends NodeBase, Paint {
  readonly type: "rect";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Corner radius in user units. Default 0. */
  readonly radius?: number;
}

export interface LineNode extends NodeBase, Paint {
  readonly type: "line";
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

export interface PathNode extends NodeBase, Paint {
  readonly type: "path";
  readonly commands: readonly PathCommand[];
}

export interface TextNode extends NodeBase {
  readonly type: "text";
  readonly x: number;
  /** The vertical middle of lower-case and capital letters together, so that text centres in cells in every back end. */
  readonly y: number;
  readonly text: string;
  /** Font size in user units. */
  readonly size: number;
  readonly fill: string;
  readonly anchor?: "start" | "middle" | "end";
  /** CSS weight. Default 400. */
  readonly weight?: number;
  /** Default: the scene's font. */
  readonly font?: string;
}

export type SceneNode = GroupNode | RectNode | LineNode | PathNode | TextNode;

/** A whole drawing. */
export interface Scene {
  /** Size in user units. */
  readonly width: number;
  readonly height: number;
  /** Accessible name, one line. */
  readonly title: string;
  /** Accessible description: what a person who cannot see the drawing should know. */
  readonly description: string;
  /** Page colour, or undefined for a transparent drawing. */
  readonly background?: string;
  /** CSS font list for text without its own. */
  readonly font: string;
  readonly children: readonly SceneNode[];
}

/** A place in scene coordinates. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function group(
  children: readonly SceneNode[],
  options: NodeBase & { readonly x?: number; readonly y?: number } = {},
): GroupNode {
  return { x: 0, y: 0, ...options, type: "group", children };
}

export function rect(box: Box, options: NodeBase & Paint & { readonly radius?: number } = {}): RectNode {
  return { ...options, ...box, type: "rect" };
}

export function line(x1: number, y1: number, x2: number, y2: number, options: NodeBase & Paint = {}): LineNode {
  return { ...options, x1, y1, x2, y2, type: "line" };
}

export function path(commands: readonly PathCommand[], options: NodeBase & Paint = {}): PathNode {
  return { ...options, commands, type: "path" };
}

export function text(
  content: string,
  x: number,
  y: number,
  options: Omit<TextNode, "type" | "text" | "x" | "y">,
): TextNode {
  return { ...options, x, y, text: content, type: "text" };
}

/** Distance from a text node's `y` (its visual middle) down to the baseline, as a share of the font size. */
export const baselineShift = 0.355;
