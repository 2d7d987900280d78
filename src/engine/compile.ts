// compile: from a function over tensors to a function over arrays.

import type { TypedArray } from "../core/dtype.ts";
import { allocate, sizeOf } from "../core/dtype.ts";
import { graphError, HeedError, inputError } from "../core/errors.ts";
import { kindOf, NdArray } from "../core/ndarray.ts";
import type { RandomAttrs } from "../core/ops/random.ts";
import { drawInto } from "../core/random.ts";
import { Tensor, type Node } from "../core/tensor.ts";
import { unflatten, type IsOpenTree, type MapTree, type Tree } from "../core/tree.ts";
import { lowerGraph } from "../onnx/lower.ts";
import { compileSettings, type CompileOptions } from "./compile-options.ts";
import { runtimeFor } from "./devices.ts";
import { printAtExit, Profile, profileWanted, reportProfile, type ProfileRow } from "./profile.ts";
import type { Feed, RuntimeSession } from "./runtime.ts";
import { SessionCache } from "./session-cache.ts";
import { resultLeaves, Signature, type BoundArguments } from "./signature.ts";

export type { CompileOptions } from "./compile-options.ts";

/** The arguments of the compiled form: arrays (or numbers, for scalars) where the function takes tensors. */
export type Arrays<T> =
  IsOpenTree<T, Tensor> extends true
    ? Tree<NdArray | number>
    : T extends Tensor
      ? NdArray | number
      : T extends NdArray
        ? T
        : T extends object
          ? { readonly [K in keyof T]: Arrays<T[K]> }
          : T;

interface Entry {
  readonly session: RuntimeSession;
  readonly bytes: number;
  readonly result: unknown;
  readonly outputs: readonly { readonly type: Tensor; readonly name: string | null }[];
  readonly feeds: readonly FeedSource[];
  readonly origins: ReadonlyMap<string, Node | null>;
}

/** Where the value of a feed comes from: an argument, or a draw from the key that is an argument. */
interface FeedSource {
  readonly name: string;
  readonly tensor: Tensor;
  readonly argument: number;
  /** Which of the key's streams; -1 when the argument itself is fed. */
  readonly stream: number;
}

/** A compiled function. */
export interface Compiled<Args extends readonly unknown[], R> {
  /** Runs it. The arguments are borrowed until the promise settles; the results belong to the caller. */
  (...args: Args): Promise<R>;
  /** Builds the session for arguments like these without running it. */
  prepare(...args: Args): Promise<void>;
  /** Sessions held, and their estimated bytes. */
  readonly cache: SessionCache<Entry>;
  /**
   * What was recorded so far, one row a node, the slowest first; empty without the option `profile`, and where `cpu`
   * had to become WebAssembly. The sessions are released: later calls make new ones and record on.
   */
  profile(): Promise<readonly ProfileRow[]>;
  /** Releases every session. A later call makes new ones. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
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
  if (typeof fn !== "function") throw inputError("compile", "a function is required", kindOf(fn));
  const { device, session: settings, statics, donated, cacheBytes } = compileSettings(options);
  const name = options.name ?? (fn.name || "compiled function");
  const signature = new Signature(name, statics);
  const isDonated = (path: string): boolean => donated.includes(Number(path.split(".", 1)[0]));
  const profile = new Profile();
  let called = false;
  const record = ({ origins, session }: Entry): void => profile.add(origins, session.endProfile());
  const cache = new SessionCache<Entry>(cacheBytes, record);
  if (profileWanted())
    printAtExit(() => {
      cache.entries().forEach(record);
      return called ? reportProfile(name, device, profile.rows()) : "";
    });

  const make = async (args: readonly unknown[]): Promise<Entry> => {
    called = true;
    const { traced, inputs } = signature.trace(args);
    const result = trace(name, fn, traced);
    const outputs = checkResult(name, result);
    const runtime = await runtimeFor(device);
    const lowered = lowerGraph(inputs, outputs, { device: runtime.device }, name);
    const nothing = lowered.outputs.every((output) => output === null);
    return {
      session: nothing ? idleSession : await runtime.create(lowered.model, settings),
      // Measured on training graphs: a session holds about six times its model's bytes beside its constants.
      bytes: 6 * (lowered.model.length - lowered.constantBytes) + 2 * lowered.constantBytes,
      result,
      outputs: outputs.map((type, i) => ({ type, name: lowered.outputs[i]! })),
      feeds: feedSources(lowered.feeds, inputs),
      origins: lowered.origins,
    };
  };

  const run = async (...args: readonly unknown[]): Promise<unknown> => {
    const bound = signature.bind(args);
    const running = cache.use(
      bound.signature,
      () => make(args),
      async ({ session, feeds, outputs, result }) => {
        const values = feeds.map((feed): Feed => ({
          name: feed.name,
          type: feed.tensor,
          data: valueOf(feed, bound),
          given: feed.stream >= 0 || isDonated(bound.paths[feed.argument]!),
        }));
        const wanted = outputs.flatMap(({ type, name: output }) => (output === null ? [] : [{ name: output, type }]));
        const data = await session.run(values, wanted);
        let next = 0;
        const arrays = outputs.map(
          ({ type: { dtype, shape }, name: output }) =>
            new NdArray(dtype, shape, output === null ? allocate(dtype, 0) : data[next++]!),
        );
        return unflatten(result, arrays);
      },
    );
    return await running.finally(() => bound.arrays.forEach((a, i) => isDonated(bound.paths[i]!) && a.dispose()));
  };
  return Object.assign(run, {
    prepare: async (...args: readonly unknown[]) => {
      await cache.use(
        signature.bind(args).signature,
        () => make(args),
        async () => undefined,
      );
    },
    cache,
    profile: async () => {
      await cache.clear();
      return profile.rows();
    },
    dispose: () => cache.clear(),
    [Symbol.asyncDispose]: () => cache.clear(),
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

/** Stands for a graph all of whose outputs are empty. */
const idleSession: RuntimeSession = { run: async () => [], endProfile: () => [], release: async () => undefined };

function trace(where: string, fn: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  let result: unknown;
  try {
    result = fn(...(args as never[]));
  } catch (cause) {
    // An argument that is left out may be one that the function does without; if it cannot, say what is missing.
    const misses = !(cause instanceof HeedError) || cause.got === "undefined";
    if (args.length >= fn.length || !misses) throw cause;
    const got = String(args.length);
    throw new HeedError({ code: "input", where, expected: `${fn.length} arguments are required`, got, cause });
  }
  if (typeof (result as PromiseLike<unknown> | null)?.then !== "function") return result;
  // Its own failure, which comes later, would be one that nobody handles.
  void Promise.resolve(result).catch(() => undefined);
  throw graphError(
    where,
    "the function must not be async: tracing is synchronous, and ends when it returns",
    "a promise",
    "Await what it needs before the call, and pass it as an argument.",
  );
}

function checkResult(where: string, result: unknown): readonly Tensor[] {
  return resultLeaves(result).map(([path, t]) => {
    if (t instanceof Tensor) return t;
    const place = path === "" ? "its result" : path;
    const hint = (t as unknown) instanceof NdArray ? "Wrap it in constant()." : undefined;
    throw graphError(where, "the function must return tensors", `${kindOf(t)} at ${place}`, hint);
  });
}

function feedSources(
  feeds: readonly { readonly name: string; readonly tensor: Tensor }[],
  inputs: readonly Tensor[],
): readonly FeedSource[] {
  let streams = 0;
  return feeds.map(({ name, tensor }) => {
    const random = tensor.node.op.source === "random";
    const argument = inputs.indexOf(random ? tensor.node.inputs[0]! : tensor);
    return { name, tensor, argument, stream: random ? streams++ : -1 };
  });
}

function valueOf({ tensor, argument, stream }: FeedSource, { arrays }: BoundArguments): TypedArray {
  const value = arrays[argument]!;
  if (stream < 0) return value.data;
  const { shape, kind } = tensor.node.attrs as RandomAttrs;
  const out = allocate(tensor.dtype, sizeOf(shape));
  drawInto(out, value.data as Int32Array, stream, kind);
  return out;
}
