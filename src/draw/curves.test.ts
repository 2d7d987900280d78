import { expect, suite, test } from "vitest";
import { curves, type Curve, type CurvePanel } from "./curves.ts";
import { boundsOf } from "./hit.ts";
import type { PathNode, SceneNode, TextNode } from "./scene.ts";
import { svg } from "./svg.ts";
import { themes } from "./theme.ts";

/** A training of hard attention as it goes: the reward rises, its baseline with it, the entropy falls. */
const steps = Array.from({ length: 60 }, (_, i) => 20 * (i + 1));
const curve = (name: string, of: (step: number) => number): Curve => ({
  name,
  points: steps.map((step) => [step, of(step)]),
});
const panels: readonly CurvePanel[] = [
  {
    title: "reward, nats a phoneme",
    curves: [
      curve("reward", (step) => -0.3 - 3.4 * Math.exp(-step / 300) + 0.1 * Math.sin(step)),
      curve("baseline", (step) => -0.32 - 3.4 * Math.exp(-step / 300)),
    ],
  },
  { title: "entropy of attention, nats", curves: [curve("entropy", (step) => 0.2 + 1.8 * Math.exp(-step / 500))] },
];

const nodesOf = (children: readonly SceneNode[]): readonly SceneNode[] =>
  children.flatMap((node) => (node.type === "group" ? nodesOf(node.children) : [node]));
const textsOf = (children: readonly SceneNode[]): readonly string[] =>
  nodesOf(children).flatMap((node) => (node.type === "text" ? [(node as TextNode).text] : []));
const lineOf = (all: readonly CurvePanel[], id: string): PathNode =>
  nodesOf(curves(all).children).find((node) => node.id === id) as PathNode;

suite("curves", () => {
  test.each(["light", "dark", "print"] as const)("%s: as drawn before", async (theme) => {
    const scene = curves(panels, { title: "hard attention, REINFORCE", theme: themes[theme] });
    await expect(svg(scene)).toMatchFileSnapshot(`examples/snapshots/curves-${theme}.svg`);
  });

  test("says in words where each curve begins and ends", () => {
    const { title, description } = curves(panels);
    expect(title).toBe("reward, nats a phoneme; entropy of attention, nats");
    expect(description).toContain("entropy from 1.929 at step 20 to 0.3633 at step 1200.");
  });

  test("names stand beside their lines, and not on one another", () => {
    const scene = curves(panels);
    const named = nodesOf(scene.children).filter(
      (node): node is TextNode => node.type === "text" && /^(reward|baseline) -/.test(node.text),
    );
    expect(named.map(({ text }) => text.split(" ")[0])).toEqual(["reward", "baseline"]);
    expect(Math.abs(named[0]!.y - named[1]!.y)).toBeGreaterThanOrEqual(14);
    for (const id of ["curve:0:0", "curve:0:1", "curve:1:0"]) {
      const box = boundsOf(scene, id)!;
      expect(box.x).toBeGreaterThanOrEqual(55);
      expect(box.x + box.width).toBeLessThanOrEqual(scene.width - 130);
    }
  });

  test("many points become few, and the least and the largest stay", () => {
    const points = Array.from({ length: 200_000 }, (_, i) => [i, i === 77_777 ? 9 : Math.sin(i)] as const);
    const { commands } = lineOf([{ title: "x", curves: [{ name: "x", points }] }], "curve:0:0");
    expect(commands.length).toBeLessThan(1200);
    expect(Math.min(...commands.map((command) => command[2] as number))).toBe(0);
  });

  test("a value that is not finite leaves a gap; a constant is a line in the middle; one point has its number", () => {
    const broken = {
      name: "x",
      points: [
        [1, 1],
        [2, NaN],
        [3, 2],
      ] as const,
    };
    expect(lineOf([{ title: "x", curves: [broken] }], "curve:0:0").commands.map(([letter]) => letter)).toEqual([
      "M",
      "M",
    ]);
    const flat = {
      name: "x",
      points: [
        [1, 5],
        [2, 5],
      ] as const,
    };
    expect(lineOf([{ title: "x", curves: [flat] }], "curve:0:0").commands.map((c) => c[2])).toEqual([75, 75]);
    expect(textsOf(curves([{ title: "x", curves: [{ name: "x", points: [[1, 0.5]] }] }]).children)).toContain("x 0.5");
  });

  test("twelve curves differ by colour or dash", () => {
    const all = Array.from({ length: 12 }, (_, i) => curve(`c${i}`, (step) => i + step / 1000));
    const [panel] = [{ title: "x", curves: all }];
    const looks = all.map((_, i) => {
      const { stroke, dash } = lineOf([panel], `curve:0:${i}`);
      return JSON.stringify([stroke, dash]);
    });
    expect(new Set(looks).size).toBe(12);
    expect(svg(curves([panel], { panelHeight: 300 }))).toContain('stroke-dasharray="6 3"');
    expect(() => curves([{ title: "x", curves: [...all, all[0]!] }])).toThrow("must have 1 to 12 curves, got 13");
  });

  test("refuses what cannot be drawn", () => {
    expect(() => curves([])).toThrow("curves: at least one panel is required, got none");
    expect(() => curves([{ title: "x", curves: [] }])).toThrow('the panel "x" must have 1 to 12 curves, got 0');
    expect(() => curves([{ title: "x", curves: [{ name: "y", points: [[1, NaN]] }] }])).toThrow(
      'the curve "y" must have a finite value, got 1 points',
    );
    expect(() => curves(panels, { widht: 3 } as object)).toThrow('got "widht"');
  });
});
