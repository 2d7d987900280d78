import { expect, suite, test } from "vitest";
import { alignmentLines } from "./alignment-lines.ts";
import { alignmentMatrix } from "./alignment-matrix.ts";
import {
  checkTrace,
  columnMass,
  describeAlignment,
  entropyShare,
  isMarked,
  markId,
  parseMark,
  type AlignmentMark,
} from "./alignment.ts";
import { cividis, contrast, greys, inkOn, luminance, mix, tide, viridis } from "./color.ts";
import { examples } from "./examples/index.ts";
import { svg } from "./svg.ts";
import { alignmentTerminal } from "./terminal.ts";
import { themes } from "./theme.ts";

const half = { rows: ["A"], columns: ["x", "y"], weights: [[0.5, 0.5]] };

suite("alignment", () => {
  test("entropy runs from 0 (one symbol) to 1 (all alike), and is 0 over a single symbol", () => {
    expect(entropyShare([1, 0, 0])).toBe(0);
    expect(entropyShare([0.25, 0.25, 0.25, 0.25])).toBeCloseTo(1, 12);
    expect(entropyShare([0.5, 0.5, 0, 0])).toBeCloseTo(0.5, 12);
    expect(entropyShare([1])).toBe(0);
    expect(entropyShare([0, 0])).toBe(0);
    expect(entropyShare([0.2, 0.2])).toBeCloseTo(1, 12);
  });
  test("received attention sums to the number of rows", () => {
    expect(columnMass(examples.phoebe!).reduce((a, b) => a + b, 0)).toBeCloseTo(4, 9);
  });
  test("describes itself in words", () => {
    expect(describeAlignment(examples.phoebe!)).toMatch(/^F reads P 0\.5\d, H 0\.\d\d\. IY reads O/);
  });
  test("names the row that is not sound", () => {
    expect(() => checkTrace("f", { ...half, weights: [[0.5, 0.7]] })).toThrow(
      "f: weights of a row must sum to at most 1, got 1.2000 in row 0. Normalise each row.",
    );
    expect(() => checkTrace("f", { ...half, weights: [[1]] })).toThrow(
      "f: weights row 0 must have one weight per input symbol (2), got 1",
    );
    expect(() => checkTrace("f", { ...half, weights: [[Number.NaN, 1]] })).toThrow(
      "f: weights must lie between 0 and 1, got NaN in row 0, column 0",
    );
    expect(() => checkTrace("f", { ...half, weights: [] })).toThrow("one row per output symbol (1), got 0 rows");
    expect(() => alignmentLines({ rows: [], columns: ["x"], weights: [] })).toThrow(
      "alignmentLines: an alignment needs at least one row",
    );
  });
  test("rows that look elsewhere, or nowhere, are drawn: as narrow as their weights", () => {
    const part = { rows: ["A", "B"], columns: ["x", "y"], weights: [[0.3, 0.2], [0, 0]] }; // prettier-ignore
    for (const scene of [alignmentLines(part), alignmentMatrix(part)]) expect(svg(scene)).not.toMatch(/NaN|Infinity/);
    expect(alignmentTerminal(part)).toContain("A");
    expect(describeAlignment(part)).toBe("A reads x 0.30, y 0.20. B reads nothing.");
  });
  test("marks survive a round trip and strangers are refused", () => {
    const marks: readonly AlignmentMark[] = [
      { kind: "row", row: 2 },
      { kind: "column", column: 0 },
      { kind: "cell", row: 1, column: 10 },
    ];
    for (const mark of marks) expect(parseMark(markId(mark))).toEqual(mark);
    for (const id of [undefined, "", "row:", "row:-1", "cell:1", "row:1:2", "column:99999999"])
      expect(parseMark(id)).toBeUndefined();
    expect(isMarked({ kind: "column", column: 1 }, 5, 1)).toBe(true);
    expect(isMarked({ kind: "cell", row: 5, column: 0 }, 5, 1)).toBe(false);
  });
});

suite("views", () => {
  test("hidden links are announced, and floor 0 hides none", () => {
    expect(svg(alignmentLines(examples.phoebe!))).toMatch(/\d+ links under 1 % not drawn/);
    expect(svg(alignmentLines(examples.phoebe!, { floor: 0 }))).not.toContain("not drawn");
  });
  test("the matrix says where uniform is", () => {
    expect(svg(alignmentMatrix(examples.phoebe!))).toContain("uniform 1/6 = 0.17");
  });
  test("lines keep to a height by their ribbons, as far as these can be followed", () => {
    const height = (given: object): number => alignmentLines(half, { width: 828, headline: false, ...given }).height;
    expect(height({})).toBe(428);
    expect(height({ height: 900 })).toBe(428);
    expect(height({ height: 360 })).toBe(360);
    expect(height({ height: 100 })).toBe(428 - 212 + 96);
  });
  test("64 letters stay at the smallest readable cell instead of shrinking", () => {
    const columns = Array.from({ length: 64 }, () => "a");
    const trace = { rows: ["A", "B"], columns, weights: [0, 1].map(() => columns.map(() => 1 / 64)) };
    expect(alignmentLines(trace, { width: 320 }).width).toBe(64 * 26 - 4 + 40);
    expect(alignmentMatrix(trace, { width: 320 }).width).toBe(64 * 24 + 40 + 44 + 16 + 40);
  });
  test("a word of nine letters fits the width of a phone, its entropy too", () => {
    const columns = [..."phonetics"];
    const trace = { rows: ["F"], columns, weights: [columns.map(() => 1 / 9)] };
    const scene = alignmentMatrix(trace, { width: 356, headline: false });
    expect(scene.width).toBe(356);
    expect(svg(scene)).toContain(">100 %</text>");
  });
  test("a figure is called by its word as typed, or by its title; the line below it may say more", () => {
    const written = svg(alignmentLines({ ...half, word: "Xy", subtitle: "A  ·  reading 2 of 5" }));
    expect(written).toContain('<title id="scene-title">Alignment of Xy with A</title>');
    expect(written).toContain(">Xy</text>");
    expect(written).toContain(">A  ·  reading 2 of 5</text>");
    expect(svg(alignmentMatrix({ ...half, word: "Xy", title: "Of two minds" }))).toContain(
      '<title id="scene-title">Of two minds</title>',
    );
  });
  test("unknown options are refused", () => {
    expect(() => alignmentMatrix(half, { hilight: 1 } as object)).toThrow("alignmentMatrix: options must be among");
  });
});

suite("colours", () => {
  test("every scale runs one way in lightness", () => {
    for (const scale of [cividis, viridis, tide, greys]) {
      const steps = Array.from({ length: 33 }, (_, k) => luminance(scale(k / 32)));
      const signs = new Set(steps.slice(1).map((value, k) => Math.sign(value - steps[k]!)));
      expect(signs.size).toBe(1);
    }
  });
  test("themes are readable: text 4.5:1, accent 3:1, figures on any cell 4.5:1", () => {
    for (const theme of Object.values(themes)) {
      expect(contrast(theme.ink, theme.background)).toBeGreaterThan(7);
      expect(contrast(theme.muted, theme.background)).toBeGreaterThan(4.5);
      expect(contrast(theme.muted, theme.surface)).toBeGreaterThan(4.5);
      expect(contrast(theme.accent, theme.background)).toBeGreaterThan(3);
      for (let k = 0; k <= 20; k++)
        expect(contrast(inkOn(theme.scale(k / 20)), theme.scale(k / 20))).toBeGreaterThan(4.2);
    }
  });
  test("mixing meets its ends and clamps", () => {
    expect(mix("#000000", "#ffffff", 0)).toBe("#000000");
    expect(mix("#000000", "#ffffff", 1)).toBe("#ffffff");
    expect(viridis(-1)).toBe("#440154");
    expect(viridis(2)).toBe("#fde725");
    expect(viridis(Number.NaN)).toBe("#440154");
  });
});

suite("alignmentTerminal", () => {
  const printed = (content: string): string => content.replace(/\u001b\[[\d;]*m/g, "");
  test("is aligned ASCII without colour", () => {
    expect(alignmentTerminal(examples.phoebe!)).toMatchInlineSnapshot(`
      "     P   H   O   E   B   E
       F  ++++====
      IY          ++++====
       B              ....####....
      IY                  ....%%%%

      0  .:-=+*#%@ 1   uniform 1/6 = 0.17"
    `);
  });
  test("no line passes the width; long words continue in further panels", () => {
    for (const color of ["none", "256", "truecolor"] as const)
      for (const width of [20, 40, 60, 80])
        for (const trace of Object.values(examples))
          for (const written of printed(alignmentTerminal(trace, { width, color })).split("\n"))
            expect(written.length).toBeLessThanOrEqual(width);
    expect(alignmentTerminal(examples["long-word"]!, { width: 30 }).split("\n\n").length).toBe(3);
  });
  test("colours change no character position and are always closed", () => {
    const plain = alignmentTerminal(examples.colonel!).split("\n")[0];
    expect(printed(alignmentTerminal(examples.colonel!, { color: "truecolor" })).split("\n")[0]).toBe(plain);
    const coded = alignmentTerminal(examples.colonel!, { color: "256" });
    expect(coded).toContain("\u001b[48;5;");
    expect(coded.lastIndexOf("\u001b[0m")).toBeGreaterThan(coded.lastIndexOf("\u001b[48"));
  });
  test("refuses a width that holds nothing", () => {
    expect(() => alignmentTerminal(examples.phoebe!, { width: 5 })).toThrow(
      "alignmentTerminal: width must be at least 20 columns, got 5",
    );
  });
});
