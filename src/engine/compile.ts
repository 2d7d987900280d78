// compile: from a function over tensors to a function over arrays.

import type { TypedArray } from "../core/dtype.ts";
import { allocate, sizeOf } from "../core/dtype.ts";
import { checkOptions, graphError, HeedError } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import type { RandomAttrs } from "../core/ops/random.ts";
import { drawInto } from "../core/random.ts";
import { Tensor } from "../core/tensor.ts";
import { unflatten, type MapTree } from "../core/tree.ts";
import { lowerGraph } from "../onnx/lower.ts";
import { defaultDevice, runtimeFor } from "./devices.ts";
import type { Device, Feed, RuntimeSession, SessionSettings } from "./runtime.ts";
import { SessionCache } from "./session-cache.ts";
import { bindArguments, resultLeaves, traceArguments } from "./signature.ts";

/** The arguments of the compiled form: arrays (or numbers, for scalars) where the function takes tensors. */
export type Arrays<T> = T extends Tensor
  ? NdArray | number
  : T extends NdArray
    ? T
    : T extends object
      ? { readonly [K in keyof T]: Arrays<T[K]> }
      : T;

/** How a function is compiled. */
export interface CompileOptions {
  /** Default: `cpu` in Node, `wasm` in a browser. */
  readonly device?: Device;
  /** Threads inside one op. Default: the runtime's choice. */
  readonly threads?: number;
  /** `training`: runs follow each other closely; `inference` (default): the processor is given back between runs. */
  readonly mode?: "training" | "inference";
  /** Positions of arguments that are passed to the function as they are and decide the graph. Default: none. */
  readonly static?: readonly number[];
  /** Bytes of sessions kept for other signatures. Default 1 GiB. */
  readonly cacheBytes?: number;
  /** A name for messages and profiles. Default: the function's own. */
  readonly name?: string;
  /** Record the time of every node; read it with `profile()`. Default false. */
  readonly profile?: boolean;
}

const knownOptions = ["device", "threads", "mode", "static", "cacheBytes", "name", "profile"] as const;

interface Entry {
  readonly session: RuntimeSession;
  readonly bytes: number;
  readonly result: unknown;
  readonly outputs: readonly Tensor[];
  readonly outputNames: readonly string[];
  /** For each feed: which argument it is, or which random node it fills. */
  readonly feeds: readonly {
    readonly name: string;
    readonly tensor: Tensor;
    readonly argument: number;
    readonly key: number;
    readonly stream: number;
  }[];
}

/** A compiled function. */
export interface Compiled<Args extends readonly unknown[], R> {
  /** Runs it. The arguments are borrowed until the promise settles; the results belong to the caller. */
  (...args: Args): Promise<R>;
  /** Builds the session for arguments like these without running it. */
  prepare(...args: Args): Promise<void>;
  /** Sessions held, and their estimated bytes. */
  readonly cache: SessionCache<Entry>;
  /** Releases every session. */
  dispose(): Promise<void>;
}

/**
 * Compiles a function over trees of tensors: it is traced, lowered to ONNX and loaded at the first call with
 * arguments of some shapes, and only run at later calls with the same.
 *
 * @param fn - a pure function of trees of tensors, returning a tree of tensors.
 * @returns the same function over arrays. JavaScript numbers are float32 scalars.
 * @throws HeedError (from calls) for arguments that are neither arrays, numbers nor static; shape errors of `fn` come
 *   from the first call, before any data is touched.
 */
export function compile<F extends (...args: never[]) => unknown>(
  fn: F,
  options: CompileOptions = {},
): Compiled<Arrays<Parameters<F>> & unknown[], MapTree<ReturnType<F>, Tensor, NdArray>> {
  checkOptions("compile", options, knownOptions);
  const name = options.name ?? (fn.name || "compiled function");
  const statics = new Set(options.static ?? []);
  const device = options.device ?? defaultDevice();
  const settings: SessionSettings = {
    mode: options.mode ?? "inference",
    ...(options.threads === undefined ? {} : { threads: options.threads }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  };
  const cache = new SessionCache<Entry>(options.cacheBytes ?? 2 ** 30);

  const entryFor = (args: readonly unknown[], signature: string): Promise<Entry> =>
    cache.get(signature, async () => {
      const { traced, inputs } = traceArguments(args, statics);
      const result = (fn as unknown as (...a: readonly unknown[]) => unknown)(...traced);
      const outputs = resultLeaves(result).map(([path, t]) => {
        if (!(t instanceof Tensor))
          throw graphError(
            name,
            "the function must return tensors",
            `${typeof t} at ${path === "" ? "its result" : path}`,
          );
        return t;
      });
      const runtime = await runtimeFor(device);
      const lowered = lowerGraph(inputs, outputs, { device: runtime.device }, name);
      const session = await runtime.create(lowered.model, settings);
      let stream = 0;
      const feeds = lowered.feeds.map(({ name: feed, tensor }) => {
        const random = tensor.node.op.source === "random";
        return {
          name: feed,
          tensor,
          argument: random ? -1 : inputs.indexOf(tensor),
          key: random ? inputs.indexOf(tensor.node.inputs[0]!) : -1,
          stream: random ? stream++ : -1,
        };
      });
      // Measured on training graphs: a session holds about six times its model's bytes beside its constants.
      return {
        session,
        bytes: 6 * (lowered.model.length - lowered.constantBytes) + 2 * lowered.constantBytes,
        result,
        outputs,
        outputNames: lowered.outputs,
        feeds,
      };
    });

  const run = async (...args: readonly unknown[]): Promise<unknown> => {
    const bound = bindArguments(name, args, statics);
    const entry = await entryFor(args, bound.signature);
    const feeds = entry.feeds.map(({ name: feed, tensor, argument, key, stream }): Feed => {
      const data =
        argument >= 0
          ? hostData(name, bound.arrays[argument]!, bound.paths[argument]!)
          : draw(tensor, bound.arrays[key]!, stream);
      return { name: feed, type: tensor, data };
    });
    const outputs = entry.outputs.map((type, i) => ({ name: entry.outputNames[i]!, type }));
    const results = await entry.session.run(feeds, outputs);
    return unflatten(
      entry.result,
      results.map((data, i) => new NdArray(outputs[i]!.type.dtype, outputs[i]!.type.shape, data)),
    );
  };
  return Object.assign(run, {
    prepare: async (...args: readonly unknown[]) => {
      await entryFor(args, bindArguments(name, args, statics).signature);
    },
    cache,
    dispose: () => cache.clear(),
  }) as never;
}

/**
 * Compiles, runs once and releases: the one-shot form of `compile`.
 *
 * @param fn - a pure function of trees of tensors.
 */
export async function evaluate<F extends (...args: never[]) => unknown>(
  fn: F,
  ...args: Arrays<Parameters<F>> & unknown[]
): Promise<MapTree<ReturnType<F>, Tensor, NdArray>> {
  const compiled = compile(fn);
  try {
    return await (
      compiled as unknown as (...a: readonly unknown[]) => Promise<MapTree<ReturnType<F>, Tensor, NdArray>>
    )(...args);
  } finally {
    await compiled.dispose();
  }
}

function hostData(where: string, value: NdArray, path: string): TypedArray {
  if (value.disposed)
    throw new HeedError({
      code: "disposed",
      where,
      expected: `argument ${path} must not be disposed`,
      got: value.toString(),
    });
  return value.data;
}

function draw(tensor: Tensor, key: NdArray, stream: number): TypedArray {
  const { shape, kind } = tensor.node.attrs as RandomAttrs;
  const out = allocate(tensor.dtype, sizeOf(shape));
  drawInto(out, key.data as Int32Array, stream, kind);
  return out;
}
