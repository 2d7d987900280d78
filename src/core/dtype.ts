// Element types: what computes, what only stores, and the typed array behind each.

/** float32 computes; int32 and uint8 index and mask; bool is a byte of 0 or 1; the rest only store. */
export type DType = "float32" | "int32" | "bool" | "uint8" | "float16" | "bfloat16" | "float64" | "int64";

/** The typed arrays that hold elements. float16 and bfloat16 are kept as their raw 16 bits. */
export type TypedArray = Float32Array | Int32Array | Uint8Array | Uint16Array | Float64Array | BigInt64Array;

interface DTypeFacts {
  readonly bytes: number;
  readonly array: new (source: number) => TypedArray;
  readonly view: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray;
}

const facts = (
  bytes: number,
  array: (new (source: number) => TypedArray) &
    (new (buffer: ArrayBufferLike, byteOffset: number, length: number) => TypedArray),
): DTypeFacts => ({ bytes, array, view: array });

const table: Readonly<Record<DType, DTypeFacts>> = {
  float32: facts(4, Float32Array),
  int32: facts(4, Int32Array),
  bool: facts(1, Uint8Array),
  uint8: facts(1, Uint8Array),
  float16: facts(2, Uint16Array),
  bfloat16: facts(2, Uint16Array),
  float64: facts(8, Float64Array),
  int64: facts(8, BigInt64Array),
};

/** Bytes of one element. */
export function byteSize(dtype: DType): number {
  return table[dtype].bytes;
}

/** A zeroed typed array of `length` elements. */
export function allocate(dtype: DType, length: number): TypedArray {
  return new table[dtype].array(length);
}

/** A view on `buffer` as `dtype`; `byteOffset` must be aligned to the element. */
export function viewAs(dtype: DType, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  return new table[dtype].view(buffer, byteOffset, length);
}

/** Whether `name` is a dtype that heed knows. */
export function isDType(name: string): name is DType {
  return Object.hasOwn(table, name);
}

/** Whether `data` is the typed array that holds `dtype`. */
export function holds(dtype: DType, data: unknown): data is TypedArray {
  return data instanceof table[dtype].array;
}

/** Number of elements of a shape; 1 for a scalar, 0 when an axis is empty. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}
