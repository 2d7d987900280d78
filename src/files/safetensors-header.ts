// The JSON header of a safetensors file, read as exactly what the format allows: no value nests deeper than a shape.
// JSON.parse would hide duplicate names and build whatever tree a hostile file describes.

import { MAX_AXES } from "./elements.ts";
import { Scanner, quote } from "./scanner.ts";

/** The name that stands for the file's metadata, not for a tensor. */
export const METADATA = "__metadata__";
/** Longest header, as in the reference reader. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Most tensors, and most metadata entries: what bounds the memory that a header alone can claim. */
export const MAX_ENTRIES = 100_000;

/** One tensor as its header declares it; not yet compared with the file. */
export interface TensorEntry {
  /** What messages call it: `tensor "name"`, quoted and cut short. */
  readonly what: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** First byte and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** A parsed header, in the order of the file. */
export interface SafetensorsHeader {
  readonly entries: Map<string, TensorEntry>;
  readonly metadata: Map<string, string>;
}

/**
 * Parses the header of a safetensors file.
 *
 * @param bytes - the header alone, without the eight bytes of its length.
 * @param where - the file, for messages.
 * @throws HeedError `file` when it is not UTF-8 JSON of the format's own form, or a name comes twice.
 */
export function parseSafetensorsHeader(bytes: Uint8Array, where: string): SafetensorsHeader {
  const scan = new Scanner(bytes, where);
  const entries = new Map<string, TensorEntry>();
  const metadata = new Map<string, string>();
  scan.object("the header", MAX_ENTRIES, (name) => {
    if (name === METADATA)
      scan.object(METADATA, MAX_ENTRIES, (key) => {
        metadata.set(key, scan.string(`${METADATA} entry ${quote(key)}`));
      });
    else entries.set(name, readEntry(scan, `tensor ${quote(name)}`));
  });
  scan.end();
  return { entries, metadata };
}

function readEntry(scan: Scanner, what: string): TensorEntry {
  const found: { dtype?: string; shape?: readonly number[]; data_offsets?: readonly number[] } = {};
  scan.object(what, 3, (key) => {
    if (key === "dtype") found.dtype = scan.string(`dtype of ${what}`);
    else if (key === "shape") found.shape = scan.wholeNumbers(`shape of ${what}`, "[]", MAX_AXES);
    else if (key === "data_offsets") found.data_offsets = scan.wholeNumbers(`data_offsets of ${what}`, "[]", 2);
    else throw scan.error(`${what} must have dtype, shape and data_offsets only`, quote(key));
  });
  const { dtype, shape } = found;
  const [begin, end] = found.data_offsets ?? [];
  if (dtype === undefined || shape === undefined || begin === undefined || end === undefined)
    throw scan.error(`${what} must have dtype, shape and two data_offsets`, Object.keys(found).join(", ") || "none");
  return { what, dtype, shape, begin, end };
}
