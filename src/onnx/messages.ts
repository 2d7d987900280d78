// The small messages of an ONNX file: attributes, types of inputs and outputs, elements of constants.

import { allocate, byteSize, type DType, type TypedArray } from "../core/dtype.ts";
import { internalError } from "../core/errors.ts";
import type { OnnxAttribute, OnnxSubgraph } from "../core/op.ts";
import { onnxType } from "../core/ops/select.ts";
import type { TensorType } from "../core/tensor.ts";
import { ProtoWriter } from "./proto.ts";

/** The body of a loop with its message. */
export interface SubgraphMessage extends OnnxSubgraph {
  readonly proto: ProtoWriter;
}

/** An attribute of a node. */
export function attribute(name: string, value: OnnxAttribute): ProtoWriter {
  const out = new ProtoWriter().string(1, name);
  if ("float" in value) return out.float(2, value.float).int(20, 1);
  if ("int" in value) return out.int(3, value.int).int(20, 2);
  if ("string" in value) return out.string(4, value.string).int(20, 3);
  if ("graph" in value) return out.message(6, (value.graph as SubgraphMessage).proto).int(20, 5);
  if ("floats" in value) {
    for (const v of value.floats) out.float(7, v);
    return out.int(20, 6);
  }
  for (const v of value.ints) out.int(8, v);
  return out.int(20, 7);
}

/** Name and type of an input or output. */
export function valueInfo(name: string, type: TensorType): ProtoWriter {
  const shape = new ProtoWriter();
  for (const n of type.shape) shape.message(1, new ProtoWriter().int(1, n));
  const tensor = new ProtoWriter().int(1, onnxType[type.dtype]).message(2, shape);
  return new ProtoWriter().string(1, name).message(2, new ProtoWriter().message(1, tensor));
}

/** The bytes of a constant. @throws HeedError when there are not `count` elements of `dtype`. */
export function rawBytes(dtype: DType, count: number, data: TypedArray | readonly number[]): Uint8Array {
  let typed: TypedArray;
  if (ArrayBuffer.isView(data)) {
    typed = data;
  } else {
    typed = allocate(dtype, data.length);
    for (let i = 0; i < data.length; i++)
      typed[i] = (typed instanceof BigInt64Array ? BigInt(data[i]!) : data[i]!) as never;
  }
  if (typed.length !== count || typed.BYTES_PER_ELEMENT !== byteSize(dtype))
    throw internalError("onnx.constant", `${count} elements of ${dtype} are required`, `${typed.length}`);
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}
