// What WebGPU's kernels lack, made of what they have. ONNX rules call these for that device only.

import type { DType } from "../dtype.ts";
import type { OnnxBuilder, Target } from "../op.ts";
import { onnxType } from "./select.ts";

/** Movement of bytes and bools as int32: WebGPU moves 32-bit numbers only. `emit` gets the operands, and gives results. */
export function moveAsNumbers(
  onnx: OnnxBuilder,
  target: Target,
  dtype: DType,
  operands: readonly string[],
  emit: (operands: readonly string[]) => readonly string[],
): readonly string[] {
  if (target.device !== "webgpu" || (dtype !== "bool" && dtype !== "uint8")) return emit(operands);
  const cast = (value: string, to: DType): string => onnx.node("Cast", [value], { to: { int: onnxType[to] } });
  return emit(operands.map((value) => cast(value, "int32"))).map((value) => cast(value, dtype));
}

/** Regular positions along some axes, by index: WebGPU's Slice takes float32 only. */
export function pick(
  onnx: OnnxBuilder,
  x: string,
  picks: readonly { readonly axis: number; readonly first: number; readonly step: number; readonly count: number }[],
): string {
  return picks.reduce((value, { axis, first, step, count }) => {
    const positions = Int32Array.from({ length: count }, (_, i) => first + i * step);
    return onnx.node("Gather", [value, onnx.constant("int32", [count], positions)], { axis: { int: axis } });
  }, x);
}

/** int64 positions in 0..count-1 as int32: WebGPU casts to int64 but not back, so they are looked up in a table. */
export function positionsToInt32(onnx: OnnxBuilder, target: Target, positions: string, count: number): string {
  if (target.device !== "webgpu") return onnx.node("Cast", [positions], { to: { int: onnxType.int32 } });
  const table = onnx.constant(
    "int32",
    [count],
    Int32Array.from({ length: count }, (_, i) => i),
  );
  return onnx.node("Gather", [table, positions], { axis: { int: 0 } });
}
