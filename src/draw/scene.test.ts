import { expect, suite, test } from "vitest";
import { alignmentLines } from "./alignment-lines.ts";
import { alignmentMatrix } from "./alignment-matrix.ts";
import { drawOnCanvas, type CanvasTarget } from "./canvas.ts";
import { examples } from "./examples/index.ts";
import { boundsOf, hit } from "./hit.ts";
import { group, line, path, rect, text, type Scene } from "./scene.ts";
import { svg } from "./svg.ts";
import { themes } from "./theme.ts";

const scene: Scene = {
  width: 100,
  height: 50,
  title: 'A <b> & "c"',
  description: "Two marks",
  background: "#ffffff",
  font: "sans-serif",
  children: [
    rect({ x: 0, y: 0, width: 10, height: 10.00049 }, { id: "under", fill: "#ff0000" }),
    group(
      [
        rect({ x: 0, y: 0, width: 10, height: 10 }, { fill: "#00ff00", title: "five > 4" }),
        text("a\u0000b", 5, 5, { size: 10, fill: "#000000" }),
      ],
      {
        x: 5,
        y: 5,
        id: "over",
        opacity: 0.5,
      },
    ),
    line(50, 0, 50, 50, { id: "wire", stroke: "#000000", strokeWidth: 2 }),
    path([["M", 60, 0], ["L", 80, 0], ["L", 80, 20], ["Z"]], { id: "corner", fill: "#0000ff" }),
  ],
};

suite("svg", () => {
  test("escapes, names and rounds", () => {
    const written = svg(scene);
    expect(written).toContain('role="img"');
    expect(written).toContain('<title id="scene-title">A &lt;b&gt; &amp; &quot;c&quot;</title>');
    expect(written).toContain('height="10"');
    expect(written).toContain('<g data-id="over" opacity="0.5" transform="translate(5 5)">');
    expect(written).toContain("a\ufffdb");
    expect(written).not.toMatch(/\d\.\d{4}/);
  });
  test("prints at a physical width", () => {
    expect(svg(scene, { width: "85mm" })).toContain(
      '<svg xmlns="http://www.w3.org/2000/svg" width="85mm" viewBox="0 0 100 50"',
    );
  });
  test("refuses unknown options", () => {
    expect(() => svg(scene, { widht: "85mm" } as object)).toThrow(
      'svg: options must be among width, idPrefix, got "widht"',
    );
  });
  for (const [name, trace] of Object.entries(examples))
    for (const theme of ["light", "dark", "print"] as const) {
      if (theme !== "light" && name !== "phoebe") continue;
      test(`${name}, ${theme}: lines and matrix are as drawn before`, async () => {
        const options = { theme: themes[theme] };
        await expect(svg(alignmentLines(trace, options))).toMatchFileSnapshot(
          `examples/snapshots/${name}-lines-${theme}.svg`,
        );
        await expect(svg(alignmentMatrix(trace, options))).toMatchFileSnapshot(
          `examples/snapshots/${name}-matrix-${theme}.svg`,
        );
      });
    }
  test("a highlighted row is as drawn before", async () => {
    const options = { highlight: { kind: "row", row: 1 } } as const;
    await expect(svg(alignmentLines(examples.phoebe!, options))).toMatchFileSnapshot(
      "examples/snapshots/phoebe-lines-row.svg",
    );
    await expect(svg(alignmentMatrix(examples.phoebe!, options))).toMatchFileSnapshot(
      "examples/snapshots/phoebe-matrix-row.svg",
    );
  });
});

suite("hit", () => {
  test("finds the topmost node, through groups and on strokes", () => {
    expect(hit(scene, 2, 2)).toBe("under");
    expect(hit(scene, 7, 7)).toBe("over");
    expect(hit(scene, 52, 30)).toBe("wire");
    expect(hit(scene, 75, 5)).toBe("corner");
    expect(hit(scene, 65, 15)).toBeUndefined();
    expect(hit(scene, 90, 40)).toBeUndefined();
  });
  test("bounds take in group shifts", () => {
    expect(boundsOf(scene, "over")).toEqual({ x: 5, y: 5, width: 10, height: 10 });
    expect(boundsOf(scene, "none")).toBeUndefined();
  });
  test("every symbol and visible cell of every example is where its bounds say", () => {
    for (const trace of Object.values(examples)) {
      const matrix = alignmentMatrix(trace);
      trace.rows.forEach((_, i) =>
        trace.columns.forEach((_, j) => {
          const box = boundsOf(matrix, `cell:${i}:${j}`)!;
          expect(hit(matrix, box.x + box.width / 2, box.y + box.height / 2)).toBe(`cell:${i}:${j}`);
        }),
      );
      const lines = alignmentLines(trace);
      for (const id of [...trace.rows.map((_, i) => `row:${i}`), ...trace.columns.map((_, j) => `column:${j}`)]) {
        const box = boundsOf(lines, id)!;
        expect(hit(lines, box.x + box.width / 2, box.y + box.height / 2)).toBe(id);
        expect(box.x).toBeGreaterThanOrEqual(0);
        expect(box.x + box.width).toBeLessThanOrEqual(lines.width);
      }
    }
  });
});

suite("canvas", () => {
  test("draws the same nodes, scaled, with opacity multiplied down", () => {
    const calls: string[] = [];
    const target = new Proxy({} as Record<string, unknown>, {
      get: (store, key: string) => store[key] ?? ((...args: unknown[]) => void calls.push(`${key}(${args.join(",")})`)),
      set: (store, key: string, value) => {
        calls.push(`${key}=${value}`);
        // A plain value may be read again; a method stays a method.
        store[key] = value;
        return true;
      },
    });
    drawOnCanvas(target as unknown as CanvasTarget, scene, { scale: 2 });
    expect(calls.slice(0, 2)).toEqual(["save()", "scale(2,2)"]);
    expect(calls).toContain("fillRect(0,0,100,50)");
    expect(calls).toContain("globalAlpha=0.5");
    expect(calls).toContain("translate(5,5)");
    expect(calls).toContain("moveTo(60,0)");
    expect(calls.filter((call) => call === "save()").length).toBe(calls.filter((call) => call === "restore()").length);
  });
});
