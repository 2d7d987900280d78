// Which named node lies under a point, and where a named node lies: the scene's answer to a pointer.

import type { Box, PathCommand, Scene, SceneNode } from "./scene.ts";

type Point = readonly [number, number];

/** Room around a thin stroke in which a pointer still hits it, in user units. */
const slack = 3;
/** Straight pieces that stand for one cubic curve; 16 keeps the error of our links under half a pixel. */
const curvePieces = 16;

/**
 * The id of the topmost node under a point in scene coordinates; a node without an id answers with its nearest group's.
 *
 * @returns the id, or undefined over empty ground. Text is never hit: its cell is.
 */
export function hit(scene: Scene, x: number, y: number): string | undefined {
  return hitAmong(scene.children, x, y, undefined);
}

/** The smallest box around every shape of the first node with this id, in scene coordinates; undefined when there is none. */
export function boundsOf(scene: Scene, id: string): Box | undefined {
  return boundsAmong(scene.children, id, 0, 0);
}

function hitAmong(
  nodes: readonly SceneNode[],
  x: number,
  y: number,
  inherited: string | undefined,
): string | undefined {
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    const id = node.id ?? inherited;
    if (node.type === "group") {
      const found = hitAmong(node.children, x - node.x, y - node.y, id);
      if (found !== undefined) return found;
    } else if (id !== undefined && covers(node, x, y)) return id;
  }
  return undefined;
}

function covers(node: Exclude<SceneNode, { type: "group" }>, x: number, y: number): boolean {
  switch (node.type) {
    case "rect":
      return x >= node.x && x < node.x + node.width && y >= node.y && y < node.y + node.height;
    case "line":
      return nearPolyline(
        [
          [node.x1, node.y1],
          [node.x2, node.y2],
        ],
        x,
        y,
        (node.strokeWidth ?? 1) / 2 + slack,
      );
    case "path": {
      const points = flatten(node.commands);
      return node.fill === undefined
        ? nearPolyline(points, x, y, (node.strokeWidth ?? 1) / 2 + slack)
        : inside(points, x, y);
    }
    case "text":
      return false;
  }
}

/** The corners of a path, curves cut into straight pieces. */
function flatten(commands: readonly PathCommand[]): readonly Point[] {
  const points: Point[] = [];
  for (const command of commands) {
    if (command[0] === "Z") continue;
    if (command[0] !== "C") {
      points.push([command[1], command[2]]);
      continue;
    }
    const [, bx, by, cx, cy, dx, dy] = command;
    const [ax, ay] = points.at(-1) ?? [bx, by];
    for (let k = 1; k <= curvePieces; k++) {
      const t = k / curvePieces;
      const s = 1 - t;
      const at = (a: number, b: number, c: number, d: number): number =>
        s ** 3 * a + 3 * s * s * t * b + 3 * s * t * t * c + t ** 3 * d;
      points.push([at(ax, bx, cx, dx), at(ay, by, cy, dy)]);
    }
  }
  return points;
}

/** Even-odd rule. */
function inside(points: readonly Point[], x: number, y: number): boolean {
  let odd = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [xi, yi] = points[i]!;
    const [xj, yj] = points[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

function nearPolyline(points: readonly Point[], x: number, y: number, distance: number): boolean {
  for (let i = 1; i < points.length; i++) {
    const [ax, ay] = points[i - 1]!;
    const [bx, by] = points[i]!;
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length));
    if (Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)) <= distance) return true;
  }
  return false;
}

function boundsAmong(nodes: readonly SceneNode[], id: string, dx: number, dy: number): Box | undefined {
  for (const node of nodes) {
    if (node.id === id) return enclose(corners(node, dx, dy));
    if (node.type !== "group") continue;
    const found = boundsAmong(node.children, id, dx + node.x, dy + node.y);
    if (found !== undefined) return found;
  }
  return undefined;
}

function corners(node: SceneNode, dx: number, dy: number): readonly Point[] {
  switch (node.type) {
    case "group":
      return node.children.flatMap((child) => corners(child, dx + node.x, dy + node.y));
    case "rect":
      return [
        [node.x + dx, node.y + dy],
        [node.x + node.width + dx, node.y + node.height + dy],
      ];
    case "line":
      return [
        [node.x1 + dx, node.y1 + dy],
        [node.x2 + dx, node.y2 + dy],
      ];
    case "path":
      return flatten(node.commands).map(([x, y]): Point => [x + dx, y + dy]);
    case "text":
      return [];
  }
}

function enclose(points: readonly Point[]): Box | undefined {
  if (points.length === 0) return undefined;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}
