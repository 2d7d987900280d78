import { describe, expect, test } from "vitest";
import { grad } from "./grad.ts";
import { defineOp } from "./op.ts";
import { add } from "./ops/binary.ts";
import { matmul } from "./ops/matmul.ts";
import { sum } from "./ops/reduce.ts";
import { scan } from "./ops/scan.ts";
import { fill, input } from "./ops/source.ts";
import { tanh } from "./ops/unary.ts";
import { Tensor, type Node, type TensorType } from "./tensor.ts";
import { verifyGraph } from "./verify.ts";

const f32 = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

/** A node put together by hand, as no op would. */
function forged(
  base: Tensor,
  change: Partial<Node>,
  { type = base, freeze = true }: { type?: TensorType; freeze?: boolean } = {},
): Tensor {
  const outputs: Tensor[] = [];
  const node: Node = { ...base.node, outputs, ...change };
  outputs.push(new Tensor(node, 0, type));
  Object.freeze(outputs);
  return (freeze ? Object.freeze(node) : node).outputs[0]!;
}

describe("verifyGraph", () => {
  test("takes a graph, its gradient, and loops", () => {
    const loss = (w: Tensor): Tensor =>
      sum(
        scan((state: Tensor, x: Tensor) => ({ state: tanh(add(state, x)), outputs: {} }), {
          initial: w,
          sequences: input([4, 2]),
        }).final,
      );
    const w = input([2]);
    expect(() => verifyGraph({ loss: loss(w), grad: grad(loss)(w) })).not.toThrow();
  });

  test("catches a type that the shape rule does not give", () => {
    const broken = forged(tanh(input([2])), {}, { type: f32(3) });
    expect(() => verifyGraph(add(broken, 1))).toThrow(
      "verifyGraph: tanh must have the types of its shape rule, float32[2], got float32[3]",
    );
  });

  test("catches inputs that the op would refuse", () => {
    const product = matmul(input([2, 3]), input([3, 4]));
    const broken = forged(product, { inputs: Object.freeze([input([2, 3]), input([5, 4])]) });
    expect(() => verifyGraph(broken)).toThrow("matmul: the last axis of a must equal the second last of b");
  });

  test("catches an output that belongs to another node", () => {
    const [x, y] = [tanh(input([2])), tanh(input([2]))];
    const broken = new Tensor(Object.freeze({ ...x.node, outputs: y.node.outputs }), 0, x);
    expect(() => verifyGraph(broken)).toThrow("verifyGraph: output 0 of tanh must belong to its node");
  });

  test("catches a node that can be changed", () => {
    expect(() => verifyGraph(forged(tanh(input([2])), {}, { freeze: false }))).toThrow(
      "verifyGraph: tanh must be frozen",
    );
    expect(() => verifyGraph(forged(tanh(input([2])), { inputs: [input([2])] }))).toThrow(
      "verifyGraph: tanh must be frozen",
    );
  });

  test("catches an op whose rule gives another number of outputs later", () => {
    let outputs = 1;
    const op = defineOp<readonly [Tensor], object>({
      name: "moody",
      infer: ([x]) => new Array<TensorType>(outputs).fill(x),
      vjp: () => [null],
      lower: (_onnx, names) => names,
      evaluate: (inputs) => inputs,
    });
    const [y] = op([input([2])], {});
    outputs = 2;
    expect(() => verifyGraph(y)).toThrow(
      "verifyGraph: moody must have the types of its shape rule, float32[2], float32[2], got float32[2]",
    );
  });
});

describe("nodes", () => {
  test("cannot be changed by their op's caller", () => {
    const shape = [2, 3];
    const x = input(shape);
    shape[0] = 9;
    expect(x.shape).toEqual([2, 3]);
    expect(() => (x.shape as number[]).push(1)).toThrow(TypeError);
    expect(Object.isFrozen(x.node.attrs)).toBe(true);
  });

  test("need at least one output", () => {
    const op = defineOp<readonly [], object>({
      name: "void",
      infer: () => [],
      vjp: () => [],
      lower: () => [],
      evaluate: () => [],
    });
    expect(() => op([], {})).toThrow("void: the shape rule must give at least one output");
  });

  test("have attributes of their own", () => {
    const attrs = { size: 1 };
    const op = defineOp<readonly [Tensor], { size: number }>({
      name: "kept",
      infer: ([x]) => [x],
      vjp: () => [null],
      lower: (_onnx, names) => names,
      evaluate: (inputs) => inputs,
    });
    const [y] = op([input([2])], attrs);
    attrs.size = 2;
    expect(y!.node.attrs).toEqual({ size: 1 });
    const shape = [2];
    const filled = fill(shape, 1);
    shape[0] = 9;
    expect(filled.node.attrs).toEqual({ dtype: "float32", shape: [2], value: 1 });
  });

  test.each([
    [[{ dtype: "flot", shape: [2] }], "got flot[2]"],
    [[{ dtype: "float32", shape: [1.5] }], "got float32[1.5]"],
    [[{ dtype: "float32", shape: [-1] }], "got float32[-1]"],
    [[undefined], "got undefined"],
  ])("need types from their shape rule: %j", (types, got) => {
    const op = defineOp<readonly [], object>({
      name: "odd",
      infer: () => types as never,
      vjp: () => [],
      lower: () => [],
      evaluate: () => [],
    });
    expect(() => op([], {})).toThrow(
      `odd: the shape rule must give known dtypes and axes that are integers >= 0, ${got}`,
    );
  });

  test("are refused among outputs that are no tensors", () => {
    expect(() => verifyGraph({ a: 3 })).toThrow("verifyGraph: the output at a must be a Tensor, got a number");
  });
});
