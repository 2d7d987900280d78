// Scene -> SVG text: real text, stable numbers (3 decimals), escaped, with a name and a description for screen readers.

import { checkOptions } from "../core/errors.ts";
import { baselineShift, type Paint, type PathCommand, type Scene, type SceneNode } from "./scene.ts";

export interface SvgOptions {
  /** Printed width with its unit, for instance "85mm" for one column of a journal. Default: the scene's width in pixels. */
  readonly width?: string;
  /** Start of the ids of title and description; must differ between drawings of one page. Default "scene". */
  readonly idPrefix?: string;
}

type Attributes = Readonly<Record<string, string | number | undefined>>;

/**
 * Writes a scene as a standalone SVG document.
 *
 * @param scene - the drawing.
 * @returns the document, one node a line, without an XML prologue.
 */
export function svg(scene: Scene, options: SvgOptions = {}): string {
  checkOptions("svg", options, ["width", "idPrefix"]);
  const id = options.idPrefix ?? "scene";
  const root = open("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width: options.width ?? scene.width,
    ...(options.width === undefined ? { height: scene.height } : {}),
    viewBox: `0 0 ${round(scene.width)} ${round(scene.height)}`,
    role: "img",
    "aria-labelledby": `${id}-title ${id}-description`,
    "font-family": scene.font,
  });
  const lines = [
    `${root}>`,
    `<title id="${escape(id)}-title">${escape(scene.title)}</title>`,
    `<desc id="${escape(id)}-description">${escape(scene.description)}</desc>`,
  ];
  if (scene.background !== undefined)
    lines.push(`${open("rect", { width: scene.width, height: scene.height, fill: scene.background })}/>`);
  for (const node of scene.children) lines.push(...element(node));
  return [...lines, "</svg>", ""].join("\n");
}

/** A number with at most three decimals, without a negative zero. */
export function round(value: number): string {
  return String(Math.round(value * 1000) / 1000 + 0);
}

/** The `d` attribute of a path. */
export function pathData(commands: readonly PathCommand[]): string {
  return commands.map(([letter, ...numbers]) => letter + numbers.map(round).join(" ")).join("");
}

/** Where a text's baseline lies below its middle. */
export function baseline(y: number, size: number): number {
  return y + baselineShift * size;
}

function element(node: SceneNode): readonly string[] {
  const shared = { "data-id": node.id, opacity: node.opacity };
  switch (node.type) {
    case "group": {
      const moved = node.x !== 0 || node.y !== 0;
      const transform = moved ? `translate(${round(node.x)} ${round(node.y)})` : undefined;
      const inner = [...tooltip(node), ...node.children.flatMap(element)];
      return [`${open("g", { ...shared, transform })}>`, ...inner, "</g>"];
    }
    case "rect": {
      const { x, y, width, height, radius } = node;
      return leaf("rect", node, { ...shared, x, y, width, height, rx: radius, ...paint(node) });
    }
    case "line":
      return leaf("line", node, { ...shared, x1: node.x1, y1: node.y1, x2: node.x2, y2: node.y2, ...paint(node) });
    case "path":
      return leaf("path", node, { ...shared, d: pathData(node.commands), ...paint(node) });
    case "text": {
      const attributes: Attributes = {
        ...shared,
        x: node.x,
        y: baseline(node.y, node.size),
        "font-size": node.size,
        "font-weight": node.weight,
        "font-family": node.font,
        "text-anchor": node.anchor === "start" ? undefined : node.anchor,
        fill: node.fill,
      };
      return [`${open("text", attributes)}>${tooltip(node).join("")}${escape(node.text)}</text>`];
    }
  }
}

function leaf(name: string, node: SceneNode, attributes: Attributes): readonly string[] {
  const inner = tooltip(node).join("");
  return [inner === "" ? `${open(name, attributes)}/>` : `${open(name, attributes)}>${inner}</${name}>`];
}

function tooltip(node: SceneNode): readonly string[] {
  return node.title === undefined ? [] : [`<title>${escape(node.title)}</title>`];
}

function paint(node: Paint & { readonly type: string }): Attributes {
  // A line has no inside, so only closed shapes need to say that they are not filled.
  const fill = node.fill ?? (node.type === "line" ? undefined : "none");
  if (node.stroke === undefined) return { fill };
  return { fill, stroke: node.stroke, "stroke-width": node.strokeWidth, "stroke-dasharray": node.dash?.join(" ") };
}

function open(name: string, attributes: Attributes): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${typeof value === "number" ? round(value) : escape(value!)}"`);
  return `<${name}${written.join("")}`;
}

// XML forbids most control characters even as references; they become the replacement sign.
function escape(content: string): string {
  return content
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
