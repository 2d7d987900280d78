// Scene -> Canvas 2D. The context comes as an argument, so a page, a worker's OffscreenCanvas or a Node canvas can draw.

import { checkOptions } from "../core/errors.ts";
import { baselineShift, type Paint, type PathCommand, type RectNode, type Scene, type SceneNode } from "./scene.ts";

/** The part of a 2D context that drawing needs. */
export type CanvasTarget = Pick<
  CanvasRenderingContext2D,
  | "save"
  | "restore"
  | "scale"
  | "translate"
  | "beginPath"
  | "moveTo"
  | "lineTo"
  | "bezierCurveTo"
  | "closePath"
  | "rect"
  | "roundRect"
  | "fill"
  | "stroke"
  | "fillRect"
  | "fillText"
  | "globalAlpha"
  | "fillStyle"
  | "strokeStyle"
  | "lineWidth"
  | "setLineDash"
  | "font"
  | "textAlign"
  | "textBaseline"
>;

export interface CanvasOptions {
  /** Device pixels per user unit, for instance `devicePixelRatio` or 2 for a PNG at 2x. Default 1. */
  readonly scale?: number;
}

/** Draws a scene at the context's origin. The canvas must measure `scene.width * scale` by `scene.height * scale`. */
export function drawOnCanvas(context: CanvasTarget, scene: Scene, options: CanvasOptions = {}): void {
  checkOptions("drawOnCanvas", options, ["scale"]);
  const scale = options.scale ?? 1;
  context.save();
  context.scale(scale, scale);
  context.textBaseline = "alphabetic";
  if (scene.background !== undefined) {
    context.fillStyle = scene.background;
    context.fillRect(0, 0, scene.width, scene.height);
  }
  for (const node of scene.children) drawNode(context, node, 1, scene.font);
  context.restore();
}

function drawNode(context: CanvasTarget, node: SceneNode, above: number, font: string): void {
  const alpha = above * (node.opacity ?? 1);
  if (alpha <= 0) return;
  if (node.type === "group") {
    context.save();
    context.translate(node.x, node.y);
    for (const child of node.children) drawNode(context, child, alpha, font);
    context.restore();
    return;
  }
  context.globalAlpha = alpha;
  if (node.type === "text") {
    context.font = `${node.weight ?? 400} ${node.size}px ${node.font ?? font}`;
    context.textAlign = node.anchor === "middle" ? "center" : (node.anchor ?? "start");
    context.fillStyle = node.fill;
    context.fillText(node.text, node.x, node.y + baselineShift * node.size);
    return;
  }
  context.beginPath();
  if (node.type === "rect") traceRect(context, node);
  else if (node.type === "path") for (const command of node.commands) traceCommand(context, command);
  else {
    context.moveTo(node.x1, node.y1);
    context.lineTo(node.x2, node.y2);
  }
  paint(context, node);
}

function traceRect(context: CanvasTarget, { x, y, width, height, radius = 0 }: RectNode): void {
  if (radius > 0) context.roundRect(x, y, width, height, radius);
  else context.rect(x, y, width, height);
}

function traceCommand(context: CanvasTarget, command: PathCommand): void {
  switch (command[0]) {
    case "M":
      return context.moveTo(command[1], command[2]);
    case "L":
      return context.lineTo(command[1], command[2]);
    case "C":
      return context.bezierCurveTo(command[1], command[2], command[3], command[4], command[5], command[6]);
    case "Z":
      return context.closePath();
  }
}

function paint(context: CanvasTarget, node: Paint): void {
  if (node.fill !== undefined) {
    context.fillStyle = node.fill;
    context.fill();
  }
  if (node.stroke !== undefined) {
    context.strokeStyle = node.stroke;
    context.lineWidth = node.strokeWidth ?? 1;
    if (node.dash) context.setLineDash(node.dash);
    context.stroke();
    if (node.dash) context.setLineDash([]);
  }
}
