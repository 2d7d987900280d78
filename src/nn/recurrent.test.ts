// What recurrent layers promise whatever their parameters: padding has no influence, directions mirror each other, steps
// and sequences agree, and shapes that do not fit are refused by name.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/close.ts";
import { array, NdArray, zeros } from "../core/ndarray.ts";
import { gradients } from "../core/grad.ts";
import { unstack } from "../core/ops/concat.ts";
import { mul } from "../core/ops/binary.ts";
import { sum } from "../core/ops/reduce.ts";
import { flip } from "../core/ops/slice.ts";
import { input } from "../core/ops/source.ts";
import { rng } from "../core/random.ts";
import type { Tensor } from "../core/tensor.ts";
import { mapTree } from "../core/tree.ts";
import { evaluate } from "../engine/compile.ts";
import { biGru, gru, gruCell, gruStep, initBiGru, initGru, type GruParams } from "./gru.ts";
import { biLstm, initBiLstm, initLstm, lstm, lstmStep, zeroState } from "./lstm.ts";
import { stackLayers, type LayerResult } from "./stack.ts";

const [B, T, I, H] = [3, 5, 4, 6];
const lengths = [2, 5, 3];
const mask = new NdArray(
  "bool",
  [B, T],
  Uint8Array.from({ length: B * T }, (_, i) => Number(i % T < lengths[Math.floor(i / T)]!)),
);

type Run = (
  params: unknown,
  x: NdArray,
  mask: NdArray | null,
) => Promise<{ outputs: Float32Array; final: Float32Array }>;

/** A layer as a function of arrays; the final state's parts one after the other. */
function runner<P, S extends object>(layer: (params: P, x: Tensor, mask: Tensor | null) => LayerResult<S>): Run {
  return async (params, x, given) => {
    const whole = (p: P, xs: Tensor, m: { mask?: Tensor }): LayerResult<S> => layer(p, xs, m.mask ?? null);
    const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<LayerResult<Record<string, NdArray>>>;
    const { outputs, final } = await run(whole, params, x, given ? { mask: given } : {});
    const parts = Object.values(final).flatMap((a) => [...(a.data as Float32Array)]);
    return { outputs: (outputs as unknown as NdArray).data as Float32Array, final: Float32Array.from(parts) };
  };
}

const layers: readonly (readonly [name: string, params: unknown, run: Run])[] = [
  ["lstm", initLstm({ inSize: I, size: H }, rng(1)), runner((p: never, x, m) => lstm(p, x, { mask: m }))],
  [
    "lstm, reverse",
    initLstm({ inSize: I, size: H }, rng(2)),
    runner((p: never, x, m) => lstm(p, x, { mask: m, reverse: true })),
  ],
  ["biLstm", initBiLstm({ inSize: I, size: H }, rng(3)), runner((p: never, x, m) => biLstm(p, x, { mask: m }))],
  ["gru", initGru({ inSize: I, size: H }, rng(4)), runner((p: never, x, m) => gru(p, x, { mask: m }))],
  [
    "gru, reset before",
    initGru({ inSize: I, size: H, reset: "before" }, rng(5)),
    runner((p: never, x, m) => gru(p, x, { mask: m, reset: "before" })),
  ],
  ["biGru", initBiGru({ inSize: I, size: H }, rng(6)), runner((p: never, x, m) => biGru(p, x, { mask: m }))],
];

/** One row of a batch, cut to some steps. */
function rowOf(x: NdArray, row: number, length: number): NdArray {
  const width = x.size / B;
  const size = x.shape[2]!;
  return new NdArray(
    "float32",
    [1, length, size],
    (x.data as Float32Array).slice(row * width, row * width + length * size),
  );
}

describe.each(layers)("%s", (_, params, run) => {
  const x = rng(7).normal([B, T, I], 1);

  test("what stands at padded steps has no influence, to the last bit, not even NaN", async () => {
    const other = new NdArray(
      "float32",
      x.shape,
      (x.data as Float32Array).map((v, i) => ((mask.data as Uint8Array)[Math.floor(i / I)] ? v : NaN)),
    );
    const one = await run(params, x, mask);
    expect(await run(params, other, mask)).toEqual(one);
    expect(one.outputs.every(Number.isFinite) && one.final.every(Number.isFinite)).toBe(true);
  });

  test("a padded row gives what it gives alone, and 0 at padded steps", async () => {
    const together = await run(params, x, mask);
    for (const [row, length] of lengths.entries()) {
      const alone = await run(params, rowOf(x, row, length), null);
      const size = alone.outputs.length / length;
      const mine = together.outputs.slice(row * T * size, (row + 1) * T * size);
      expectClose(mine.slice(0, length * size), alone.outputs, { rtol: 0, atol: 1e-6 });
      expect(mine.slice(length * size).every((v) => v === 0)).toBe(true);
      const parts = alone.final.length / size; // hidden, and cell where there is one
      const final = Array.from({ length: parts }, (__, k) => [
        ...together.final.slice((k * B + row) * size, (k * B + row + 1) * size),
      ]);
      expectClose(final.flat(), alone.final, { rtol: 0, atol: 1e-6 });
    }
  });

  test("a mask that is true everywhere changes nothing", async () => {
    const all = new NdArray("bool", [B, T], new Uint8Array(B * T).fill(1));
    expect(await run(params, x, all)).toEqual(await run(params, x, null));
  });

  test("a row without a real step keeps the state it began with: zeros", async () => {
    const { outputs, final } = await run(params, x, zeros([B, T], "bool"));
    expect([...outputs, ...final].every((v) => v === 0)).toBe(true);
  });

  test("no steps give no outputs and the first state", async () => {
    const { outputs, final } = await run(params, zeros([B, 0, I]), null);
    expect(outputs.length).toBe(0);
    expect(final.length).toBeGreaterThan(0);
    expect(final.every((v) => v === 0)).toBe(true);
  });
});

describe("directions and steps", () => {
  const p = initGru({ inSize: I, size: H }, rng(8));
  const q = initLstm({ inSize: I, size: H }, rng(9));
  const x = rng(10).normal([B, T, I], 1);

  test("reverse is forward over the flipped sequence, flipped", async () => {
    const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
    const both = (params: GruParams<Tensor>, xs: Tensor): Record<string, Tensor> => ({
      reverse: gru(params, xs, { reverse: true }).outputs,
      flipped: flip(gru(params, flip(xs, 1)).outputs, 1),
    });
    const got = await run(both, p, x);
    expect(got["reverse"]!.data).toEqual(got["flipped"]!.data);
  });

  test("steps one by one give what the layer gives", async () => {
    const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
    const got = await run(
      (params: { p: never; q: never }, xs: Tensor) => {
        let g = { hidden: zeroState(B, H).hidden };
        let l = zeroState(B, H);
        for (const step of unstack(xs, 1)) {
          g = gruStep(params.p, step, g);
          l = lstmStep(params.q, step, l);
        }
        const { final } = lstm(params.q, xs);
        return { g: g.hidden, gru: gru(params.p, xs).final.hidden, l: l.cell, lstm: final.cell };
      },
      { p, q },
      x,
    );
    expectClose(got["g"]!.data as Float32Array, got["gru"]!.data as Float32Array, { rtol: 0, atol: 1e-6 });
    expectClose(got["l"]!.data as Float32Array, got["lstm"]!.data as Float32Array, { rtol: 0, atol: 1e-6 });
  });

  test("a later layer sees what `between` makes of the earlier one, and the first layer the input itself", () => {
    const seen: string[] = [];
    const one = input([B, T, H]);
    stackLayers(
      [1, 2, 3],
      one,
      (number, value, index) => {
        seen.push(`${number} at ${index}: ${value === one ? "input" : "changed"}`);
        return { outputs: value === one ? mul(value, 1) : value, final: number };
      },
      (value) => (seen.push("between"), mul(value, 2)),
    );
    expect(seen).toEqual(["1 at 0: input", "between", "2 at 1: changed", "between", "3 at 2: changed"]);
  });
});

describe("initial parameters", () => {
  test("a forget gate begins open, the other biases at 0", () => {
    const { bias } = initLstm({ inSize: 2, size: 3 }, rng(1));
    expect([...(bias.data as Float32Array)]).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  test("a GRU has the inner bias for reset after alone", () => {
    expect(Object.keys(initGru({ inSize: 2, size: 3 }, rng(1)))).toContain("recurrentBias");
    expect(Object.keys(initGru({ inSize: 2, size: 3, reset: "before" }, rng(1)))).not.toContain("recurrentBias");
  });
});

describe("refusals", () => {
  const lstmParams = mapTree<unknown, NdArray, Tensor>(initLstm({ inSize: I, size: H }, rng(1)), (a) =>
    input(a.shape),
  ) as never;
  const gruParams = mapTree<unknown, NdArray, Tensor>(initGru({ inSize: I, size: H }, rng(1)), (a) =>
    input(a.shape),
  ) as never;

  test.each([
    [
      "another input size",
      () => lstm(lstmParams, input([B, T, 3])),
      "lstm: axis I is 3 in x axis 2 but 4 in input axis 0",
    ],
    [
      "a mask of another length",
      () => lstm(lstmParams, input([B, T, I]), { mask: input([B, 4], "bool") }),
      "axis T is 5 in x axis 1 but 4 in mask axis 1",
    ],
    [
      "a state of another size",
      () => lstm(lstmParams, input([B, T, I]), { initial: zeroState(B, 5) }),
      "axis H is 6 in recurrent axis 0 but 5 in hidden axis 1",
    ],
    [
      "an unknown option",
      () => lstm(lstmParams, input([B, T, I]), { reversed: true } as never),
      'lstm: options must be among reverse, mask, initial, got "reversed"',
    ],
    [
      "a GRU run as an LSTM",
      () => lstm(gruParams, input([B, T, I])),
      "lstm: recurrent must be (H, 4H), got float32[6, 18]",
    ],
    [
      "an LSTM run as a GRU",
      () => gru(lstmParams, input([B, T, I])),
      "gru: recurrent must be (H, 3H), got float32[6, 24]",
    ],
    [
      "another batch",
      () => gru(gruParams, input([B, T, I]), { initial: { hidden: input([2, H]) } }),
      "axis B is 3 in x axis 0 but 2 in hidden axis 0",
    ],
    [
      "reset before with parameters of after",
      () => gru(gruParams, input([B, T, I]), { reset: "before" }),
      'parameters with a recurrentBias belong to reset "after", got "before". Run them as they were trained',
    ],
    [
      "another reset",
      () => gruCell(gruParams, { reset: "never" as never }),
      'gruCell: reset must be after or before, got "never"',
    ],
  ])("%s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});

test("a NaN at a padded step stays out of results; it reaches gradients, so padding should be finite", async () => {
  const params = initLstm({ inSize: I, size: H }, rng(1));
  const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
  const gradient = (
    p: { input: Tensor; recurrent: Tensor; bias: Tensor },
    x: Tensor,
    m: Tensor,
  ): Record<string, Tensor> => {
    const { outputs } = lstm(p, x, { mask: m });
    const [g] = gradients(sum(outputs), [p.recurrent]);
    return { outputs, g: g! };
  };
  const oneRow = new NdArray("bool", [1, 2], Uint8Array.of(1, 0));
  const finite = await run(gradient, params, array([[[1, 2, 3, 4], [9, 9, 9, 9]]]), oneRow); // prettier-ignore
  const other = await run(gradient, params, array([[[1, 2, 3, 4], [-5, 0, 2, 1]]]), oneRow); // prettier-ignore
  expect(finite["g"]!.data).toEqual(other["g"]!.data);
  const nan = await run(gradient, params, array([[[1, 2, 3, 4], [NaN, 0, 0, 0]]]), oneRow); // prettier-ignore
  expect(nan["outputs"]!.data).toEqual(finite["outputs"]!.data);
  expect((nan["g"]!.data as Float32Array).every(Number.isFinite)).toBe(false);
});
