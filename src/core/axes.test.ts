import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { bindAxes, broadcastShapes, normalizeAxes, normalizeAxis } from "./axes.ts";
import { HeedError } from "./errors.ts";
import type { TensorType } from "./tensor.ts";

const f32 = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

describe("bindAxes", () => {
  test("gives the size of every name, typed by the patterns", () => {
    const sizes = bindAxes("attention", {
      query: [f32(2, 5, 8), "B T D"],
      keys: [f32(2, 7, 8), "B S D"],
      values: [f32(2, 7, 6), "B S E"],
    });
    expect(sizes).toEqual({ B: 2, T: 5, D: 8, S: 7, E: 6 });
    expectTypeOf(sizes).toEqualTypeOf<{ readonly [A in "B" | "T" | "D" | "S" | "E"]: number }>();
    // @ts-expect-error no pattern names an axis Q
    expect(sizes.Q).toBeUndefined();
  });

  test("names the axis that disagrees, and shows all arguments", () => {
    const call = (): unknown =>
      bindAxes("attention", {
        query: [f32(2, 5, 8), "B T D"],
        keys: [f32(2, 7, 6), "B S D"],
        values: [f32(2, 7, 6), "B S E"],
      });
    expect(call).toThrow(HeedError);
    expect(call).toThrow(
      [
        "attention: axis D is 8 in query axis 2 but 6 in keys axis 2",
        "  query: float32[2, 5, 8] as (B T D)",
        "  keys: float32[2, 7, 6] as (B S D)",
        "  values: float32[2, 7, 6] as (B S E)",
      ].join("\n"),
    );
  });

  test("one tensor may name an axis twice", () => {
    expect(bindAxes("inverse", { x: [f32(3, 3), "N N"] })).toEqual({ N: 3 });
    expect(() => bindAxes("inverse", { x: [f32(3, 4), "N N"] })).toThrow(
      "inverse: axis N is 3 in x axis 0 but 4 in x axis 1",
    );
  });

  test("a scalar has no axes, and an empty pattern", () => {
    const sizes = bindAxes("f", { x: [f32(), ""], y: [f32(3), "N"] });
    expect(sizes).toEqual({ N: 3 });
    expectTypeOf(sizes).toEqualTypeOf<{ readonly [A in "N"]: number }>();
    expect(() => bindAxes("f", { x: [f32(2), ""] })).toThrow("f: x must have 0 axes (), got float32[2]");
  });

  test("asks for the right number of axes", () => {
    expect(() => bindAxes("attention", { query: [f32(5, 8), "B T D"] })).toThrow(
      "attention: query must have 3 axes (B T D), got float32[5, 8]",
    );
  });
});

describe("normalizeAxis", () => {
  test("counts from the front and from the back", () => {
    expect([
      normalizeAxis("f", 0, 3),
      normalizeAxis("f", 2, 3),
      normalizeAxis("f", -1, 3),
      normalizeAxis("f", -3, 3),
    ]).toEqual([0, 2, 2, 0]);
  });

  test.each([3, -4, 0.5, NaN])("refuses %s of 3", (axis) => {
    expect(() => normalizeAxis("f", axis, 3)).toThrow(`f: axis must be an integer from -3 to 2, got ${axis}`);
  });

  test("several: all by default, sorted, without repeats", () => {
    expect(normalizeAxes("f", undefined, 3)).toEqual([0, 1, 2]);
    expect(normalizeAxes("f", -1, 3)).toEqual([2]);
    expect(normalizeAxes("f", [-1, 0], 3)).toEqual([0, 2]);
    expect(normalizeAxes("f", [], 3)).toEqual([]);
    expect(() => normalizeAxes("f", [0, -3], 3)).toThrow("f: axes must differ, got [0, -3]");
  });
});

describe("broadcastShapes", () => {
  const sizes = fc.integer({ min: 0, max: 5 });
  const shapes = fc.array(sizes, { maxLength: 5 });
  /** Two or three shapes made from one by setting axes to 1 and dropping leading ones, and that one. */
  const fitting = fc
    .record({
      shape: shapes,
      cuts: fc.array(fc.record({ drop: fc.nat(5), ones: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }) }), {
        minLength: 1,
        maxLength: 3,
      }),
    })
    .map(({ shape, cuts }) => ({
      shape,
      parts: cuts.map(({ drop, ones }) =>
        f32(...shape.map((n, i) => (ones[i] ? 1 : n)).slice(Math.min(drop, shape.length))),
      ),
    }));

  test("gives a shape to which every part stretches, and no larger one", () => {
    fc.assert(
      fc.property(fitting, ({ parts }) => {
        const shape = broadcastShapes("f", parts);
        expect(shape.length).toBe(Math.max(...parts.map((p) => p.shape.length)));
        shape.forEach((n, i) => {
          const met = parts.flatMap((p) => p.shape[i - shape.length + p.shape.length] ?? []);
          expect(met.every((m) => m === 1 || m === n)).toBe(true);
          expect(n === 1 || met.includes(n)).toBe(true);
        });
      }),
    );
  });

  test("does not depend on the order, nor on the grouping", () => {
    fc.assert(
      fc.property(fitting, ({ parts }) => {
        const all = broadcastShapes("f", parts);
        expect(broadcastShapes("f", [...parts].reverse())).toEqual(all);
        expect(broadcastShapes("f", [f32(...broadcastShapes("f", parts.slice(0, 1))), ...parts.slice(1)])).toEqual(all);
        expect(broadcastShapes("f", [...parts, f32(...all)])).toEqual(all);
      }),
    );
  });

  test("refuses two sizes of which none is 1, wherever they stand", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const clash = a.some((n, i) => {
          const m = b[i - a.length + b.length];
          return m !== undefined && n !== m && n !== 1 && m !== 1;
        });
        if (clash)
          expect(() => broadcastShapes("f", [f32(...a), f32(...b)])).toThrow("f: shapes must broadcast together");
        else expect(() => broadcastShapes("f", [f32(...a), f32(...b)])).not.toThrow();
      }),
    );
  });

  test("names the tensors that clash", () => {
    expect(() => broadcastShapes("add", [f32(2, 3), f32(1), f32(2)])).toThrow(
      "add: shapes must broadcast together (equal, or 1, aligned at the end), got float32[2, 3] and float32[1] and float32[2]",
    );
  });
});
