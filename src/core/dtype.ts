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

/** Every dtype that heed knows. */
export const dtypes = Object.keys(table) as readonly DType[];

/** Whether `data` is the typed array that holds `dtype`. */
export function holds(dtype: DType, data: unknown): data is TypedArray {
  return data instanceof table[dtype].array;
}

const ranges: { readonly [D in DType]?: readonly [least: number, most: number] } = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint8: [0, 255],
  bool: [0, 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/**
 * What a number must be for `dtype` to hold it, or null where it is that: the integers take theirs only, the floats
 * round. float16 and bfloat16 are bits, which no number is converted to, but for 0.
 */
export function unheld(dtype: DType, value: number): string | null {
  const range = ranges[dtype];
  if (range)
    return Number.isInteger(value) && value >= range[0] && value <= range[1]
      ? null
      : `an integer from ${range[0]} to ${range[1]}`;
  return (dtype === "float16" || dtype === "bfloat16") && !Object.is(value, 0) ? "given as bits" : null;
}

/** The number that an element stands for: the 16-bit floats are decoded, an int64 is rounded beyond 2^53. */
export function numberOf(dtype: DType, element: number | bigint): number {
  const value = Number(element);
  if (dtype === "bfloat16") return new Float32Array(Uint32Array.of(value << 16).buffer)[0]!;
  if (dtype !== "float16") return value;
  const exponent = (value >> 10) & 0x1f;
  const fraction = (value & 0x3ff) / 1024;
  const magnitude =
    exponent === 0x1f
      ? fraction === 0
        ? Infinity
        : NaN
      : exponent === 0
        ? fraction * 2 ** -14
        : (1 + fraction) * 2 ** (exponent - 15);
  return value & 0x8000 ? -magnitude : magnitude;
}

/** Number of elements of a shape; 1 for a scalar, 0 when an axis is empty. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const n of shape) size *= n;
  return size;
}
