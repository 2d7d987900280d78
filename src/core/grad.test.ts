import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { grad, gradients, valueAndGrad } from "./grad.ts";
import { defineOp, type RefArray } from "./op.ts";
import { add, div, mul, sub } from "./ops/binary.ts";
import { split } from "./ops/concat.ts";
import { customGradient, stopGradient } from "./ops/control.ts";
import { gather } from "./ops/gather.ts";
import { matmul } from "./ops/matmul.ts";
import { transpose } from "./ops/movement.ts";
import { pow } from "./ops/pow.ts";
import { mean, sum } from "./ops/reduce.ts";
import { cast } from "./ops/select.ts";
import { scan } from "./ops/scan.ts";
import { constant, fill, input } from "./ops/source.ts";
import { takeAlong } from "./ops/take-along.ts";
import { exp, floor, sin, square, tanh } from "./ops/unary.ts";
import { printGraph } from "./print.ts";
import { evaluateReference } from "./reference.ts";
import { scope } from "./scope.ts";
import { topological, type Tensor } from "./tensor.ts";
import { verifyGraph } from "./verify.ts";

const ref = (shape: readonly number[], ...data: number[]): RefArray => ({ shape, data: Float64Array.from(data) });

/** Elements of tensors for values of inputs. */
function values(
  outputs: readonly Tensor[],
  feeds: readonly (readonly [Tensor, RefArray])[],
): readonly (readonly number[])[] {
  verifyGraph(outputs);
  return evaluateReference(outputs, new Map(feeds)).map(({ data }) => Array.from(data));
}

const count = (outputs: readonly Tensor[], op: string): number =>
  topological(outputs).filter((node) => node.op.name === op).length;

describe("gradients", () => {
  test("of a product", () => {
    const [a, b] = [input([2]), input([2])];
    const got = values(gradients(sum(mul(a, b)), [a, b]), [
      [a, ref([2], 1, 2)],
      [b, ref([2], 3, 4)],
    ]);
    expect(got).toEqual([
      [3, 4],
      [1, 2],
    ]);
  });

  test("undo broadcasting of leading axes, of size 1, and of both", () => {
    const x = input([2, 3, 4]);
    for (const shape of [[4], [3, 1], [1, 3, 4], [2, 1, 1], [1], []]) {
      const b = input(shape);
      const [g] = gradients(sum(mul(x, b)), [b]);
      expect(g!.shape).toEqual(shape);
      const ones = ref([2, 3, 4], ...new Array<number>(24).fill(1));
      const size = shape.reduce((p, n) => p * n, 1);
      const feeds = [
        [x, ones],
        [b, ref(shape, ...new Array<number>(size).fill(0))],
      ] as const;
      expect(values([g!], feeds)[0]).toEqual(new Array<number>(size).fill(24 / size));
    }
  });

  test("visit a shared subexpression once", () => {
    const x = input([3]);
    const shared = tanh(x);
    const [g] = gradients(sum(add(mul(shared, shared), shared)), [x]);
    expect(count([g!], "tanh")).toBe(1);
    const at = 0.3;
    const y = Math.tanh(at);
    expect(values([g!], [[x, ref([3], at, at, at)]])[0]![0]).toBeCloseTo((2 * y + 1) * (1 - y * y), 12);
  });

  test("go through one value used twice by one node", () => {
    const x = input([2]);
    expect(values(gradients(sum(mul(x, x)), [x]), [[x, ref([2], 3, -1)]])).toEqual([[6, -2]]);
  });

  test("of outputs of which some are not used", () => {
    const x = input([4]);
    const [, b] = split(x, [1, 2, 1]);
    expect(values(gradients(sum(square(b!)), [x]), [[x, ref([4], 1, 2, 3, 4)]])).toEqual([[0, 4, 6, 0]]);
  });

  test("with respect to values within the graph, and to the output itself", () => {
    const x = input([]);
    const y = exp(x);
    const z = mul(y, y);
    expect(values(gradients(z, [x, y, z]), [[x, ref([], 0)]])).toEqual([[2], [2], [1]]);
  });

  test("are zeros where nothing depends on a tensor", () => {
    const [x, other] = [input([2]), input([3, 1])];
    const [g] = gradients(sum(x), [other]);
    expect(values([g!], [])).toEqual([[0, 0, 0]]);
    expect(g!.shape).toEqual([3, 1]);
    expect(values(gradients(sum(floor(x)), [x]), [[x, ref([2], 1.5, 2.5)]])).toEqual([[0, 0]]);
  });

  test("take a seed for an output with axes", () => {
    const [x, seed] = [input([2]), input([2])];
    const got = values(gradients(square(x), [x], seed), [
      [x, ref([2], 3, 5)],
      [seed, ref([2], 1, 10)],
    ]);
    expect(got).toEqual([[6, 100]]);
  });

  test("of gradients: the third derivative of x^4", () => {
    const x = input([]);
    let y: Tensor = square(square(x));
    for (let i = 0; i < 3; i++) y = gradients(y, [x])[0]!;
    expect(values([y], [[x, ref([], 2)]])[0]![0]).toBeCloseTo(48, 10);
  });

  test("build nothing for what lies beside the path", () => {
    const [x, w, v] = [input([2, 3]), input([3, 4]), input([4, 5])];
    const loss = sum(matmul(matmul(x, w), v));
    // With respect to v: one product with the activations; none through v and w.
    expect(count(gradients(loss, [v]), "matmul") - 1).toBe(1);
    expect(count(gradients(loss, [w]), "matmul")).toBe(2);
  });

  test("of a chain deeper than the call stack", () => {
    const x = input([]);
    let y: Tensor = x;
    for (let i = 0; i < 20_000; i++) y = add(y, 1);
    const [g] = gradients(y, [x]);
    expect(values([g!], [[x, ref([], 0)]])).toEqual([[1]]);
  });

  test("skip integers", () => {
    const [table, ids] = [input([3]), input([2], "int32")];
    expect(values(gradients(sum(gather(table, ids)), [table]), [[ids, ref([2], 2, 2)]])).toEqual([[0, 0, 2]]);
    expect(values(gradients(sum(cast(ids, "float32")), [table]), [])).toEqual([[0, 0, 0]]);
  });

  test("agree with differences, for any expression", () => {
    type Build = (x: Tensor, w: Tensor) => Tensor;
    const { build } = fc.letrec<{ build: Build }>((tie) => {
      const two = fc.tuple(tie("build"), tie("build"));
      return {
        build: fc.oneof(
          { maxDepth: 5, withCrossShrink: true },
          fc.constantFrom<Build[]>(
            (x) => x,
            (_x, w) => w,
          ),
          two.map(
            ([a, b]): Build =>
              (x, w) =>
                add(a(x, w), b(x, w)),
          ),
          two.map(
            ([a, b]): Build =>
              (x, w) =>
                sub(a(x, w), tanh(b(x, w))),
          ),
          two.map(
            ([a, b]): Build =>
              (x, w) =>
                mul(sin(a(x, w)), b(x, w)),
          ),
          two.map(
            ([a, b]): Build =>
              (x, w) =>
                div(a(x, w), add(square(b(x, w)), 1)),
          ),
          tie("build").map(
            (a): Build =>
              (x, w) =>
                mean(a(x, w), 0, { keepDims: true }),
          ),
        ),
      };
    });
    fc.assert(
      fc.property(build, (make) => {
        const [x, w] = [input([2, 3]), input([3])];
        const loss = sum(make(x, w));
        const at = (d: number): readonly (readonly [Tensor, RefArray])[] => [
          [x, ref([2, 3], 0.1 + d, 0.5, -0.3, 0.7, -0.9 - d, 0.2)],
          [w, ref([3], -0.4, 0.6 + 2 * d, 0.8)],
        ];
        const [gx, gw] = values(gradients(loss, [x, w]), at(0));
        const rule = gx![0]! - gx![4]! + 2 * gw![1]!;
        const f = (d: number): number => values([loss], at(d))[0]![0]!;
        const h = 1e-3;
        const numeric = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
        expect(Math.abs(rule - numeric)).toBeLessThan(1e-6 * (1 + Math.abs(numeric)));
      }),
      { numRuns: 60 },
    );
  });

  test("refuse an output that is no scalar, or no float", () => {
    const x = input([2]);
    expect(() => gradients(x, [x])).toThrow(
      "gradients: the output must be a float32 scalar, got float32[2]. Reduce it with sum or mean, or pass a seed.",
    );
    expect(() => gradients(input([], "int32"), [x])).toThrow(
      "gradients: the output must be a float32 scalar, got int32[]",
    );
    expect(() => gradients(x, [x], input([3]))).toThrow(
      "gradients: the seed must have the type of the output, float32[2], got float32[3]",
    );
  });

  test("reach a small constant that the body of a loop reads", () => {
    const w = fill([2], 1);
    const xs = constant([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const { final } = scan((s: Tensor, x: Tensor) => ({ state: add(s, mul(x, w)), outputs: {} }), {
      initial: fill([2], 0),
      sequences: xs,
    });
    const [g] = evaluateReference(gradients(sum(final), [w]), new Map());
    expect([...g!.data]).toEqual([9, 12]);
  });

  test("catch an op without a rule", () => {
    const bare = defineOp<readonly [Tensor], object>({ name: "bare", infer: ([a]: readonly [Tensor]) => [a] } as never);
    const x = input([]);
    expect(() => gradients(bare([x], {})[0]!, [x])).toThrow(
      "bare: an op must have a gradient rule, `vjp`, to be differentiated, got undefined",
    );
  });

  test("catch a rule with too few entries", () => {
    const wrong = defineOp<readonly [Tensor, Tensor], object>({
      name: "wrong",
      infer: ([a]) => [a],
      vjp: ([g]) => [g ?? null] as never,
      lower: (_onnx, [a]) => [a],
      evaluate: ([a]) => [a],
    });
    const x = input([]);
    expect(() => gradients(wrong([x, x], {})[0]!, [x])).toThrow("wrong: the gradient rule must give 2 entries, got 1");
  });
});

describe("gradient terms", () => {
  const steps = 4;

  /** x_t W, one step after the other, with what else is done with W. */
  function unrolled(w: Tensor, beside: (w: Tensor) => readonly Tensor[]): Tensor {
    const hs = Array.from({ length: steps }, (_, t) => sum(tanh(matmul(input([2, 3], "float32", `x${t}`), w))));
    return [...hs, ...beside(w)].reduce((a, b) => add(a, b));
  }

  test("of a weight used at every step are one product of stacked operands", () => {
    const w = input([3, 5], "float32", "w");
    const text = printGraph(
      gradients(
        unrolled(w, () => []),
        [w],
      )[0]!,
    );
    const products = text
      .split("\n")
      .filter((line) => line.includes(" = matmul("))
      .slice(steps);
    expect(products).toEqual([expect.stringMatching(/^%\d+ = matmul\(%\d+, %\d+\) : float32\[3, 5\] {2}# gradient$/)]);
    expect(text).toMatch(/concat\(.*\) \{axis: 0\} : float32\[8, 3\]/);
    expect(text).toMatch(/concat\(.*\) \{axis: 0\} : float32\[8, 5\]/);
  });

  test("merge also beside terms of other kinds", () => {
    const w = input([3, 5]);
    const beside = (p: Tensor): readonly Tensor[] => [
      sum(square(p)),
      sum(matmul(p, input([5, 2]))),
      sum(matmul(transpose(p), input([3, 2]))),
    ];
    const loss = unrolled(w, beside);
    const forward = count([loss], "matmul");
    // One for all steps; one each for the product from the left and the transposed one.
    expect(count(gradients(loss, [w]), "matmul") - (forward - 2)).toBe(1 + 2);
  });

  test("have the same sum merged or not", () => {
    const w = input([3, 5]);
    const xs = Array.from({ length: steps }, () => input([2, 3]));
    const each = xs.map((x) => sum(tanh(matmul(x, w))));
    const whole = gradients(
      each.reduce((a, b) => add(a, b)),
      [w],
    )[0]!;
    const parts = each.map((loss) => gradients(loss, [w])[0]!);
    const feeds = [
      [w, ref([3, 5], ...Array.from({ length: 15 }, (_, i) => Math.sin(i)))] as const,
      ...xs.map((x, t) => [x, ref([2, 3], ...Array.from({ length: 6 }, (_, i) => Math.cos(i + 7 * t)))] as const),
    ];
    const [total, ...terms] = values([whole, ...parts], feeds);
    total!.forEach((g, i) =>
      expect(g).toBeCloseTo(
        terms.reduce((s, term) => s + term[i]!, 0),
        12,
      ),
    );
  });
});

describe("control", () => {
  test("stopGradient cuts", () => {
    const x = input([]);
    const y = mul(x, stopGradient(square(x)));
    expect(values([y, ...gradients(y, [x])], [[x, ref([], 3)]])).toEqual([[27], [9]]);
  });

  test("customGradient replaces: a straight-through floor", () => {
    const x = input([2]);
    const step = (t: Tensor): Tensor =>
      customGradient(
        [t],
        (v) => floor(v),
        (g) => [g],
      );
    const got = values([step(x), ...gradients(sum(mul(step(x), x)), [x])], [[x, ref([2], 1.5, -0.5)]]);
    expect(got).toEqual([
      [1, -1],
      [1 + 1.5, -1 - 0.5],
    ]);
  });

  test("customGradient may leave an input without, and use its value", () => {
    const [a, b] = [input([]), input([])];
    const y = customGradient(
      [a, b],
      (p, q) => mul(p, q),
      (g, _inputs, value) => [mul(g, value), null],
    );
    expect(
      values(gradients(y, [a, b]), [
        [a, ref([], 2)],
        [b, ref([], 5)],
      ]),
    ).toEqual([[10], [0]]);
  });
});

describe("valueAndGrad", () => {
  const params = { w: input([3, 2]), b: input([2]), ids: input([4], "int32"), layers: [{ scale: input([2]) }] };
  const loss = (p: typeof params, x: Tensor): Tensor => mean(mul(add(matmul(x, p.w), p.b), p.layers[0]!.scale));
  const x = input([5, 3]);

  test("gives a tree like the parameters; integers get zeros", () => {
    const { value, grad: g, aux } = valueAndGrad(loss)(params, x);
    expect([value.shape, g.w.shape, g.b.shape, g.layers[0]!.scale.shape, aux]).toEqual([
      [],
      [3, 2],
      [2],
      [2],
      undefined,
    ]);
    expect([g.ids.dtype, g.ids.shape, g.ids.node.op.name]).toEqual(["int32", [4], "fill"]);
    expect(grad(loss)(params, x).w.shape).toEqual([3, 2]);
  });

  test("hands auxiliary results through", () => {
    const fn = (p: typeof params): { loss: Tensor; aux: { hidden: Tensor } } => {
      const hidden = matmul(x, p.w);
      return { loss: sum(hidden), aux: { hidden } };
    };
    const { value, aux, grad: g } = valueAndGrad(fn)(params);
    expect(value.node.inputs[0]).toBe(aux.hidden);
    expect(count([g.w], "matmul")).toBe(1);
  });

  test("frozen parameters get zeros, and cost nothing", () => {
    const g = grad(loss, { frozen: (path) => path === "w" || path.startsWith("layers") })(params, x);
    expect([g.w.node.op.name, g.layers[0]!.scale.node.op.name]).toEqual(["fill", "fill"]);
    expect(count([g.w, g.b], "matmul")).toBe(0);
  });

  test("names gradient nodes after their layer", () => {
    const fn = (p: { w: Tensor }): Tensor => scope("net", () => scope("0", () => sum(tanh(p.w))));
    const { w } = grad(fn)({ w: input([2]) });
    const scopes = new Set(topological([w]).map((node) => node.scope));
    expect([...scopes].sort()).toEqual(["", "net.0", "net.0.gradient"]);
  });

  test("pairs parameters whose dotted paths are alike", () => {
    const params = { "a.b": input([]), a: { b: input([]) } };
    const g = grad((p: typeof params) => mul(mul(p["a.b"], 3), p.a.b))(params);
    const feeds = [
      [params["a.b"], ref([], 5)],
      [params.a.b, ref([], 7)],
    ] as const;
    expect(values([g["a.b"], g.a.b], feeds)).toEqual([[21], [15]]);
  });

  test("refuses what is no loss, no parameter, no option", () => {
    const p = { w: input([]) };
    const refused = (fn: unknown, params: unknown, message: string): void =>
      expect(() => grad(fn as (p: unknown) => Tensor)(params)).toThrow(message);
    const needed = "grad: the function must return a float32 scalar of the graph, or { loss, aux }";
    refused(() => 3, p, `${needed}, got a number`);
    refused(() => {}, p, `${needed}, got undefined`);
    refused(async () => p.w, p, `${needed}, got Promise`);
    refused(() => ({ loss: 3 }), p, `${needed}, got a number as loss`);
    refused(() => p.w, { ...p, n: 3 }, "grad: the parameter at n must be a Tensor, got a number");
    expect(() => grad(() => p.w, { frozn: () => true } as never)).toThrow(
      'grad: options must be among frozen, got "frozn"',
    );
  });
});

describe("at zero", () => {
  /** The derivatives of `f` at x from the first to the third. */
  function derivatives(f: (x: Tensor) => Tensor, at: number): readonly number[] {
    const x = input([]);
    const orders: Tensor[] = [];
    for (let y = f(x); orders.length < 3; y = orders.at(-1)!) orders.push(gradients(y, [x])[0]!);
    return values(orders, [[x, ref([], at)]]).flat();
  }

  test("powers have the derivatives of polynomials", () => {
    expect(derivatives((x) => pow(x, 0), 0)).toEqual([0, 0, 0]);
    expect(derivatives((x) => pow(x, 1), 0)).toEqual([1, 0, 0]);
    expect(derivatives((x) => pow(x, 2), 0)).toEqual([0, 2, 0]);
    expect(derivatives((x) => pow(x, 3), 2)).toEqual([12, 12, 6]);
  });

  test("so they have where the exponent is a tensor", () => {
    const b = input([3]);
    const x = input([3]);
    const [first] = gradients(sum(pow(x, b)), [x]);
    const [second] = gradients(sum(first!), [x]);
    const [third] = gradients(sum(second!), [x]);
    const feeds = [
      [x, ref([3], 0, 0, 0)],
      [b, ref([3], 0, 1, 2)],
    ] as const;
    expect(values([first!, second!, third!], feeds)).toEqual([
      [0, 1, 0],
      [0, 0, 2],
      [0, 0, 0],
    ]);
  });

  test("a power of zero does not grow with its exponent", () => {
    const [a, b] = [input([3]), input([3])];
    const [g] = gradients(sum(pow(a, b)), [b]);
    const feeds = [
      [a, ref([3], 0, 0, Math.E)],
      [b, ref([3], 2, 0, 1)],
    ] as const;
    expect(values([g!], feeds)[0]).toEqual([0, 0, Math.E]);
  });
});

test("an index from the end gets its gradient where it reads", () => {
  const [x, i] = [input([2, 3]), input([2], "int32")];
  const feeds = [
    [x, ref([2, 3], 1, 2, 3, 4, 5, 6)],
    [i, ref([2], -1, -3)],
  ] as const;
  const y = takeAlong(x, i);
  expect(values([y, ...gradients(sum(y), [x])], feeds)).toEqual([
    [3, 4],
    [0, 0, 1, 1, 0, 0],
  ]);
  const rows = gather(x, sub(i, -2));
  expect(values(gradients(sum(rows), [x]), feeds)).toEqual([[0, 0, 0, 2, 2, 2]]);
  expect(() => values([gather(x, i)], feeds)).toThrow("gather: indices must lie in -2..1, got -3");
});
