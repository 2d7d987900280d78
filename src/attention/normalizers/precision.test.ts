// The normalizers' numbers: the device gives what the float64 reference gives, and gradients are derivatives.

import { describe, expect, test } from "vitest";
import { expectClose, type Tolerance } from "../../../test/close.ts";
import { gradients } from "../../core/grad.ts";
import { NdArray } from "../../core/ndarray.ts";
import type { RefArray } from "../../core/op.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant, input } from "../../core/ops/source.ts";
import { rng } from "../../core/random.ts";
import { evaluateReference } from "../../core/reference.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, mapTree } from "../../core/tree.ts";
import {
  asGiven,
  B,
  cpu,
  type Kind,
  kinds,
  lossOf,
  mask,
  paramsOf,
  reference,
  rewritten,
  S,
  scores,
  seedOf,
} from "./normalizers.cases.ts";

/** How far a result on the device may lie from the reference. */
function toleranceOf(name: string, { slope = 1e-4 }: Kind): Tolerance {
  if (name === "weights") return { rtol: 0, atol: 1e-5 };
  if (name === "gradient of scores") return { rtol: slope };
  // One sum over all positions, whose terms cancel: what is left may be less than their rounding.
  return { rtol: 1e-4, atol: 1e-6 };
}

/** A scalar's value on the reference. */
function evaluateAt(scalar: Tensor, feeds: readonly (readonly [Tensor, Float64Array])[]): number {
  const values = new Map(feeds.map(([t, data]): [Tensor, RefArray] => [t, { shape: t.shape, data }]));
  return evaluateReference([scalar], values)[0]!.data[0]!;
}

describe.each(kinds)("%s", (_name, kind) => {
  test.each([
    ["short rows", [B, S], 1.5],
    ["long rows", [4, 400], 1],
    ["long rows of steep scores", [4, 400], 8],
    ["long rows of flat scores", [4, 400], 0.01],
    ["far from 0", [4, 50], 1, 300],
  ])("the device gives what the float64 reference gives: %s", async (_, shape, deviation, offset = 0) => {
    const drawn = rewritten(rng(12).normal(shape, deviation), (_, v) => v + offset);
    const allowed = new NdArray("bool", shape, Uint8Array.from(rng(13).uniform(shape, 1).data as Float32Array, (v) => (v < 0.6 ? 1 : 0))); // prettier-ignore
    for (const given of [asGiven(drawn), asGiven(drawn, allowed)]) {
      const [got, want] = [await cpu(kind, given), reference(kind, given)];
      for (const name of Object.keys(want)) expectClose(got[name]!, want[name]!, toleranceOf(name, kind), name);
    }
  });

  test("gradients are derivatives: the first and the second by differences on the reference", () => {
    const params = paramsOf(kind.stage);
    const own = mapTree<unknown, NdArray, Tensor>(params, (a) => input(a.shape));
    const [x, m, seed] = [input([B, S]), input([B, S], "bool"), constant(seedOf([B, S]))];
    const wrt = [x, ...leaves<Tensor>(own).map(([, t]) => t)];
    const starts = [scores, ...leaves<NdArray>(params).map(([, a]) => a)].map((a) => Float64Array.from(a.data as Float32Array)); // prettier-ignore
    const directions = starts.map((a, i) => rng(20 + i).normal([a.length], 1));
    let scalar = lossOf(kind.stage.normalize(own as never, x, m), seed);
    const valueOf = (t: Tensor, step: number): number => {
      const moved = starts.map((a, i) => a.map((v, k) => v + step * (directions[i]!.data[k] as number)));
      return evaluateAt(t, [[m, Float64Array.from(mask.data as Uint8Array)], ...wrt.map((w, i) => [w, moved[i]!] as const)]); // prettier-ignore
    };
    for (const order of ["first", "second"]) {
      const slope = gradients(scalar, wrt)
        .map((g, i) => sum(mul(g, reshape(constant(directions[i]!), g.shape))))
        .reduce((a, b) => add(a, b));
      const h = 2e-4;
      const at = (step: number): number => valueOf(scalar, step);
      const numeric = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      expect(Math.abs(valueOf(slope, 0) - numeric), `${order} order`).toBeLessThan(1e-6 * Math.abs(numeric) + 1e-8);
      scalar = slope;
    }
  });
});
