// Long recurrences are loops; they give what the same steps give when they are laid out, piece by piece.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../test/close.ts";
import { gradients } from "../core/grad.ts";
import { NdArray } from "../core/ndarray.ts";
import { mul } from "../core/ops/binary.ts";
import { concat } from "../core/ops/concat.ts";
import { sum } from "../core/ops/reduce.ts";
import { sliceAxis } from "../core/ops/slice.ts";
import { rng } from "../core/random.ts";
import { topological, type Tensor } from "../core/tensor.ts";
import { leaves } from "../core/tree.ts";
import { input } from "../core/ops/source.ts";
import { evaluate } from "../engine/compile.ts";
import { gru, initGru } from "./gru.ts";
import { initLstm, lstm } from "./lstm.ts";
import type { LayerResult } from "./stack.ts";

const [B, T, I, H] = [3, 50, 4, 5];
const lengths = [50, 7, 31];
const mask = new NdArray("bool", [B, T], Uint8Array.from({ length: B * T }, (_, i) => Number(i % T < lengths[Math.floor(i / T)]!))); // prettier-ignore
const draw = rng(8);
const x = draw.normal([B, T, I], 1);
const seed = draw.normal([B, T, H], 1);

type Options = { readonly mask: Tensor | null; readonly reverse: boolean; readonly initial?: unknown };
type Layer = (params: never, x: Tensor, options: never) => LayerResult<{ readonly hidden: Tensor }>;

const layers: Readonly<Record<string, readonly [params: unknown, layer: Layer]>> = {
  lstm: [initLstm({ inSize: I, size: H }, rng(1)), lstm as unknown as Layer],
  gru: [initGru({ inSize: I, size: H }, rng(2)), gru as unknown as Layer],
};

/** The layer over pieces that are short enough to be laid out, each from where the one before ended. */
function inPieces(layer: Layer, params: unknown, xs: Tensor, { mask: m, reverse }: Options): ReturnType<Layer> {
  const pieces = [0, 25].map((from) => ({
    x: sliceAxis(xs, 1, from, from + 25),
    mask: m && sliceAxis(m, 1, from, from + 25),
  }));
  let before: { readonly hidden: Tensor } | null = null;
  const outputs: Tensor[] = [];
  for (const i of reverse ? [1, 0] : [0, 1]) {
    const piece = pieces[i]!;
    const options = { mask: piece.mask, reverse, ...(before ? { initial: before } : {}) };
    const result: ReturnType<Layer> = layer(params as never, piece.x, options as never);
    outputs[i] = result.outputs;
    before = result.final;
  }
  return { outputs: concat(outputs, 1), final: before! };
}

describe.each(Object.entries(layers))("%s", (_name, [params, layer]) => {
  test.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("masked: %s, reverse: %s", async (masked, reverse) => {
    const both = (over: (p: unknown, xs: Tensor, o: Options) => ReturnType<Layer>) => (p: unknown, xs: Tensor, s: Tensor, m: { readonly mask?: Tensor }): readonly Tensor[] => {
      const { outputs, final } = over(p, xs, { mask: m.mask ?? null, reverse });
      const wrt = [xs, ...leaves<Tensor>(p).map(([, t]) => t)];
      return [outputs, final.hidden, ...gradients(sum(mul(outputs, s)), wrt)];
    }; // prettier-ignore
    const run = evaluate as unknown as (...args: readonly unknown[]) => Promise<readonly NdArray[]>;
    const args = [params, x, seed, masked ? { mask } : {}];
    const whole = await run(
      both((p, xs, o) => layer(p as never, xs, o as never)),
      ...args,
    );
    const pieces = await run(
      both((p, xs, o) => inPieces(layer, p, xs, o)),
      ...args,
    );
    whole.forEach((a, i) =>
      expectClose(a.data as Float32Array, pieces[i]!.data as Float32Array, { rtol: 1e-4, atol: 2e-6 }),
    );
  });
});

test("few steps are laid out, many are a loop", () => {
  const p = { input: input([I, 4 * H]), recurrent: input([H, 4 * H]), bias: input([4 * H]) };
  const ops = (steps: number): readonly string[] =>
    topological([lstm(p, input([B, steps, I])).outputs]).map((node) => node.op.name);
  expect(ops(32)).not.toContain("scan");
  expect(ops(33)).toContain("scan");
});
