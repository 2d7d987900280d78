import { describe, expect, test } from "vitest";
import { valueAndGrad } from "../core/grad.ts";
import { rng } from "../core/random.ts";
import { add } from "../core/ops/binary.ts";
import { matmul } from "../core/ops/matmul.ts";
import { mean } from "../core/ops/reduce.ts";
import { scan } from "../core/ops/scan.ts";
import { input } from "../core/ops/source.ts";
import { tanh } from "../core/ops/unary.ts";
import { scope } from "../core/scope.ts";
import type { Tensor } from "../core/tensor.ts";
import { compile } from "./compile.ts";
import { costOf, formatProfile, groupProfile, Profile, reportProfile, type ProfileRow } from "./profile.ts";

const row = (scopeName: string, op: string, calls: number, ms: number, flops = 0, bytes = 0): ProfileRow => ({
  node: `${scopeName}/${op}/${calls}`,
  scope: scopeName,
  op,
  calls,
  ms,
  flops,
  bytes,
});

describe("a profile of a training step", () => {
  const step = (p: { w: Tensor; b: Tensor }, x: Tensor): unknown =>
    valueAndGrad((q: typeof p) => scope("net.0", () => mean(tanh(add(matmul(x, q.w), q.b)))))(p);

  test("has one row a node, with its arithmetic, forward and gradient apart", async () => {
    const f = compile(step, { device: "cpu", profile: true, mode: "training" });
    const draw = rng(1);
    const run = (): Promise<unknown> =>
      f({ w: draw.uniform([64, 32], 1), b: draw.uniform([32], 1) } as never, draw.uniform([16, 64], 1) as never);
    for (let i = 0; i < 3; i++) await run();
    const rows = await f.profile();
    const products = rows.filter(({ op }) => op === "matmul");
    expect(products.map(({ scope: s }) => s).sort()).toEqual(["net.0", "net.0.gradient"]);
    // Forward (16, 64) by (64, 32); the gradient of w (64, 16) by (16, 32): the same number of operations.
    for (const { calls, flops, bytes, ms } of products) {
      expect(calls).toBe(3);
      expect(flops).toBe(3 * 2 * 16 * 64 * 32);
      expect(bytes).toBe(3 * 4 * (16 * 64 + 64 * 32 + 16 * 32));
      expect(ms).toBeGreaterThan(0);
    }
    expect(rows.map(({ ms }) => ms)).toEqual([...rows.map(({ ms }) => ms)].sort((a, b) => b - a));

    // Reading the profile ends the sessions; the next runs are recorded by new ones, and add up.
    expect(f.cache.size).toBe(0);
    await run();
    const again = await f.profile();
    expect(again.filter(({ op }) => op === "matmul").map(({ calls }) => calls)).toEqual([4, 4]);
    expect(again).toHaveLength(rows.length);
    await f.dispose();
  });

  test("is empty without the option", async () => {
    const f = compile((x: Tensor) => tanh(x), { device: "cpu" });
    await f(1);
    expect(await f.profile()).toEqual([]);
    await f.dispose();
  });
});

test("a loop is one row: its time is that of its body", async () => {
  const fn = (h: Tensor, xs: Tensor): Tensor =>
    scope(
      "loop",
      () =>
        scan((state: Tensor, x: Tensor) => ({ state: tanh(add(state, x)), outputs: {} }), { initial: h, sequences: xs })
          .final,
    );
  const f = compile(fn, { device: "cpu", profile: true });
  const draw = rng(1);
  await f(draw.uniform([8], 1), draw.uniform([5, 8], 1));
  expect((await f.profile()).map((r) => [r.scope, r.op, r.calls])).toEqual([["loop", "scan", 1]]);
  await f.dispose();
});

describe("Profile", () => {
  const x = input([2, 3]);
  const y = tanh(x);
  const origins = new Map([
    ["tanh/Tanh_v1", y.node],
    ["tanh/Tanh_v12", null],
    ["output/Identity_out0", null],
  ]);
  const rowsOf = (names: readonly string[]): readonly unknown[] => {
    const profile = new Profile();
    profile.add(
      origins,
      names.map((name) => ({ name, microseconds: 500 })),
    );
    return profile.rows().map(({ op, calls, ms }) => [op, calls, ms]);
  };

  test("finds the node of a fused kernel by the name within its own", () => {
    expect(rowsOf(["tanh/Tanh_v1/SomeFusion//SomeFusion/"])).toEqual([["tanh", 1, 0.5]]);
    expect(rowsOf(["fused tanh/Tanh_v1/MatMulAddFusion"])).toEqual([["tanh", 1, 0.5]]);
  });

  test("does not take v12 for v1, and leaves bodies out", () => {
    expect(rowsOf(["tanh/Tanh_v12", "tanh/Tanh_v12/Fused"])).toEqual([]);
  });

  test("keeps what the runtime put in", () => {
    expect(rowsOf(["Memcpy_token_3", "output/Identity_out0", "tanh/Tanh_v1"])).toEqual([
      ["(runtime)", 1, 1],
      ["tanh", 1, 0.5],
    ]);
  });

  test("counts a node as often as the busiest of its kernels", () => {
    expect(rowsOf(["tanh/Tanh_v1", "tanh/Tanh_v1/A", "tanh/Tanh_v1/A"])).toEqual([["tanh", 2, 1.5]]);
  });

  test("costOf: operations by the op's rule, bytes of inputs and outputs", () => {
    expect(costOf(y.node)).toEqual({ flops: 6, bytes: 48 });
    expect(costOf(matmul(input([4, 5]), input([5, 6])).node)).toEqual({ flops: 240, bytes: 4 * (20 + 30 + 24) });
  });
});

describe("formatProfile", () => {
  const rows = [
    row("encoder.0", "matmul", 10, 40, 12e9, 2e8),
    row("encoder.0.gradient", "matmul", 20, 50, 24e9, 4e8),
    row("encoder.0", "matmul", 10, 5, 1e9, 1e8),
    row("", "mul", 10, 5, 0, 1e8),
  ];

  test("groups rows and prints rates", () => {
    expect(formatProfile(rows)).toMatchInlineSnapshot(`
      "  share      ms  calls   GFLOP      MB  GFLOP/s  GB/s  scope and op
       50.0 %   50.00     20  24.000  400.00    480.0   8.0  encoder.0.gradient/matmul
       45.0 %   45.00     20  13.000  300.00    288.9   6.7  encoder.0/matmul
        5.0 %    5.00     10   0.000  100.00      0.0  20.0  mul
      100.0 %  100.00     50  37.000  800.00    370.0   8.0  total"
    `);
    expect(groupProfile(rows, "op").map(({ op, calls, ms }) => [op, calls, ms])).toEqual([
      ["matmul", 40, 95],
      ["mul", 10, 5],
    ]);
    expect(formatProfile(rows, { by: "scope", limit: 1 })).toMatchInlineSnapshot(`
      "  share      ms  calls   GFLOP      MB  GFLOP/s  GB/s  scope
       50.0 %   50.00     20  24.000  400.00    480.0   8.0  encoder.0.gradient
       50.0 %   50.00     30  13.000  400.00    260.0   8.0  2 more
      100.0 %  100.00     50  37.000  800.00    370.0   8.0  total"
    `);
  });

  test("prints an empty profile", () => {
    expect(formatProfile([])).toMatchInlineSnapshot(`
      "share    ms  calls  GFLOP    MB  GFLOP/s  GB/s  scope and op
      0.0 %  0.00      0  0.000  0.00      0.0   0.0  total"
    `);
  });

  test("reports time, operations and bytes by node and by scope, or says that nothing was recorded", () => {
    const report = reportProfile("step", "cpu", rows);
    expect(report.match(/^.*(GFLOP|step).*$/gm)).toEqual([
      "heed: profile of step",
      expect.stringMatching(/share +ms +calls +GFLOP +MB +GFLOP\/s +GB\/s +node$/),
      expect.stringMatching(/share +ms +calls +GFLOP +MB +GFLOP\/s +GB\/s +scope$/),
    ]);
    expect(report).toContain("encoder.0/matmul/10");
    expect(reportProfile("step", "wasm", [])).toBe("heed: no profile of step: wasm records nothing\n");
    expect(() => formatProfile(rows, { by: "site" as never })).toThrow(
      'groupProfile: rows are put together by node, scope, op, scope and op, got "site"',
    );
  });
});
