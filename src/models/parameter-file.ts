// The parameters of a model as a safetensors file: names are the dotted paths, and a file is held against what its
// configuration wants before any of it is believed.

import { fileError, internalError } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import type { Rng } from "../core/random.ts";
import { sameShape } from "../core/tensor.ts";
import { leaves, mapTree } from "../core/tree.ts";
import { float16ToFloat32, float32ToFloat16 } from "../files/half.ts";
import { decodeSafetensors, encodeSafetensors } from "../files/safetensors.ts";
import { quote } from "../files/scanner.ts";

/** Which files a model reads and writes. */
export interface ParameterFile {
  /** What the file says it holds, for instance `seq2seq`. */
  readonly kind: string;
  /** Other versions are refused. */
  readonly version: number;
}

/** How numbers are stored. */
export interface StorageOptions {
  /** float16 halves the file; it computes in float32 all the same. Default float32. */
  readonly storage?: "float32" | "float16";
}

/** Parameters as a safetensors file. */
export function encodeParameters(
  params: unknown,
  { kind, version }: ParameterFile,
  { storage = "float32" }: StorageOptions = {},
): Uint8Array {
  const tensors: Record<string, NdArray> = {};
  for (const [name, array] of leaves<NdArray>(params))
    tensors[name] =
      storage === "float32" ? array : new NdArray("float16", array.shape, float32ToFloat16(array.data as Float32Array));
  return encodeSafetensors(tensors, { heed: kind, version: String(version) });
}

/**
 * Parameters from a safetensors file, as float32.
 *
 * @param init - makes parameters of the configuration from the random numbers that it is given: only their names and shapes
 *   are looked at.
 * @param where - the file's name, for messages.
 * @throws HeedError (code `file`) naming file, tensor and reason: another kind or version, a tensor missing, unknown, of
 *   another shape or dtype, or with a value that is not finite.
 */
export function decodeParameters<P>(
  init: (rng: Rng) => P,
  bytes: Uint8Array,
  where: string,
  { kind: own, version: wantedVersion }: ParameterFile,
): P {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const kind = metadata.get("heed");
  // A training's best parameters have the same layout.
  if (kind !== own && kind !== "parameters")
    throw fileError(
      where,
      `the parameters of a ${own} model are required`,
      kind === undefined ? "a file that does not say what it holds" : quote(kind),
    );
  const version = metadata.get("version");
  if (kind === own && version !== String(wantedVersion))
    throw fileError(
      where,
      `version ${wantedVersion} is required`,
      version === undefined ? "none" : quote(version),
      "Use the version of heed that wrote it, or train again.",
    );
  const wanted = new Set<string>();
  const params = mapTree<unknown, NdArray, NdArray>(init(shapesOnly), (like, name) => {
    wanted.add(name);
    const tensor = tensors.get(name);
    if (!tensor) throw fileError(where, `tensor ${name} ${like.toString()} is required`, "none of that name");
    if (!sameShape(tensor.shape, like.shape))
      throw fileError(
        where,
        `tensor ${name} must have shape [${like.shape.join(", ")}]`,
        `[${tensor.shape.join(", ")}]`,
      );
    return toFloat32(where, name, tensor);
  });
  for (const name of tensors.keys())
    if (!wanted.has(name))
      throw fileError(where, "every tensor must belong to the model", `an unknown tensor ${quote(name)}`);
  return params as P;
}

// Parameters are made only for their names and shapes here: nothing is drawn. Only what begins with numbers of its own (biases,
// norms) is real: vectors, at most a few MB, whatever the configuration says.
const shapesOnly: Rng = { uniform: (shape) => blank(shape), normal: (shape) => blank(shape), integer: () => 0 };

function blank(shape: readonly number[]): NdArray {
  const read = (): Promise<never> => Promise.reject(internalError("decodeParameters", "only the shape may be read"));
  return new NdArray("float32", shape, { device: "webgpu", native: null, read, dispose: () => undefined });
}

function toFloat32(where: string, name: string, tensor: NdArray): NdArray {
  let data: Float32Array;
  if (tensor.dtype === "float32") data = tensor.data as Float32Array;
  else if (tensor.dtype === "float16") data = float16ToFloat32(tensor.data as Uint16Array);
  else throw fileError(where, `tensor ${name} must be float32 or float16`, tensor.dtype);
  if (!data.every(Number.isFinite)) throw fileError(where, `tensor ${name} must be finite`, "NaN or Infinity");
  return new NdArray("float32", tensor.shape, data);
}
