// What losses promise at the edges: nothing that counts, infinities where nothing counts, and refusals.

import { describe, expect, test } from "vitest";
import { array, type NdArray, zeros } from "../core/ndarray.ts";
import { gradients } from "../core/grad.ts";
import { input } from "../core/ops/source.ts";
import type { Tensor } from "../core/tensor.ts";
import { evaluate } from "../engine/compile.ts";
import { crossEntropy, perplexity } from "./losses.ts";

const run = async (
  logits: NdArray,
  targets: NdArray,
  mask: NdArray | null,
  smoothing = 0,
): Promise<{ loss: number; nll: number; grad: readonly number[] }> => {
  const fn = (l: Tensor, t: Tensor, m: { readonly mask?: Tensor }): Record<string, Tensor> => {
    const { loss, nll } = crossEntropy(l, t, { mask: m.mask ?? null, smoothing });
    return { loss, nll, grad: gradients(loss, [l])[0]! };
  };
  const call = evaluate as unknown as (...args: readonly unknown[]) => Promise<Record<string, NdArray>>;
  const { loss, nll, grad } = await call(fn, logits, targets, mask ? { mask } : {});
  return { loss: loss!.data[0] as number, nll: nll!.data[0] as number, grad: [...(grad!.data as Float32Array)] };
};

const targets = array([[0, 1]], { dtype: "int32" });

describe("crossEntropy", () => {
  test("of even scores is the logarithm of the number of classes", async () => {
    const { loss, nll } = await run(zeros([1, 2, 4]), targets, null, 0.2);
    expect(loss).toBeCloseTo(Math.log(4), 6);
    expect(perplexity(nll)).toBeCloseTo(4, 4);
  });

  test("what stands where the mask is false has no influence, be it infinite", async () => {
    const mask = array([[true, false]]);
    const plain = await run(array([[[1, 2, 3], [0, 0, 0]]]), targets, mask, 0.1); // prettier-ignore
    const other = await run(array([[[1, 2, 3], [0, -Infinity, 9]]]), targets, mask, 0.1); // prettier-ignore
    expect(other).toEqual(plain);
    expect(other.grad.slice(3)).toEqual([0, 0, 0]);
    expect(Number.isFinite(other.loss)).toBe(true);
  });

  test("where nothing counts, loss and gradient are 0", async () => {
    const { loss, nll, grad } = await run(array([[[1, 2, 3], [4, 5, 6]]]), targets, array([[false, false]]), 0.1); // prettier-ignore
    expect([loss, nll, ...grad].every((v) => v === 0)).toBe(true);
  });

  test("a class of -Infinity has probability 0 and gradient 0", async () => {
    const { loss, grad } = await run(array([[[0, 0, -Infinity], [0, 0, -Infinity]]]), targets, null); // prettier-ignore
    expect(loss).toBeCloseTo(Math.log(2), 6);
    expect(grad[2]).toBe(0);
    expect(grad.every(Number.isFinite)).toBe(true);
  });

  test("a target outside the classes is refused when it runs", async () => {
    await expect(run(zeros([1, 2, 4]), array([[0, 4]], { dtype: "int32" }), null)).rejects.toThrow(
      "Out of range value in index tensor",
    );
  });

  const logits = input([2, 3, 5]);
  const ids = input([2, 3], "int32");
  test.each([
    [
      "sizes that differ",
      () => crossEntropy(logits, input([2, 4], "int32")),
      "crossEntropy: axis U is 3 in logits axis 1 but 4 in targets axis 1",
    ],
    [
      "a mask of another size",
      () => crossEntropy(logits, ids, { mask: input([2, 2], "bool") }),
      "axis U is 3 in logits axis 1 but 2 in mask axis 1",
    ],
    ["flat scores", () => crossEntropy(input([6, 5]), ids), "logits must have 3 axes (B U C), got float32[6, 5]"],
    ["targets of float", () => crossEntropy(logits, input([2, 3])), "indices int32"],
    ["a mask of numbers", () => crossEntropy(logits, ids, { mask: input([2, 3]) }), "the condition must be bool"],
    [
      "smoothing of 1",
      () => crossEntropy(logits, ids, { smoothing: 1 }),
      "smoothing must lie in 0 <= smoothing < 1, got 1",
    ],
    ["smoothing that is no number", () => crossEntropy(logits, ids, { smoothing: NaN }), "got NaN"],
    [
      "an unknown option",
      () => crossEntropy(logits, ids, { labelSmoothing: 0.1 } as never),
      'options must be among mask, smoothing, got "labelSmoothing"',
    ],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
