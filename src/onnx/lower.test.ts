import type { GraphProto } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { allocate, sizeOf } from "../core/dtype.ts";
import { valueAndGrad } from "../core/grad.ts";
import { NdArray } from "../core/ndarray.ts";
import { defineOp } from "../core/op.ts";
import { add, mul } from "../core/ops/binary.ts";
import { concat, split } from "../core/ops/concat.ts";
import { gather } from "../core/ops/gather.ts";
import { layerNorm } from "../core/ops/layer-norm.ts";
import { matmul } from "../core/ops/matmul.ts";
import { topK } from "../core/ops/order.ts";
import { transpose } from "../core/ops/movement.ts";
import { random } from "../core/ops/random.ts";
import { mean, sum } from "../core/ops/reduce.ts";
import { scan } from "../core/ops/scan.ts";
import { flip, sliceAxis } from "../core/ops/slice.ts";
import { softmax } from "../core/ops/softmax.ts";
import { constant, fill, input } from "../core/ops/source.ts";
import { tanh } from "../core/ops/unary.ts";
import { scope } from "../core/scope.ts";
import type { Tensor } from "../core/tensor.ts";
import { leaves } from "../core/tree.ts";
import { compile } from "../engine/compile.ts";
import { attributesOf, decode, namingFindings } from "./decode.cases.ts";
import { lowerGraph } from "./lower.ts";

const graphOf = (inputs: readonly Tensor[], outputs: readonly Tensor[]): GraphProto =>
  decode(lowerGraph(inputs, outputs, { device: "cpu" }).model).graph!;

/** Graphs with all that a model can hold: gradients, several outputs, constants, negative numbers, the body of a loop. */
const samples: Readonly<
  Record<string, { readonly inputs: readonly Tensor[]; readonly run: (...t: Tensor[]) => unknown }>
> = {
  "a training step": {
    inputs: [input([4, 3]), input([3]), input([5, 4])],
    run: (w, b, x) =>
      valueAndGrad((p: { w: Tensor; b: Tensor }) => scope("net", () => mean(tanh(add(matmul(x, p.w), p.b)))))({ w, b }),
  },
  attention: {
    inputs: [input([2, 3, 4]), input([2, 5, 4]), input([4])],
    run: (q, k, s) => layerNorm(matmul(softmax(mul(matmul(q, transpose(k)), 0.5)), k), s, s),
  },
  "a loop and its gradient": {
    inputs: [input([3]), input([6, 3]), input([3, 3])],
    run: (h, xs, w) =>
      valueAndGrad((p: Tensor) =>
        sum(
          scan((state: Tensor, x: Tensor) => ({ state: tanh(add(sum(mul(p, state), 1), x)), outputs: {} }), {
            initial: h,
            sequences: xs,
            reverse: true,
          }).final,
        ),
      )(w),
  },
  "movement of several dtypes": {
    inputs: [input([2, 6]), input([4], "int32"), input([4], "bool"), input([4], "uint8")],
    run: (x, i, b, u) => ({
      parts: split(x, [1, 2, 3]),
      best: topK(x, 2),
      i: flip(i, 0),
      b: concat([b, b]),
      u: sliceAxis(u, 0, 1, 3),
    }),
  },
};

/** Zeros of the type of an input. */
function zerosOf({ dtype, shape }: Tensor): NdArray {
  return new NdArray(dtype, shape, allocate(dtype, sizeOf(shape)));
}

describe.each(Object.entries(samples))("%s", (_name, { inputs, run }) => {
  const outputs = leaves<Tensor>(run(...inputs)).map(([, t]) => t);
  const graph = graphOf(inputs, outputs);

  test("has values that are made before they are used, and unique names", () => {
    expect(namingFindings(graph)).toEqual([]);
    expect(graph.input.map(({ name }) => name)).toEqual(inputs.map((_, i) => `in${i}`));
    expect(graph.output.map(({ name }) => name)).toEqual(outputs.map((_, i) => `out${i}`));
  });

  test("loads and runs", async () => {
    const compiled = compile((args: readonly Tensor[]) => leaves<Tensor>(run(...args)).map(([, t]) => t));
    const results = await compiled(inputs.map(zerosOf) as never);
    expect((results as readonly NdArray[]).map(String)).toEqual(outputs.map(String));
    await compiled.dispose();
  });
});

describe("lowerGraph", () => {
  test("keeps the body of a loop inside its node", () => {
    const xs = input([6, 3]);
    const outer = input([3]);
    const { final, outputs } = scan(
      (state: Tensor, x: Tensor) => ({ state: add(state, mul(x, outer)), outputs: state }),
      { initial: fill([3], 0), sequences: xs },
    );
    const graph = graphOf([xs, outer], [final, outputs]);
    const node = graph.node.find(({ opType }) => opType === "Scan")!;
    const { body, ...attributes } = attributesOf(node) as { body: GraphProto; num_scan_inputs: number };
    expect(attributes.num_scan_inputs).toBe(1);
    expect([body.input.length, body.output.length, body.initializer.length]).toEqual([2, 2, 0]);
    expect(body.node.map(({ opType }) => opType)).toEqual(expect.arrayContaining(["Mul", "Add"]));
    expect(namingFindings(graph)).toEqual([]);
  });

  test("feeds what the outputs depend on, keys of random numbers not among it", () => {
    const [x, unused, key] = [input([2]), input([3]), input([2], "int32")];
    const noise = random(key, [2]);
    const { feeds } = lowerGraph([x, unused, key], [add(x, noise)], { device: "cpu" });
    expect(feeds).toEqual([
      { name: "in0", tensor: x },
      { name: "random1", tensor: noise },
    ]);
    expect(lowerGraph([key], [noise, key], { device: "cpu" }).feeds.map(({ name }) => name)).toEqual([
      "in0",
      "random1",
    ]);
  });

  test("gives every output a node, also an input, a constant and one value twice", () => {
    const x = input([2]);
    const y = tanh(x);
    const graph = graphOf([x], [x, y, y, constant([1, 2])]);
    expect(graph.node.map(({ opType, output }) => `${opType} ${output[0]!.startsWith("out")}`)).toEqual([
      "Tanh false",
      "Identity true",
      "Identity true",
      "Identity true",
      "Identity true",
    ]);
  });

  test("leaves tensors without elements to the host", () => {
    const [x, none] = [input([2, 3]), input([0, 3])];
    const lowered = lowerGraph([x, none], [concat([none, x]), mul(none, 2), sum(none, 0), sliceAxis(x, 1, 2, 2)], {
      device: "cpu",
    });
    expect(lowered.outputs).toEqual(["out0", null, "out2", null]);
    expect(lowered.feeds.map(({ tensor }) => tensor)).toEqual([x]);
    expect(decode(lowered.model).graph!.node.map(({ opType }) => opType)).not.toContain("Mul");
  });

  test("refuses a graph with an input that is no argument", () => {
    const x = input([2]);
    expect(() => lowerGraph([], [tanh(x)], { device: "cpu" })).toThrow(
      "lowerGraph: every input of the graph must be an argument, got float32[2]",
    );
  });

  test("names a foreign input by its label", () => {
    expect(() => lowerGraph([], [tanh(input([2], "float32", "state"))], { device: "cpu" })).toThrow(
      'lowerGraph: every input of the graph must be an argument, got "state" float32[2]. Pass it to the compiled function',
    );
  });

  test("refuses an op without an ONNX rule", () => {
    const op = defineOp({ name: "mine", infer: ([x]: readonly [Tensor]) => [x], vjp: () => [null] } as never);
    expect(() => lowerGraph([], op([fill([2], 1)] as never, {}), { device: "cpu" })).toThrow(
      "mine: an op must have an ONNX rule, `lower`, to be compiled, got undefined",
    );
  });

  test("names nodes after the scope in which they were made", () => {
    const x = input([2]);
    const y = scope("encoder", () => scope("0", () => tanh(x)));
    const { model, origins } = lowerGraph([x], [y], { device: "cpu" });
    expect(decode(model).graph!.node[0]!.name).toBe("encoder.0/tanh/Tanh_v0");
    expect(origins.get("encoder.0/tanh/Tanh_v0")).toBe(y.node);
  });

  test("takes large constants without copies of their own", () => {
    // 120 MB in four arrays; the model itself is the one copy.
    const weights = Array.from({ length: 4 }, () => new Float32Array(30 * 2 ** 18));
    const ids = input([2], "int32");
    const outputs = weights.map((data) => gather(constant(new NdArray("float32", [30, 2 ** 18], data)), ids));
    const before = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    const { model, constantBytes } = lowerGraph([ids], outputs, { device: "cpu" });
    const taken = process.memoryUsage().arrayBuffers - before;
    expect(constantBytes).toBe(4 * 30 * 2 ** 20);
    expect(taken).toBeLessThan(model.length + 10 * 2 ** 20);
    // About 0.1 s alone; a byte at a time it would be half a minute.
    expect(performance.now() - start).toBeLessThan(5000);
    expect(model.length - constantBytes).toBeLessThan(4000);
  });
});
