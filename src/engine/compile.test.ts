import { afterEach, describe, expect, test, vi } from "vitest";
import { array, NdArray, zeros } from "../core/ndarray.ts";
import { add, mul } from "../core/ops/binary.ts";
import { less } from "../core/ops/compare.ts";
import { concat } from "../core/ops/concat.ts";
import { gather } from "../core/ops/gather.ts";
import { matmul } from "../core/ops/matmul.ts";
import { random } from "../core/ops/random.ts";
import { sum } from "../core/ops/reduce.ts";
import { where } from "../core/ops/select.ts";
import { sliceAxis } from "../core/ops/slice.ts";
import { fill } from "../core/ops/source.ts";
import { exp } from "../core/ops/unary.ts";
import { randomKey } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { compile, evaluate } from "./compile.ts";
import { configureWeb } from "./devices.ts";
import { SessionCache } from "./session-cache.ts";

const double = (x: Tensor): Tensor => mul(x, 2);

afterEach(() => {
  vi.restoreAllMocks();
});

describe("compile", () => {
  test("keeps the tree of the result", async () => {
    const f = compile((x: Tensor) => ({ twice: double(x), parts: [x, { sum: sum(x) }] as const, same: x }));
    const { twice, parts, same } = await f(array([1, 2]));
    expect(await twice.toNested()).toEqual([2, 4]);
    expect(await parts[0].toNested()).toEqual([1, 2]);
    expect(await parts[1].sum.toNested()).toBe(3);
    expect(await same.toNested()).toEqual([1, 2]);
    await f.dispose();
  });

  test("results belong to the caller: an argument that comes back is a copy", async () => {
    const x = array([1, 2]);
    const y = await evaluate((t: Tensor) => t, x);
    expect(y.data).not.toBe(x.data);
    x.data[0] = 9;
    expect(y.data[0]).toBe(1);
  });

  test("makes one session a signature", async () => {
    const f = compile(double);
    for (const n of [2, 3, 2, 3, 2]) await f(zeros([n]));
    expect(f.cache.size).toBe(2);
    await f.prepare(zeros([4]));
    expect(f.cache.size).toBe(3);
    await f.dispose();
    expect([f.cache.size, f.cache.bytes]).toEqual([0, 0]);
    expect(await (await f(array([4]))).toNested()).toEqual([8]);
    await f.dispose();
  });

  test("bounds its sessions by bytes", async () => {
    const f = compile(double, { cacheBytes: 1 });
    for (const n of [2, 3, 4]) await f(zeros([n]));
    expect(f.cache.size).toBe(1);
    await f.dispose();
  });

  test("numbers are float32 scalars", async () => {
    const f = compile((x: Tensor, { rate }: { rate: Tensor }) => mul(x, rate));
    expect(await (await f(array([1, 2]), { rate: 0.5 })).toNested()).toEqual([0.5, 1]);
    expect(await (await f(array([1, 2]), { rate: 3 })).toNested()).toEqual([3, 6]);
    expect(await (await f(3, { rate: 3 })).toNested()).toBe(9);
    expect(f.cache.size).toBe(2);
    await f.dispose();
  });

  test("static arguments decide the graph: plain data by content, all else by identity", async () => {
    const power = (x: Tensor, { times }: { times: number }, then: (t: Tensor) => Tensor): Tensor =>
      then(Array.from({ length: times }, () => x).reduce((a, b) => mul(a, b)));
    const f = compile(power, { static: [1, 2] }) as unknown as (
      x: NdArray,
      o: object,
      then: unknown,
    ) => Promise<NdArray>;
    const negate = (t: Tensor): Tensor => mul(t, -1);
    expect(await (await f(array([2]), { times: 3 }, double)).toNested()).toEqual([16]);
    expect(await (await f(array([2]), { times: 3 }, negate)).toNested()).toEqual([-8]);
    expect(await (await f(array([2]), { times: 2 }, double)).toNested()).toEqual([8]);
    expect((f as unknown as { cache: SessionCache<never> }).cache.size).toBe(3);
    await f(array([5]), { times: 2 }, double);
    expect((f as unknown as { cache: SessionCache<never> }).cache.size).toBe(3);
  });

  test("an argument that is not given is absent", async () => {
    const f = compile((x: Tensor, bias?: Tensor) => (bias ? add(x, bias) : x));
    expect(await (await f(array([1]))).toNested()).toEqual([1]);
    expect(await (await f(array([1]), array([2]))).toNested()).toEqual([3]);
    expect(await (await f(array([1]), undefined)).toNested()).toEqual([1]);
    await f.dispose();
  });

  test("empty tensors: as arguments, within, and as results", async () => {
    const f = compile((x: Tensor, y: Tensor) => ({
      joined: concat([x, y]),
      none: sliceAxis(x, 0, 0, 0),
      total: sum(mul(y, 2)),
      product: matmul(fill([2, 0], 1), fill([0, 3], 1)),
    }));
    const { joined, none, total, product } = await f(array([1, 2]), zeros([0]));
    expect(await joined.toNested()).toEqual([1, 2]);
    expect([none.shape, none.data.length]).toEqual([[0], 0]);
    expect(await total.toNested()).toBe(0);
    expect(await product.toNested()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
    await f.dispose();
    const g = compile(double);
    expect((await g(zeros([0, 4]))).shape).toEqual([0, 4]);
    await g.dispose();
  });

  test("calls may overlap", async () => {
    const f = compile((x: Tensor, n: Tensor) => add(x, n));
    const results = await Promise.all(Array.from({ length: 12 }, (_, i) => f(zeros([1 + (i % 3)]), i)));
    results.forEach((r, i) => expect(Array.from(r.data as Float32Array)).toEqual(new Array(1 + (i % 3)).fill(i)));
    expect(f.cache.size).toBe(3);
    await f.dispose();
  });

  test("calls may overlap while their sessions push each other out of the cache", async () => {
    const f = compile(double, { cacheBytes: 1 });
    const results = await Promise.all([2, 3, 4, 2, 3, 4].map((n) => f(zeros([n]))));
    expect(results.map(({ size }) => size)).toEqual([2, 3, 4, 2, 3, 4]);
    await f.dispose();
  });

  test("sees what is written into an argument between calls", async () => {
    const f = compile(double);
    const x = array([1]);
    expect((await f(x)).data[0]).toBe(2);
    x.data[0] = 5;
    expect((await f(x)).data[0]).toBe(10);
    await f.dispose();
  });

  test("float32, int32, bool and uint8 go in and out", async () => {
    const bytes = new NdArray("uint8", [2], Uint8Array.of(0, 255));
    const out = await evaluate(
      (x: Tensor, i: Tensor, b: Tensor, u: Tensor) => ({ x, i, b, u, small: less(x, 1) }),
      array([0.5, 2]),
      array([-7], { dtype: "int32" }),
      array([true, false]),
      bytes,
    );
    expect(await Promise.all(Object.values(out).map((a) => a.toNested()))).toEqual([
      [0.5, 2],
      [-7],
      [true, false],
      [0, 255],
      [true, false],
    ]);
    expect(Object.values(out).map((a) => a.dtype)).toEqual(["float32", "int32", "bool", "uint8", "bool"]);
  });

  test("`using` gives sessions and arrays back", async () => {
    let kept: { readonly cache: { readonly size: number } };
    {
      await using f = compile(double);
      using y = await f(array([1]));
      expect(y.data[0]).toBe(2);
      kept = f;
    }
    expect(kept.cache.size).toBe(0);
  });

  test("donated arguments are disposed when the run has ended, whatever its end", async () => {
    await using pick = compile((table: Tensor, row: Tensor) => gather(table, row), { device: "cpu", donate: [1] });
    const table = array([[1], [2]]);
    const rows = [array(Int32Array.of(1)), array(Int32Array.of(5))];
    expect((await pick(table, rows[0]!)).data).toEqual(Float32Array.of(2));
    await expect(pick(table, rows[1]!)).rejects.toThrow("the runtime must run the model");
    expect([table, ...rows].map((a) => a.disposed)).toEqual([false, true, true]);
  });
});

describe("compile refuses", () => {
  test("an argument that is neither array nor number", async () => {
    const f = compile((x: { w: Tensor }) => x.w, { name: "step" }) as unknown as (x: unknown) => Promise<unknown>;
    await expect(f({ w: "a word" })).rejects.toThrow(
      "step: argument 0.w must be an NdArray, a number, or declared static, got a string. List its position in `static`.",
    );
    await expect(f({ w: null })).rejects.toThrow(
      "argument 0.w must be an NdArray, a number, or declared static, got null",
    );
    await expect(f([Float32Array.of(1)])).rejects.toThrow("argument 0.0 must be an NdArray");
  });

  test("too few arguments", async () => {
    const f = compile((a: Tensor, b: Tensor) => add(a, b), { name: "step" }) as unknown as (
      x: NdArray,
    ) => Promise<unknown>;
    await expect(f(array([1]))).rejects.toThrow("step: 2 arguments are required, got 1");
  });

  test("a Tensor, a typed array and shared memory as arguments", async () => {
    const f = compile((x: Tensor) => double(x), { name: "step" }) as unknown as (x: unknown) => Promise<unknown>;
    await expect(f(fill([2], 1))).rejects.toThrow(
      "got a Tensor float32[2]. A Tensor holds no numbers: pass an NdArray",
    );
    await expect(f(Float32Array.of(1))).rejects.toThrow("got Float32Array. Wrap it with array().");
    await expect(f(array(new Float32Array(new SharedArrayBuffer(8))))).rejects.toThrow(
      "step: argument 0 must not lie in a SharedArrayBuffer",
    );
  });

  test("bytes that are no bools", async () => {
    const f = compile((m: Tensor) => where(m, fill([3], 1), 0), { name: "step" });
    const odd = new NdArray("bool", [3], Uint8Array.of(0, 1, 7));
    await expect(f(odd)).rejects.toThrow("step: argument 0 must hold bools of 0 or 1, got 7 at element 2");
  });

  test("an async function", async () => {
    const f = compile(async (x: Tensor) => Promise.reject(new Error(String(x))), { name: "step" });
    await expect((f as (x: NdArray) => Promise<unknown>)(array([1]))).rejects.toThrow(
      "step: the function must not be async: tracing is synchronous, and ends when it returns, got a promise",
    );
  });

  test("option values that cannot be", () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ device: "gpu" }, 'device must be among cpu, wasm, webgpu, got "gpu"'],
      [{ threads: 0 }, "threads must be an integer >= 1, got 0"],
      [{ mode: "train" }, 'mode must be training or inference, got "train"'],
      [{ static: [-1] }, "static must be a list of positions of arguments, integers >= 0, got [-1]"],
      [{ donate: 1 }, "donate must be a list"],
      [{ static: [1], donate: [1] }, "an argument is either static or donated, got position 1 in both"],
      [{ cacheBytes: NaN }, "cacheBytes must be a number >= 0, got NaN"],
      [{ name: 3 }, "name must be a string, got 3"],
      [{ profile: "yes" }, 'profile must be true or false, got "yes"'],
      [{ profile: true, device: "wasm" }, "profile needs device cpu: the others record nothing, got wasm"],
    ];
    for (const [options, message] of cases)
      expect(() => compile(double, options as never)).toThrow(`compile: ${message}`);
  });

  test("settings of configureWeb that cannot be", () => {
    const cases: readonly (readonly [object, string])[] = [
      [{ wasmURL: "" }, "options must be among wasmUrl"],
      [{ loaderUrl: "a.mjs" }, "loaderUrl belongs to a wasmUrl"],
      [{ filesUrl: "/ort" }, "filesUrl must be a folder that ends in /"],
      [{ threads: 1.5 }, "threads must be an integer >= 1, got 1.5"],
      [{ worker: {} }, "worker must be a function that starts a worker, got Object"],
      [{ silenceMs: 0 }, "silenceMs must be a number of milliseconds > 0, got 0"],
    ];
    for (const [settings, message] of cases)
      expect(() => configureWeb(settings as never)).toThrow(`configureWeb: ${message}`);
  });

  test("a disposed array, before it makes a session", async () => {
    const f = compile(double, { name: "step" });
    const x = array([1, 2]);
    x.dispose();
    await expect(f(x)).rejects.toMatchObject({
      code: "disposed",
      message: "step: argument 0 must not be disposed, got float32[2]",
    });
    expect(f.cache.size).toBe(0);
  });

  test("a dtype that only stores", async () => {
    const half = new NdArray("float16", [1], Uint16Array.of(0x3c00));
    await expect(compile(double, { name: "step" })(half)).rejects.toThrow(
      "step: argument 0 must be of a dtype that computes, float32, int32, bool, uint8, got float16[1]. Convert storage dtypes on the host.",
    );
  });

  test("a result that is no tensor", async () => {
    const f = compile((x: Tensor) => ({ y: x, loss: 3 }), { name: "step" });
    await expect(f(array([1]))).rejects.toThrow("step: the function must return tensors, got a number at loss");
  });

  test("an option that it does not know, and shapes that do not fit", async () => {
    expect(() => compile(double, { devise: "cpu" } as never)).toThrow(
      'compile: options must be among device, threads, mode, static, donate, cacheBytes, keepMemory, name, profile, got "devise"',
    );
    const f = compile((a: Tensor, b: Tensor) => add(a, b));
    await expect(f(zeros([2]), zeros([3]))).rejects.toMatchObject({ code: "shape", where: "add" });
    expect(f.cache.size).toBe(0);
    expect(await (await f(array([1]), array([2]))).toNested()).toEqual([3]);
    await f.dispose();
  });

  test("what the runtime refuses, with its words", async () => {
    const f = compile((table: Tensor, i: Tensor) => gather(table, i));
    const failing = f(array([1, 2]), array([5], { dtype: "int32" }));
    await expect(failing).rejects.toMatchObject({ code: "engine", where: "engine.run" });
    await expect(failing).rejects.toThrow(/gather\/Gather_/);
    await f.dispose();
  });
});

describe("evaluate", () => {
  test("releases its session, also when the run fails", async () => {
    const clear = vi.spyOn(SessionCache.prototype, "clear");
    expect(await (await evaluate(exp, 0)).toNested()).toBe(1);
    expect(clear).toHaveBeenCalledTimes(1);
    await expect(evaluate(gather, array([1, 2]), array([5], { dtype: "int32" }))).rejects.toThrow("engine.run");
    expect(clear).toHaveBeenCalledTimes(2);
  });
});

describe("random numbers", () => {
  const fn = (key: Tensor): readonly Tensor[] => [
    random(key, [5]),
    random(key, [5], { type: "normal" }),
    random(key, [5], { type: "bernoulli", probability: 0.5 }),
  ];

  test("are the same on the native CPU and on WebAssembly", async () => {
    const onCpu = compile(fn, { device: "cpu" });
    const onWasm = compile(fn, { device: "wasm" });
    const [a, b] = await Promise.all([onCpu(randomKey(11)), onWasm(randomKey(11))]);
    expect(a.map(({ data }) => data)).toEqual(b.map(({ data }) => data));
    await onCpu.dispose();
    await onWasm.dispose();
  });

  test("are those of the key's value at each call", async () => {
    const f = compile(fn);
    const [one, again, other] = [await f(randomKey(1)), await f(randomKey(1)), await f(randomKey(2))];
    expect(one.map(({ data }) => data)).toEqual(again.map(({ data }) => data));
    expect(one[0]!.data).not.toEqual(other[0]!.data);
    expect(f.cache.size).toBe(1);
    await f.dispose();
  });
});
