// NdArray: a handle on numbers that live on the host or on a device.

import { allocate, byteSize, dtypes, holds, numberOf, sizeOf, unheld, type DType, type TypedArray } from "./dtype.ts";
import { checkOptions, dtypeError, HeedError, inputError, shapeError } from "./errors.ts";

/** Where the elements live. `host` is JavaScript memory. */
export type ArrayDevice = "host" | "webgpu";

/** What stands behind a handle that is not on the host; made by an engine only. */
export interface DeviceStorage {
  readonly device: Exclude<ArrayDevice, "host">;
  /** The runtime's own object; opaque to everybody but the engine that made it. */
  readonly native: unknown;
  read(): Promise<TypedArray>;
  dispose(): void;
}

/** Numbers nested to any depth, as `[[1, 2], [3, 4]]`. */
export type Nested = number | boolean | readonly Nested[];

/**
 * A handle on an array: shape, dtype and the place of its elements (row-major).
 *
 * `await a.read()` gives the elements wherever they live; `a.dispose()` (or `using`) gives memory back.
 * A host array shares the typed array it was made from: what is written there is seen by the next run.
 */
export class NdArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly device: ArrayDevice;
  #host: TypedArray | null;
  #remote: DeviceStorage | null;

  constructor(dtype: DType, shape: readonly number[], storage: TypedArray | DeviceStorage) {
    checkDType("NdArray", dtype);
    this.dtype = dtype;
    this.shape = Object.freeze([...shape]);
    if (ArrayBuffer.isView(storage)) {
      checkShape("NdArray", shape);
      const given: TypedArray = storage;
      if (!holds(dtype, given))
        throw shapeError("NdArray", `${dtype} must be held by its own typed array`, kindOf(storage));
      if (storage.length !== sizeOf(shape))
        throw shapeError("NdArray", `shape [${shape.join(", ")}] needs ${sizeOf(shape)} elements`, `${storage.length}`);
      this.#host = storage;
      this.#remote = null;
      this.device = "host";
    } else {
      this.#host = null;
      this.#remote = storage;
      this.device = storage.device;
    }
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** Bytes of the elements. */
  get byteLength(): number {
    return this.size * byteSize(this.dtype);
  }

  /** Whether `dispose` was called. */
  get disposed(): boolean {
    return this.#host === null && this.#remote === null;
  }

  /** The elements, copied from the device where they live there; the array itself where on the host. */
  async read(): Promise<TypedArray> {
    if (this.#host) return this.#host;
    if (this.#remote) return await this.#remote.read();
    throw this.#gone("read");
  }

  /** The elements of a host array, without a copy. @throws HeedError when it lives on a device. */
  get data(): TypedArray {
    if (this.#host) return this.#host;
    if (this.#remote)
      throw new HeedError({
        code: "engine",
        where: "NdArray.data",
        expected: "the array must be on the host",
        got: this.device,
        hint: "Use `await array.read()`.",
      });
    throw this.#gone("data");
  }

  /** The engine's own object behind a device array, or null on the host. */
  get native(): unknown {
    return this.#remote ? this.#remote.native : null;
  }

  /** Frees what the handle holds; a second call does nothing. */
  dispose(): void {
    this.#remote?.dispose();
    this.#host = null;
    this.#remote = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Nested JavaScript arrays of the elements (a number for a scalar). */
  async toNested(): Promise<Nested> {
    const data = await this.read();
    return nest(data, this.shape, this.dtype);
  }

  toString(): string {
    return `${this.dtype}[${this.shape.join(", ")}]`;
  }

  #gone(what: string): HeedError {
    return new HeedError({
      code: "disposed",
      where: `NdArray.${what}`,
      expected: "the array must not be disposed",
      got: `a disposed ${this.toString()}`,
    });
  }
}

/**
 * An array from a number, nested arrays or a typed array.
 *
 * @param source - numbers; nested arrays must be rectangular. A typed array needs `shape` unless it is one axis.
 * @param options.dtype - default: of the typed array (`Float32Array` float32, `Int32Array` int32, `Uint8Array` uint8), else float32 (bool for booleans).
 * @throws HeedError when the nesting is ragged, the count does not fit the shape, or the dtype cannot hold an element.
 */
export function array(
  source: Nested | TypedArray,
  options: { readonly dtype?: DType; readonly shape?: readonly number[] } = {},
): NdArray {
  checkOptions("array", options, ["dtype", "shape"]);
  if (options.dtype !== undefined) checkDType("array", options.dtype);
  if (ArrayBuffer.isView(source)) {
    const dtype = options.dtype ?? dtypeOf(source);
    return new NdArray(dtype, options.shape ?? [source.length], source);
  }
  const shape = shapeOfNested(source);
  const flat: (number | boolean)[] = [];
  flatten(source, shape, 0, flat);
  const dtype = options.dtype ?? (flat.length > 0 && typeof flat[0] === "boolean" ? "bool" : "float32");
  for (const v of flat) checkElement(dtype, v);
  const data = allocate(dtype, flat.length);
  if (data instanceof BigInt64Array) flat.forEach((v, i) => (data[i] = BigInt(Number(v))));
  else flat.forEach((v, i) => (data[i] = Number(v)));
  return new NdArray(dtype, options.shape ?? shape, data);
}

/** An array of zeros. */
export function zeros(shape: readonly number[], dtype: DType = "float32"): NdArray {
  checkDType("zeros", dtype);
  checkShape("zeros", shape);
  return new NdArray(dtype, shape, allocate(dtype, sizeOf(shape)));
}

/** Refuses a shape with a negative, fractional or absurd size. */
export function checkShape(where: string, shape: readonly number[]): void {
  if (!Array.isArray(shape)) throw shapeError(where, "the shape must be a list of sizes", kindOf(shape));
  if (!shape.every((n) => Number.isInteger(n) && n >= 0))
    throw shapeError(where, "every axis must be an integer >= 0", `[${shape.join(", ")}]`);
  if (sizeOf(shape) > Number.MAX_SAFE_INTEGER)
    throw shapeError(where, `at most ${Number.MAX_SAFE_INTEGER} elements can be counted`, `[${shape.join(", ")}]`);
}

/** Refuses a dtype that heed does not know. */
export function checkDType(where: string, dtype: DType): void {
  if (!dtypes.includes(dtype))
    throw dtypeError(where, `dtype must be among ${dtypes.join(", ")}`, JSON.stringify(dtype));
}

/** Refuses an element that is no number, or that `dtype` would store as another number. */
function checkElement(dtype: DType, value: unknown): void {
  if (typeof value !== "number" && typeof value !== "boolean")
    throw inputError("array", "elements must be numbers or booleans", kindOf(value));
  const needed = unheld(dtype, Number(value));
  if (needed === null) return;
  const hint =
    needed === "given as bits"
      ? "Pass a Uint16Array, as float32ToFloat16 and float32ToBfloat16 of heed/files make it."
      : undefined;
  throw dtypeError("array", `every element of dtype ${dtype} must be ${needed}`, String(value), hint);
}

/** The kind of a value as an error message names it: `number`, `null`, `Int16Array`. */
export function kindOf(value: unknown): string {
  if (value instanceof NdArray) return `an NdArray ${value.toString()}`;
  return typeof value === "object" && value !== null
    ? Object.prototype.toString.call(value).slice(8, -1)
    : value === null || value === undefined
      ? String(value)
      : `a ${typeof value}`;
}

function dtypeOf(data: TypedArray): DType {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "uint8";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Uint16Array)
    throw dtypeError("array", "a Uint16Array needs its dtype, float16 or bfloat16", "none");
  throw dtypeError(
    "array",
    "a typed array must be a Float32Array, Int32Array, Uint8Array, Float64Array, BigInt64Array or Uint16Array",
    kindOf(data),
  );
}

function shapeOfNested(source: Nested): number[] {
  const shape: number[] = [];
  let level: Nested = source;
  while (Array.isArray(level)) {
    shape.push(level.length);
    if (level.length === 0) break;
    level = level[0] as Nested;
  }
  return shape;
}

function flatten(source: Nested, shape: readonly number[], depth: number, out: (number | boolean)[]): void {
  if (!Array.isArray(source)) {
    if (depth !== shape.length)
      throw shapeError(
        "array",
        `nested arrays must be rectangular, [${shape.join(", ")}] from the first elements`,
        `a number at depth ${depth}`,
      );
    out.push(source as number | boolean);
    return;
  }
  if (depth >= shape.length || source.length !== shape[depth])
    throw shapeError(
      "array",
      `nested arrays must be rectangular, [${shape.join(", ")}] from the first elements`,
      `${source.length} elements at depth ${depth}`,
    );
  for (const item of source) flatten(item as Nested, shape, depth + 1, out);
}

function nest(data: TypedArray, shape: readonly number[], dtype: DType): Nested {
  const item = (i: number): Nested => (dtype === "bool" ? data[i] !== 0 : numberOf(dtype, data[i]!));
  const build = (axis: number, offset: number, stride: number): Nested => {
    if (axis === shape.length) return item(offset);
    const n = shape[axis]!;
    const inner = n === 0 ? 0 : stride / n;
    return Array.from({ length: n }, (_, i) => build(axis + 1, offset + i * inner, inner));
  };
  return build(0, 0, data.length);
}
