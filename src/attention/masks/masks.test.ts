// Every mask against plain JavaScript over all pairs, whole and in blocks, on the reference and on the engine; what each
// promises of itself (ranges, keys, structure, explanations) against the whole mask; and the laws of the algebra.

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../core/dtype.ts";
import { gradients } from "../../core/grad.ts";
import { array } from "../../core/ndarray.ts";
import { mul } from "../../core/ops/binary.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { input } from "../../core/ops/source.ts";
import { eachIndex, evaluateReference, refArray } from "../../core/reference.ts";
import type { Tensor } from "../../core/tensor.ts";
import { evaluate } from "../../engine/compile.ts";
import { and, not, or } from "./algebra.ts";
import { bias } from "./bias.ts";
import { coordinates } from "./coordinates.ts";
import { everything, nothing } from "./everything.ts";
import { maskTensor } from "./mask-tensor.ts";
import type { Mask, MaskSizes } from "./mask.ts";
import { allSizes, casesAt, expected, materialise, shapeOf, size, type MaskCase } from "./masks.cases.ts";

const label = (sizes: MaskSizes): string => shapeOf(sizes).join(" x ");

/** Everything that a mask says of itself, against its oracle. */
function checkPromises(of: MaskCase, sizes: MaskSizes): void {
  const { mask } = of;
  const shape = shapeOf(sizes);
  const [B, H, T, S] = shape as [number, number, number, number];
  const want = expected(of, sizes);
  expect(materialise(mask, sizes), `mask ${mask.name}`).toEqual(want);
  if (!mask.addsBias) expect(want.bias.every((x) => x === 0)).toBe(true);

  const ranges = Array.from({ length: T }, (_, query) => mask.keyRange(query, sizes));
  for (const [from, to] of ranges) expect(0 <= from && from <= to && to <= S, `${mask.name} ${from} ${to}`).toBe(true);
  const keys = mask.keys(sizes);
  if (keys) expect([keys.dtype, keys.shape], `mask ${mask.name}`).toEqual(["bool", [B, S]]);
  const keysNow = keys && evaluateReference([keys], new Map())[0]!.data;
  const structure = mask.structure(sizes);
  if (structure.lengths) expect([structure.lengths.dtype, structure.lengths.shape]).toEqual(["int32", [B]]);
  const ends = structure.lengths && evaluateReference([structure.lengths], new Map())[0]!.data;
  if (ends) expect(ends.every((end) => end >= 0 && end <= S)).toBe(true);
  if (structure.exact) expect(want.bias.every((x) => x === 0)).toBe(true);

  eachIndex(shape, (index, flat) => {
    const [b, h, q, k] = index as [number, number, number, number];
    const allowed = want.allowed[flat] === 1;
    const name = `${mask.name} at ${index.join(" ")} of ${label(sizes)}`;
    const [from, to] = ranges[q]!;
    if (k < from || k >= to) expect(allowed, `${name}: outside of its range`).toBe(false);
    if (keysNow?.[b * S + k] === 0) expect(allowed, `${name}: a blocked key`).toBe(false);
    const fits = (structure.causal === null || k <= q + structure.causal) && (!ends || k < ends[b]!);
    if (structure.exact) expect(allowed, `${name}: exactly its structure`).toBe(fits);
    else if (allowed) expect(fits, `${name}: outside of its structure`).toBe(true);
    const verdict = mask.explain(q, k, { batch: b, head: h, sizes });
    expect(verdict.allowed, `${name}: explained`).toBe(allowed);
    expect(verdict.rules.length).toBeGreaterThan(0);
  });
  if (B * H * T > 0 && keysNow && mask.name.startsWith("allow"))
    // Stored masks say all that there is to say.
    keysNow.forEach((real, i) => {
      const anybody = want.allowed.some(
        (x, flat) => x === 1 && flat % S === i % S && Math.floor(flat / (H * T * S)) === Math.floor(i / S),
      );
      expect(real === 1, `mask ${mask.name}`).toBe(anybody);
    });
}

describe.each(allSizes.map((sizes) => [label(sizes), sizes] as const))("masks of scores %s", (_label, sizes) => {
  test("every mask is what plain JavaScript says, and keeps its promises", () => {
    const cases = casesAt(sizes);
    expect(cases.length).toBeGreaterThan(60);
    for (const of of cases) checkPromises(of, sizes);
  });

  test("the tensors are small: four axes, of full size only where the mask varies", () => {
    for (const { mask } of casesAt(sizes)) {
      const { allowed, bias } = maskTensor(mask, sizes);
      for (const x of [allowed, bias]) {
        if (!x) continue;
        expect(x.rank).toBe(4);
        x.shape.forEach((n, i) => expect(n === 1 || n === shapeOf(sizes)[i], `mask ${mask.name}`).toBe(true));
      }
    }
  });

  test("a block is the part of the whole, with a start that is a number, a tensor, or one a row", () => {
    const [B, H, T, S] = shapeOf(sizes) as [number, number, number, number];
    if (T < 2 || S < 2) return;
    const [rows, columns] = [T - 1, S - 1];
    const scalar = input([], "int32", "start");
    const perRow = input([B], "int32", "starts");
    const starts = (b: number): number => b % 2;
    const feeds = new Map([
      [scalar, refArray([], () => 1)],
      [perRow, refArray([B], starts)],
    ]);
    const blocks = [
      { at: coordinates(sizes, { queryStart: 1 }), q: () => 1, k: () => 0, keys: S },
      { at: coordinates(sizes, { queryStart: scalar, queryCount: rows }), q: () => 1, k: () => 0, keys: S },
      { at: coordinates(sizes, { queryStart: perRow, queryCount: rows }), q: starts, k: () => 0, keys: S },
      { at: coordinates(sizes, { queryStart: 1, keyStart: 1 }), q: () => 1, k: () => 1, keys: columns },
      {
        at: coordinates(sizes, { queryCount: rows, keyStart: perRow, keyCount: columns }),
        q: () => 0,
        k: starts,
        keys: columns,
      },
    ];
    for (const of of casesAt(sizes))
      for (const { at, q, k, keys } of blocks) {
        const shape = [B, H, rows, keys];
        const moved: MaskCase = {
          ...of,
          allows: (b, h, i, j) => of.allows(b, h, i + q(b), j + k(b)),
          adds: (b, h, i, j) => of.adds?.(b, h, i + q(b), j + k(b)) ?? 0,
        };
        const want = expected(moved, size(B, H, rows, keys));
        expect(materialise(of.mask, sizes, at, shape, feeds), `mask ${of.mask.name}`).toEqual(want);
      }
  });
});

test.each([size(2, 3, 2, 5), size(2, 2, 4, 4), size(1, 1, 1, 1)])(
  "the engine agrees, whole and in blocks: %o",
  async (sizes) => {
    const [B, H, T, S] = shapeOf(sizes) as [number, number, number, number];
    const cases = casesAt(sizes);
    const fn = (start: Tensor): Record<string, Tensor> => {
      const out: Record<string, Tensor> = {};
      const block = coordinates(sizes, { queryStart: start, queryCount: 1 });
      cases.forEach(({ mask }, i) => {
        const [whole, part] = [maskTensor(mask, sizes), maskTensor(mask, sizes, block)];
        if (whole.allowed) out[`allowed ${i}`] = broadcastTo(whole.allowed, [B, H, T, S]);
        if (whole.bias) out[`bias ${i}`] = broadcastTo(whole.bias, [B, H, T, S]);
        if (part.allowed) out[`block ${i}`] = broadcastTo(part.allowed, [B, H, 1, S]);
        const keys = mask.keys(sizes);
        if (keys) out[`keys ${i}`] = keys;
      });
      return out;
    };
    const start = T - 1;
    const call = evaluate as unknown as (
      ...args: readonly unknown[]
    ) => Promise<Record<string, { data: Float32Array }>>;
    const got = await call(fn, array([start], { dtype: "int32", shape: [] }));
    cases.forEach((of, i) => {
      const want = expected(of, sizes);
      const name = `${i} ${of.mask.name}`;
      if (got[`allowed ${i}`]) expect([...got[`allowed ${i}`]!.data], `allowed of ${name}`).toEqual(want.allowed);
      if (got[`bias ${i}`]) expect([...got[`bias ${i}`]!.data], `bias of ${name}`).toEqual(want.bias);
      const last = want.allowed.filter((_, flat) => Math.floor(flat / S) % T === start);
      if (got[`block ${i}`]) expect([...got[`block ${i}`]!.data], `block of ${name}`).toEqual(last);
      const keys = of.mask.keys(sizes);
      if (keys)
        expect([...got[`keys ${i}`]!.data], `keys of ${name}`).toEqual([
          ...evaluateReference([keys], new Map())[0]!.data,
        ]);
    });
  },
);

test("the gradient of a bias goes back to the rows that a block reads", () => {
  const sizes = size(2, 2, 3, 2);
  const x = input([1, 2, 3, 2]);
  const weights = input([2, 2, 2, 2]);
  const block = maskTensor(bias(x), sizes, coordinates(sizes, { queryStart: 1 }));
  const [g] = gradients(sum(mul(block.bias!, weights)), [x]);
  const values = refArray([2, 2, 2, 2], (i) => i);
  const feeds = new Map([
    [x, refArray([1, 2, 3, 2])],
    [weights, values],
  ]);
  const want = refArray([1, 2, 3, 2]);
  eachIndex([2, 2, 2, 2], (index, flat) => {
    const [, h, q, k] = index as [number, number, number, number];
    want.data[(h * 3 + q + 1) * 2 + k]! += values.data[flat]!;
  });
  expect([...evaluateReference([g!], feeds)[0]!.data]).toEqual([...want.data]);
});

// A formula over masks: a leaf by number, or an operation.
type Formula = number | readonly ["and" | "or", readonly Formula[]] | readonly ["not", Formula];

const formula: fc.Arbitrary<Formula> = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.nat(),
    fc.tuple(fc.constantFrom("and" as const, "or" as const), fc.array(tie("formula"), { maxLength: 3 })),
    fc.tuple(fc.constant("not" as const), tie("formula")),
  ),
})).formula;

function build(of: Formula, leaves: readonly MaskCase[]): MaskCase {
  if (typeof of === "number") return leaves[of % leaves.length]!;
  if (of[0] === "not") {
    const inner = build(of[1], leaves);
    return { mask: not(inner.mask), allows: (...i) => !inner.allows(...i) };
  }
  const parts = of[1].map((part) => build(part, leaves));
  const masks = parts.map((part) => part.mask);
  return of[0] === "and"
    ? { mask: and(...masks), allows: (...i) => parts.every((part) => part.allows(...i)) }
    : { mask: or(...masks), allows: (...i) => parts.some((part) => part.allows(...i)) };
}

const smallSizes = [size(2, 1, 3, 3), size(2, 2, 2, 4), size(1, 1, 3, 2), size(1, 1, 1, 1), size(1, 1, 0, 2)];
const leavesAt = smallSizes.map((sizes) => casesAt(sizes).filter(({ mask }) => !mask.addsBias));
const place = fc.nat({ max: smallSizes.length - 1 });

/** That two masks are the same at all pairs. */
function checkSame(a: Mask, b: Mask, sizes: MaskSizes): void {
  expect(materialise(a, sizes), `${a.name} = ${b.name}`).toEqual(materialise(b, sizes));
}

describe("algebra", () => {
  test("any formula is what its oracle says, and keeps its promises", () => {
    fc.assert(
      fc.property(place, formula, (i, of) => checkPromises(build(of, leavesAt[i]!), smallSizes[i]!)),
      { numRuns: 150 },
    );
  });

  test("de Morgan, commutativity, associativity, distribution, neutral masks, double negation", () => {
    const three = fc.tuple(fc.nat(), fc.nat(), fc.nat());
    fc.assert(
      fc.property(place, three, (i, leaves) => {
        const [a, b, c] = leaves.map((leaf) => leavesAt[i]![leaf % leavesAt[i]!.length]!.mask) as [Mask, Mask, Mask];
        const same = (x: Mask, y: Mask): void => checkSame(x, y, smallSizes[i]!);
        same(not(and(a, b)), or(not(a), not(b)));
        same(not(or(a, b)), and(not(a), not(b)));
        same(and(a, b), and(b, a));
        same(or(a, b), or(b, a));
        same(and(and(a, b), c), and(a, b, c));
        same(or(or(a, b), c), or(a, b, c));
        same(and(a, or(b, c)), or(and(a, b), and(a, c)));
        same(and(a, everything), a);
        same(or(a, nothing), a);
        same(or(a, everything), everything);
        same(and(a, nothing), nothing);
        same(not(not(a)), a);
        same(and(a, not(a)), nothing);
        same(or(a, not(a)), everything);
      }),
      { numRuns: 60 },
    );
  });

  test("biases add up, and what blocks blocks", () => {
    const sizes = size(2, 2, 2, 3);
    const biased = casesAt(sizes).filter(({ mask }) => mask.addsBias);
    for (const [i, a] of biased.entries()) {
      const b = biased[(i + 5) % biased.length]!;
      checkPromises(
        {
          mask: and(a.mask, b.mask),
          allows: (...at) => a.allows(...at) && b.allows(...at),
          adds: (...at) => (a.adds?.(...at) ?? 0) + (b.adds?.(...at) ?? 0),
        },
        sizes,
      );
    }
  });

  test("and() is everything, or() is nothing, one mask is itself", () => {
    expect(and()).toBe(everything);
    expect(or()).toBe(nothing);
    expect(and(nothing)).toBe(nothing);
    expect(or(everything)).toBe(everything);
  });

  test("an empty block has an empty mask", () => {
    const sizes = size(2, 2, 3, 4);
    const at = coordinates(sizes, { queryStart: 3 });
    for (const { mask } of casesAt(sizes))
      expect(materialise(mask, sizes, at, [2, 2, 0, 4]).allowed, `mask ${mask.name}`).toEqual([]);
    expect(sizeOf(at.query.shape)).toBe(0);
  });
});
