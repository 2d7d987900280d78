// NumPy's .npy: one array, its dtype and shape in a Python literal, then the elements.
// Source: NEP 1 and numpy/lib/_format_impl.py (NumPy 2.4); versions 1.0, 2.0 and 3.0.

import { allocate, byteSize, sizeOf, type DType, type TypedArray } from "../core/dtype.ts";
import { dtypeError, fileError, inputError } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import { MAX_AXES, arrayFromBytes, bytesOfArray, checkBytes, countElements } from "./elements.ts";
import { Scanner, quote } from "./scanner.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** The longest header that NumPy itself reads. */
const MAX_HEADER = 10_000;
/** Spaces NumPy leaves so that the first axis can grow in place, less its own digits. */
const GROWTH_DIGITS = 21;

const descriptions: ReadonlyMap<DType, string> = new Map([
  ["float32", "<f4"],
  ["float64", "<f8"],
  ["float16", "<f2"],
  ["int32", "<i4"],
  ["int64", "<i8"],
  ["uint8", "|u1"],
  ["bool", "|b1"],
]);
const dtypes: ReadonlyMap<string, DType> = new Map([...descriptions].map(([dtype, text]) => [text.slice(1), dtype]));

interface Header {
  readonly description: string;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** Elements of either kind of number: a typed array of one dtype only ever meets its own. */
type Elements = { [index: number]: number | bigint };

/**
 * The bytes of a .npy file (version 1.0, row-major), equal to what `numpy.save` writes.
 *
 * @param array - on the host; every dtype but bfloat16.
 * @throws HeedError `dtype` for bfloat16, `engine` when the array lives on a device, `input` beyond 64 axes.
 */
export function toNpy(array: NdArray): Uint8Array {
  const description = descriptions.get(array.dtype);
  if (description === undefined)
    throw dtypeError(
      "toNpy",
      `array must have a dtype that NumPy knows (${[...descriptions.keys()].join(", ")})`,
      `${array}`,
      "Convert it with bfloat16ToFloat32 first, or write safetensors.",
    );
  if (array.shape.length > MAX_AXES)
    throw inputError("toNpy", `array must have at most ${MAX_AXES} axes`, `${array.shape.length} axes`);
  const data = bytesOfArray("toNpy", "array", array);
  const header = headerOf(description, array.shape);
  const bytes = new Uint8Array(header.length + data.length);
  bytes.set(header);
  bytes.set(data, header.length);
  return bytes;
}

/**
 * The array in the bytes of a .npy file. Column-major (Fortran) files are transposed to row-major.
 *
 * @param where - the file, for messages.
 * @returns a view on `bytes` where they are aligned to the element, else a copy.
 * @throws HeedError `file` when the file is damaged, cut short, too long, or of a dtype that heed does not store.
 */
export function fromNpy(bytes: Uint8Array, where: string): NdArray {
  const { start, end } = headerRange(bytes, where);
  const { description, fortran, shape } = parseHeader(bytes.subarray(start, end), where);
  const dtype = dtypeOf(description, where);
  const expected = countElements(where, "the array", shape) * byteSize(dtype);
  const present = bytes.length - end;
  if (present !== expected)
    throw fileError(
      where,
      `${dtype}[${shape.join(", ")}] must be followed by ${expected} bytes of elements`,
      `${present}`,
      present < expected ? "The file is cut short; copy or write it again." : "A file must hold one array.",
    );
  const array = arrayFromBytes(where, "the array", dtype, shape, bytes, end);
  if (!fortran) return array;
  return new NdArray(dtype, shape, fromColumnMajor(dtype, shape, array.data));
}

/** Magic, version, length and the dict, padded as NumPy pads it: to a multiple of 64 bytes, a newline last. */
function headerOf(description: string, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const growth = shape.length === 0 ? 0 : GROWTH_DIGITS - `${shape[0]}`.length;
  const dict = `{'descr': '${description}', 'fortran_order': False, 'shape': ${tuple}, }${" ".repeat(growth)}`;
  const text = `${dict}${" ".repeat(64 - ((MAGIC.length + 4 + dict.length + 1) % 64))}\n`;
  const prefix = [...MAGIC, 1, 0, text.length & 0xff, text.length >> 8];
  return Uint8Array.from([...prefix, ...new TextEncoder().encode(text)]);
}

function headerRange(bytes: Uint8Array, where: string): { readonly start: number; readonly end: number } {
  checkBytes(where, bytes);
  if (!MAGIC.every((byte, i) => bytes[i] === byte))
    throw fileError(where, "a .npy file must begin with \\x93NUMPY", "other bytes", "Write it with numpy.save.");
  const [major, minor] = [bytes[6], bytes[7]];
  if (major === undefined || minor === undefined || major < 1 || major > 3 || minor !== 0)
    throw fileError(where, "the .npy version must be 1.0, 2.0 or 3.0", `${major ?? "none"}.${minor ?? "none"}`);
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw fileError(where, `the .npy file must be at least ${start} bytes`, `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const limit = Math.min(MAX_HEADER, bytes.length - start);
  if (length > limit) throw fileError(where, `the header must be at most ${limit} bytes long here`, `${length}`);
  return { start, end: start + length };
}

/** The dict of the header: exactly `descr`, `fortran_order` and `shape`, in any order. */
function parseHeader(bytes: Uint8Array, where: string): Header {
  const scan = new Scanner(bytes, where);
  const found: { descr?: string; fortran_order?: boolean; shape?: readonly number[] } = {};
  scan.expect("{", "the header must be a Python dict");
  while (!scan.take("}")) {
    const key = scan.pythonString("a key of the header");
    scan.expect(":", `the key ${quote(key)} must have a value`);
    if (key === "descr" && found.descr === undefined) found.descr = scan.pythonString("descr, a plain type,");
    else if (key === "fortran_order" && found.fortran_order === undefined) found.fortran_order = truth(scan);
    else if (key === "shape" && found.shape === undefined) found.shape = scan.wholeNumbers("shape", "()", MAX_AXES);
    else throw scan.error("the header must hold descr, fortran_order and shape, once each", quote(key));
    if (scan.take("}")) break;
    scan.expect(",", "the header's entries must be separated by commas");
  }
  scan.end();
  const { descr: description, fortran_order: fortran, shape } = found;
  if (description === undefined || fortran === undefined || shape === undefined)
    throw fileError(
      where,
      "the header must hold descr, fortran_order and shape",
      Object.keys(found).join(", ") || "none",
    );
  return { description, fortran, shape };
}

function truth(scan: Scanner): boolean {
  if (scan.takeLiteral("True")) return true;
  if (scan.takeLiteral("False")) return false;
  throw scan.error("fortran_order must be True or False");
}

function dtypeOf(description: string, where: string): DType {
  const [order, kind] = [description.slice(0, 1), description.slice(1)];
  const dtype = dtypes.get(kind);
  if (dtype !== undefined && (order === "<" || byteSize(dtype) === 1)) return dtype;
  throw fileError(
    where,
    `the dtype must be among ${[...descriptions.values()].join(", ")}`,
    quote(description),
    dtype !== undefined
      ? 'Write it little-endian: a.astype(a.dtype.newbyteorder("<")).'
      : kind === "V2"
        ? "bfloat16 has no type in .npy; write it as float32 or as safetensors."
        : 'Convert it before saving, for instance with a.astype("float32").',
  );
}

/** Row-major elements of `shape` from elements stored column-major. */
function fromColumnMajor(dtype: DType, shape: readonly number[], stored: TypedArray): TypedArray {
  const result = allocate(dtype, stored.length);
  const [source, target]: [Elements, Elements] = [stored, result];
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis))); // in the source
  const index = shape.map(() => 0);
  for (let to = 0, from = 0; to < stored.length; to++) {
    target[to] = source[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
