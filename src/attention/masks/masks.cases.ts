// Masks of every kind beside what they mean in plain JavaScript, at sizes with every kind of corner.

import { array, type NdArray } from "../../core/ndarray.ts";
import { add } from "../../core/ops/binary.ts";
import { and as both, equal, less, lessEqual } from "../../core/ops/compare.ts";
import { broadcastTo } from "../../core/ops/movement.ts";
import { fill } from "../../core/ops/source.ts";
import { eachIndex, evaluateReference } from "../../core/reference.ts";
import { sizeOf, type DType } from "../../core/dtype.ts";
import type { Tensor } from "../../core/tensor.ts";
import { fromAdditive } from "./additive.ts";
import { allow } from "./allow.ts";
import { bias } from "./bias.ts";
import { causal } from "./causal.ts";
import { documents } from "./documents.ts";
import { everything, nothing } from "./everything.ts";
import { keyPadding } from "./key-padding.ts";
import { lengths } from "./lengths.ts";
import { maskMod } from "./mask-mod.ts";
import { maskTensor } from "./mask-tensor.ts";
import type { Mask, MaskCoordinates, MaskSizes } from "./mask.ts";
import { prefix } from "./prefix.ts";
import { fromSdpa, fromTorchAttnMask, fromTorchKeyPadding } from "./torch.ts";
import { window } from "./window.ts";
import { from01, fromKeras } from "./zero-one.ts";

/** A mask and its oracle. */
export interface MaskCase {
  readonly mask: Mask;
  readonly allows: (b: number, h: number, q: number, k: number) => boolean;
  /** Default: nothing is added. */
  readonly adds?: (b: number, h: number, q: number, k: number) => number;
}

export const size = (batchSize: number, headCount: number, queryLength: number, keyLength: number): MaskSizes => ({
  batchSize,
  headCount,
  queryLength,
  keyLength,
});

export const shapeOf = (s: MaskSizes): readonly number[] => [s.batchSize, s.headCount, s.queryLength, s.keyLength];

/** Square, more keys, fewer keys, a single query, single everything, and each axis empty. */
export const allSizes: readonly MaskSizes[] = [
  size(2, 2, 4, 4),
  size(2, 3, 2, 5),
  size(3, 1, 4, 2),
  size(2, 1, 1, 4),
  size(1, 1, 1, 1),
  size(0, 2, 2, 3),
  size(2, 0, 2, 3),
  size(1, 2, 0, 3),
  size(2, 1, 3, 0),
];

/** Every mask that applies at these sizes, with values drawn from a small generator. */
export function casesAt(sizes: MaskSizes): readonly MaskCase[] {
  return [...positionCases(sizes), ...rowCases(sizes), ...storedCases(sizes)];
}

function positionCases({ queryLength: T, keyLength: S, headCount: H }: MaskSizes): readonly MaskCase[] {
  const aligned = [
    ...(T === S ? [[{}, 0] as const] : []),
    [{ align: "start" }, 0] as const,
    [{ align: "end" }, S - T] as const,
  ];
  return [
    { mask: everything, allows: () => true },
    { mask: nothing, allows: () => false },
    { mask: window({ left: Infinity, right: Infinity }), allows: () => true },
    ...aligned.flatMap(([align, o]): readonly MaskCase[] => [
      { mask: causal(align), allows: (_b, _h, q, k) => k <= q + o },
      ...[
        [0, 0],
        [1, 0],
        [2, 1],
        [0, 2],
        [Infinity, 0],
        [Infinity, 1],
        [1, Infinity],
        [1e12, 0],
      ].map(([left, right]) => ({
        mask: window({ left: left!, right: right!, ...align }),
        allows: (_b: number, _h: number, q: number, k: number) => k >= q + o - left! && k <= q + o + right!,
      })),
      ...[0, 1, S, 1e12].map((length) => ({
        mask: prefix({ length, ...align }),
        allows: (_b: number, _h: number, q: number, k: number) => k < length || k <= q + o,
      })),
    ]),
    {
      mask: maskMod(({ query, key, head, batch }) => less(key, add(add(query, head), batch)), { name: "shifted" }),
      allows: (b, h, q, k) => k < q + h + b,
    },
    { mask: maskMod(({ key }) => lessEqual(key, 1)), allows: (_b, _h, _q, k) => k <= 1 },
    { mask: maskMod(({ head }) => equal(head, H - 1)), allows: (_b, h) => h === H - 1 },
    { mask: maskMod(() => fill([], 1, "bool")), allows: () => true },
    {
      mask: maskMod(({ query, key }) => both(lessEqual(query, key), less(key, 3))),
      allows: (_b, _h, q, k) => q <= k && k < 3,
    },
  ];
}

function rowCases({ batchSize: B, queryLength: T, keyLength: S }: MaskSizes): readonly MaskCase[] {
  const ends = numbers("int32", [B], (i) => (i * 3 + 1) % (S + 1));
  const none = numbers("int32", [B], () => 0);
  const ids = numbers("int32", [B, S], (i) => [0, 0, 7, 7, -1][i % 5]!);
  const queries = numbers("int32", [B, T], (i) => [7, 0, 3][i % 3]!);
  const at = (x: NdArray, i: number): number => Number(x.data[i]);
  return [
    { mask: lengths(ends), allows: (b, _h, _q, k) => k < at(ends, b) },
    { mask: lengths(none), allows: () => false },
    {
      mask: documents(ids, { queries }),
      allows: (b, _h, q, k) => at(queries, b * T + q) === at(ids, b * S + k),
    },
    ...(T === S
      ? [
          {
            mask: documents(ids),
            allows: (b: number, _h: number, q: number, k: number) => at(ids, b * S + q) === at(ids, b * S + k),
          },
        ]
      : []),
    {
      mask: prefix({ length: ends, align: "end" }),
      allows: (b, _h, q, k) => k < at(ends, b) || k <= q + S - T,
    },
  ];
}

function storedCases(sizes: MaskSizes): readonly MaskCase[] {
  const [B, H, T, S] = shapeOf(sizes) as [number, number, number, number];
  const bits = (dtype: DType, shape: readonly number[]): NdArray => numbers(dtype, shape, (i) => random(i) & 1);
  const fills = [-Infinity, -3.4028234663852886e38, -1e9, -65504, -1e4, -9984, -9983, 0, 0.5, 1];
  const floats = (shape: readonly number[]): NdArray => numbers("float32", shape, (i) => fills[random(i) % 10]!);
  const small = (shape: readonly number[]): NdArray => numbers("float32", shape, (i) => (random(i) % 9) / 4);
  const view = (x: NdArray, four: readonly number[]): ((b: number, h: number, q: number, k: number) => number) => {
    return (...index) =>
      Number(x.data[index.reduce((flat, i, axis) => flat * four[axis]! + (four[axis] === 1 ? 0 : i), 0)]);
  };
  const attends = (make: (x: NdArray) => Mask, x: NdArray, four: readonly number[]): MaskCase => {
    const value = view(x, four);
    return { mask: make(x), allows: (...i) => value(...i) !== 0 };
  };
  const blocks = (make: (x: NdArray) => Mask, x: NdArray, four: readonly number[]): MaskCase => {
    const value = view(x, four);
    return { mask: make(x), allows: (...i) => value(...i) === 0 };
  };
  const adds = (make: (x: NdArray) => Mask, x: NdArray, four: readonly number[]): MaskCase => {
    const value = view(x, four);
    const allows = (...i: [number, number, number, number]): boolean => value(...i) > -9984;
    return { mask: make(x), allows, adds: (...i) => (allows(...i) ? value(...i) : 0) };
  };
  const stretched = [
    [B, H, T, S],
    [B, 1, 1, S],
    [1, H, T, 1],
    [1, 1, T, S],
    [B, 1, T, 1],
  ];
  return [
    ...stretched.flatMap((shape) => [
      attends(allow, bits("bool", shape), shape),
      adds(fromAdditive, floats(shape), shape),
      adds(bias, small(shape), shape),
      attends(from01, bits("int32", shape), shape),
    ]),
    ...[[T, S], [S], []].flatMap((shape) => {
      const four = [...new Array<number>(4 - shape.length).fill(1), ...shape];
      return [attends(fromSdpa, bits("bool", shape), four), adds(fromSdpa, floats(shape), four)];
    }),
    attends(keyPadding, bits("bool", [B, S]), [B, 1, 1, S]),
    blocks(fromTorchKeyPadding, bits("bool", [B, S]), [B, 1, 1, S]),
    blocks(fromTorchAttnMask, bits("bool", [T, S]), [1, 1, T, S]),
    adds(fromTorchAttnMask, floats([T, S]), [1, 1, T, S]),
    blocks(fromTorchAttnMask, bits("bool", [B * H, T, S]), [B, H, T, S]),
    adds(fromTorchAttnMask, floats([B * H, T, S]), [B, H, T, S]),
    attends(fromKeras, bits("bool", [B, S]), [B, 1, 1, S]),
    attends(fromKeras, bits("uint8", [B, T, S]), [B, 1, T, S]),
    attends(fromKeras, bits("int32", [B, 1, S]), [B, 1, 1, S]),
    attends(from01, bits("uint8", [B, S]), [B, 1, 1, S]),
  ];
}

/** A host array filled by index. */
export function numbers(dtype: DType, shape: readonly number[], fill: (index: number) => number): NdArray {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => fill(i));
  return array(values, { dtype, shape });
}

/** A number from 0 to 65535 that looks random. */
function random(i: number): number {
  return (Math.imul(i + 17, 2654435761) >>> 13) & 0xffff;
}

/** What a mask gives for a block, at the block's full shape: 1 and 0, and what is added. */
export function materialise(
  mask: Mask,
  sizes: MaskSizes,
  at?: MaskCoordinates,
  shape: readonly number[] = shapeOf(sizes),
  feeds: Parameters<typeof evaluateReference>[1] = new Map(),
): { readonly allowed: readonly number[]; readonly bias: readonly number[] } {
  const { allowed, bias } = maskTensor(mask, sizes, at);
  const values = (x: Tensor | null, without: number): readonly number[] =>
    x
      ? [...evaluateReference([broadcastTo(x, shape)], feeds)[0]!.data]
      : new Array<number>(sizeOf(shape)).fill(without);
  return { allowed: values(allowed, 1), bias: values(bias, 0) };
}

/** What the oracle gives for all pairs. */
export function expected(of: MaskCase, sizes: MaskSizes): ReturnType<typeof materialise> {
  const allowed: number[] = [];
  const bias: number[] = [];
  eachIndex(shapeOf(sizes), (index) => {
    const pair = [...index] as [number, number, number, number];
    allowed.push(Number(of.allows(...pair)));
    bias.push(of.adds?.(...pair) ?? 0);
  });
  return { allowed, bias };
}
