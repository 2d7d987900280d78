// Gradients on the float64 reference against central differences, and graphs run there with draws that are given.

import { expect } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { sizeOf } from "../../core/dtype.ts";
import { gradients } from "../../core/grad.ts";
import type { RefArray } from "../../core/op.ts";
import type { RandomAttrs } from "../../core/ops/random.ts";
import { input } from "../../core/ops/source.ts";
import { drawInto } from "../../core/random.ts";
import { evaluateReference } from "../../core/reference.ts";
import { topological, type Tensor } from "../../core/tensor.ts";

/** A float64 array, or one of ints or bools, by its elements. */
export interface RefGiven {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** Default float32, of which the reference keeps all digits. */
  readonly dtype?: "float32" | "int32" | "bool";
}

/**
 * Values of a graph on the reference. Random nodes draw from the input named `key`, as the engine does: the nodes in the
 * order of the graph are the streams.
 */
export function onReference<Names extends string>(
  given: Readonly<Record<Names, RefGiven>>,
  graph: (inputs: Readonly<Record<Names, Tensor>>) => readonly Tensor[],
): readonly (readonly number[])[] {
  const feeds = new Map<Tensor, RefArray>();
  const inputs = Object.fromEntries(
    Object.entries<RefGiven>(given).map(([name, { shape, data, dtype = "float32" }]) => {
      expect(data.length).toBe(sizeOf(shape));
      const t = input(shape, dtype);
      feeds.set(t, { shape, data: Float64Array.from(data) });
      return [name, t];
    }),
  ) as Readonly<Record<Names, Tensor>>;
  const outputs = graph(inputs);
  const draws = topological(outputs).filter((node) => node.op.source === "random");
  draws.forEach((node, stream) => {
    const { shape, kind } = node.attrs as RandomAttrs;
    const drawn = new Float32Array(sizeOf(shape));
    drawInto(drawn, Int32Array.from(given["key" as Names].data), stream, kind);
    feeds.set(node.outputs[0]!, { shape, data: Float64Array.from(drawn) });
  });
  return evaluateReference(outputs, feeds).map(({ data }) => [...data]);
}

/** Fails unless the gradients of a scalar with respect to the float inputs `wrt` (default: all) are central differences, element by element. */
export function expectDifferences<Names extends string>(
  given: Readonly<Record<Names, RefGiven>>,
  loss: (inputs: Readonly<Record<Names, Tensor>>) => Tensor,
  options: { readonly wrt?: readonly NoInfer<Names>[] } = {},
): void {
  const [step, rtol, atol] = [1e-5, 1e-6, 1e-9];
  const wrt = options.wrt ?? (Object.keys(given) as Names[]);
  const floats = wrt.filter((name) => (given[name].dtype ?? "float32") === "float32");
  const found = onReference(given, (inputs) =>
    gradients(
      loss(inputs),
      floats.map((name) => inputs[name]),
    ),
  );
  floats.forEach((name, k) => {
    const { shape, data } = given[name];
    const at = (i: number, by: number): number => {
      const moved = { shape, data: data.map((v, j) => (i === j ? v + by : v)) };
      return onReference({ ...given, [name]: moved }, (inputs) => [loss(inputs as never)])[0]![0]!;
    };
    const expected = data.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
    expectClose(found[k]!, expected, { rtol, atol }, `gradient of ${name}`);
  });
}
