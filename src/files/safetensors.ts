// safetensors: named tensors in one file. Length of the header (u64), JSON header, elements without gaps.
// Source: github.com/huggingface/safetensors, README "Format" and safetensors/src/tensor.rs.

import { byteSize, type DType } from "../core/dtype.ts";
import { fileError, inputError } from "../core/errors.ts";
import type { NdArray } from "../core/ndarray.ts";
import { MAX_AXES, arrayFromBytes, bytesOfArray, checkBytes, countElements } from "./elements.ts";
import {
  MAX_ENTRIES,
  MAX_HEADER_BYTES,
  METADATA,
  parseSafetensorsHeader,
  type TensorEntry,
} from "./safetensors-header.ts";
import { quote } from "./scanner.ts";

/** Named tensors and free text, in the order of the file. */
export interface SafetensorsContents {
  readonly tensors: Map<string, NdArray>;
  readonly metadata: Map<string, string>;
}

const dtypeNames: Readonly<Record<DType, string>> = {
  float64: "F64",
  int64: "I64",
  float32: "F32",
  int32: "I32",
  float16: "F16",
  bfloat16: "BF16",
  uint8: "U8",
  bool: "BOOL",
};
const dtypes: ReadonlyMap<string, DType> = new Map(
  Object.entries(dtypeNames).map(([dtype, name]) => [name, dtype as DType]),
);
const LENGTH_BYTES = 8;
const REPAIR = "The file is cut short or damaged; copy or write it again.";

interface Placed extends TensorEntry {
  readonly name: string;
  readonly type: DType;
}

/**
 * The bytes of a safetensors file.
 *
 * The header lists the tensors in the order given. The elements lie by falling element size (in the order given where
 * equal), which aligns each tensor without a gap; the header is padded with spaces to a multiple of 8 bytes.
 *
 * @param tensors - on the host. (A record puts names that are whole numbers first; a Map keeps any order.)
 * @param metadata - free text, written as `__metadata__`. Default: none.
 * @throws HeedError `input` for a name or a text that the format cannot hold, `engine` when an array lives on a device.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NdArray>> | ReadonlyMap<string, NdArray>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const where = "encodeSafetensors";
  const named: readonly (readonly [string, NdArray])[] =
    tensors instanceof Map ? [...tensors] : Object.entries(tensors as Readonly<Record<string, NdArray>>);
  const { begins, size } = layOut(named);
  const texts = Object.entries(metadata);
  checkCounts(where, named.length, texts.length);

  const members: string[] = [];
  if (texts.length > 0)
    members.push(`"${METADATA}":{${texts.map(([k, v]) => `${jsonText(where, k)}:${jsonText(where, v)}`).join(",")}}`);
  for (const [name, array] of named) {
    if (name === METADATA) throw inputError(where, "a tensor must have another name", quote(name));
    if (array.shape.length > MAX_AXES)
      throw inputError(where, `tensor ${quote(name)} must have at most ${MAX_AXES} axes`, `${array.shape.length}`);
    const begin = begins.get(name)!;
    const offsets = [begin, begin + array.byteLength];
    const entry = JSON.stringify({ dtype: dtypeNames[array.dtype], shape: array.shape, data_offsets: offsets });
    members.push(`${jsonText(where, name)}:${entry}`);
  }
  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const headerBytes = Math.ceil(header.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES)
    throw inputError(where, `names and metadata must fit ${MAX_HEADER_BYTES} bytes`, `${headerBytes}`);

  const start = LENGTH_BYTES + headerBytes;
  const bytes = new Uint8Array(start + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(header, LENGTH_BYTES);
  bytes.fill(0x20, LENGTH_BYTES + header.length, start);
  for (const [name, array] of named)
    bytes.set(bytesOfArray(where, `tensor ${quote(name)}`, array), start + begins.get(name)!);
  return bytes;
}

/**
 * The tensors in the bytes of a safetensors file. Nothing in the file is trusted: whatever does not fit the format to
 * the byte is refused, and no more memory is claimed than the file and its list of names account for.
 *
 * @param bytes - the whole file. Aligned tensors are views on it and keep it alive; others are copies.
 * @param where - the file, for messages.
 * @throws HeedError `file` that names the file, the tensor and the reason.
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): SafetensorsContents {
  const start = LENGTH_BYTES + headerLength(bytes, where);
  // A copy, because TextDecoder refuses shared memory in browsers.
  const header = parseSafetensorsHeader(new Uint8Array(bytes.subarray(LENGTH_BYTES, start)), where);
  const available = bytes.length - start;
  const placed: Placed[] = [];
  for (const [name, entry] of header.entries) placed.push(checkEntry(where, name, entry, available));
  checkLayout(where, placed, available);
  const tensors = new Map<string, NdArray>();
  for (const { name, what, type, shape, begin } of placed)
    tensors.set(name, arrayFromBytes(where, what, type, shape, bytes, start + begin));
  return { tensors, metadata: header.metadata };
}

function headerLength(bytes: Uint8Array, where: string): number {
  checkBytes(where, bytes);
  if (bytes.length < LENGTH_BYTES)
    throw fileError(where, `a safetensors file must be at least ${LENGTH_BYTES} bytes`, `${bytes.length}`, REPAIR);
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES)
    throw fileError(
      where,
      `the header must be at most ${MAX_HEADER_BYTES} bytes long`,
      `${length}`,
      "It may not be a safetensors file.",
    );
  if (Number(length) > bytes.length - LENGTH_BYTES)
    throw fileError(where, "the header must end within the file", `${length} of ${bytes.length} bytes`, REPAIR);
  return Number(length);
}

/** One tensor against its own dtype and shape, and the end of the file. */
function checkEntry(where: string, name: string, entry: TensorEntry, available: number): Placed {
  const { what, begin, end, shape } = entry;
  const type = dtypes.get(entry.dtype);
  if (type === undefined)
    throw fileError(where, `${what} must have a dtype among ${[...dtypes.keys()].join(", ")}`, quote(entry.dtype));
  const size = countElements(where, what, shape) * byteSize(type);
  const offsets = (): string => `data_offsets [${begin}, ${end}]`;
  if (end < begin) throw fileError(where, `${what} must not end before it begins`, offsets());
  if (end > available) throw fileError(where, `${what} must end within ${available} bytes of data`, offsets(), REPAIR);
  if (end - begin !== size)
    throw fileError(where, `${what}, ${entry.dtype} [${shape.join(", ")}], must take ${size} bytes`, offsets());
  return { ...entry, name, type };
}

/** All tensors together: they must cover the data once, without a gap. */
function checkLayout(where: string, placed: readonly Placed[], available: number): void {
  const order = [...placed].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let reached = 0;
  let last = "the header";
  for (const { what, begin, end } of order) {
    if (begin < reached) throw fileError(where, `${what} must not overlap ${last}`, `byte ${begin} of the data`);
    if (begin > reached)
      throw fileError(where, `${what} must follow ${last} without a gap, at byte ${reached}`, `byte ${begin}`);
    [reached, last] = [end, what];
  }
  if (reached !== available)
    throw fileError(where, `${last} must be the end of the file`, `${available - reached} bytes more`);
}

/** Where each tensor begins: larger elements first, so that every tensor is aligned. */
function layOut(named: readonly (readonly [string, NdArray])[]): { begins: Map<string, number>; size: number } {
  const order = [...named].sort(([, a], [, b]) => byteSize(b.dtype) - byteSize(a.dtype));
  const begins = new Map<string, number>();
  let size = 0;
  for (const [name, array] of order) {
    begins.set(name, size);
    size += array.byteLength;
  }
  return { begins, size };
}

function checkCounts(where: string, tensorCount: number, textCount: number): void {
  const most = Math.max(tensorCount, textCount);
  if (most >= MAX_ENTRIES)
    throw inputError(where, `tensors and metadata must be fewer than ${MAX_ENTRIES} each`, `${most}`);
}

function jsonText(where: string, text: unknown): string {
  if (typeof text !== "string" || /\p{Surrogate}/u.test(text))
    throw inputError(where, "names and metadata must be strings of valid Unicode", quote(String(text)));
  return JSON.stringify(text);
}
