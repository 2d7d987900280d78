// The elements of an array as the bytes of a file, in both directions.

import { byteSize, sizeOf, viewAs, type DType } from "../core/dtype.ts";
import { fileError, inputError } from "../core/errors.ts";
import { kindOf, NdArray } from "../core/ndarray.ts";

/** Most axes an array in a file may have (NumPy's and PyTorch's own limit). */
export const MAX_AXES = 64;

/** Refuses what is no file's content. */
export function checkBytes(where: string, bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw inputError(where, "the bytes must be a Uint8Array", kindOf(bytes));
}

/**
 * Elements of a shape that a file declares.
 *
 * @param what - the array's name in the file, for messages.
 * @throws HeedError `file` when the axes that are not empty multiply beyond 2^53 - 1.
 */
export function countElements(where: string, what: string, shape: readonly number[]): number {
  if (sizeOf(shape.filter((n) => n > 0)) > Number.MAX_SAFE_INTEGER)
    throw fileError(where, `${what} must have at most 2^53 - 1 elements`, `shape [${shape.join(", ")}]`);
  return sizeOf(shape);
}

/**
 * The array whose elements begin at byte `begin`: a view on the file's own buffer where the address is a multiple of
 * the element's size, else a copy. The caller has checked that the bytes are there.
 *
 * @throws HeedError `file` when a bool is neither 0 nor 1.
 */
export function arrayFromBytes(
  where: string,
  what: string,
  dtype: DType,
  shape: readonly number[],
  bytes: Uint8Array,
  begin: number,
): NdArray {
  const count = sizeOf(shape);
  let data = bytes.subarray(begin, begin + count * byteSize(dtype));
  if (dtype === "bool") {
    const at = firstNotBool(data);
    if (at >= 0) throw fileError(where, `${what} must hold bools of 0 or 1`, `${data[at]} at element ${at}`);
  }
  // Not `slice`: that of a Node Buffer is a view too.
  if (data.byteOffset % byteSize(dtype) !== 0) data = new Uint8Array(data);
  return new NdArray(dtype, shape, viewAs(dtype, data.buffer, data.byteOffset, count));
}

/**
 * The elements of a host array as little-endian bytes, without a copy.
 *
 * @throws HeedError `engine` when the array lives on a device, `disposed` when it is gone, `input` when a bool is
 *   neither 0 nor 1.
 */
export function bytesOfArray(where: string, what: string, array: NdArray): Uint8Array {
  const { data } = array;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (array.dtype === "bool") {
    const at = firstNotBool(bytes);
    if (at >= 0) throw inputError(where, `${what} must hold bools of 0 or 1`, `${bytes[at]} at element ${at}`);
  }
  return bytes;
}

function firstNotBool(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 1);
}
