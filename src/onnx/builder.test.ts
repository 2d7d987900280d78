import { describe, expect, test } from "vitest";
import type { DType, TypedArray } from "../core/dtype.ts";
import type { OnnxAttribute } from "../core/op.ts";
import { onnxType } from "../core/ops/select.ts";
import { input } from "../core/ops/source.ts";
import type { TensorType } from "../core/tensor.ts";
import { GraphBuilder, irVersion, opset } from "./builder.ts";
import { attributesOf, decode } from "./decode.cases.ts";

const f32 = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

function newBuilder(): GraphBuilder {
  const builder = new GraphBuilder(() => []);
  builder.begin(input([2]).node, "encoder.0/op");
  return builder;
}

const finish = (builder: GraphBuilder): ReturnType<typeof decode> =>
  decode(builder.model(["x"], [f32(2)], ["y"], [f32(2)], "test"));

describe("a model", () => {
  test("names its versions, producer and domains", () => {
    const builder = newBuilder();
    builder.named("x", "y");
    const model = finish(builder);
    expect([Number(model.irVersion), model.producerName]).toEqual([irVersion, "heed"]);
    expect(model.opsetImport.map(({ domain, version }) => [domain, Number(version)])).toEqual([
      ["", opset],
      ["com.microsoft", 1],
    ]);
    expect(model.graph!.name).toBe("test");
  });

  test("declares inputs and outputs of every dtype, with rank 0 and sizes of 0", () => {
    const dtypes = Object.keys(onnxType) as readonly DType[];
    const shapes = [[], [0], [2, 3], [1, 300, 70000]];
    const types = dtypes.flatMap((dtype) => shapes.map((shape): TensorType => ({ dtype, shape })));
    const names = types.map((_, i) => `value${i}`);
    const { graph } = decode(newBuilder().model(names, types, names, types, "types"));
    for (const list of [graph!.input, graph!.output])
      expect(
        list.map(({ name, type }) => {
          if (type?.value.case !== "tensorType") throw new Error("a tensor type is required");
          const { elemType, shape } = type.value.value;
          return [
            name,
            elemType,
            shape!.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : value)),
          ];
        }),
      ).toEqual(types.map(({ dtype, shape }, i) => [names[i], onnxType[dtype], shape]));
  });
});

describe("nodes", () => {
  test("carry attributes of every kind", () => {
    const builder = newBuilder();
    const attributes: Record<string, OnnxAttribute> = {
      int: { int: 7 },
      negative: { int: -1 },
      float: { float: 0.1 },
      infinite: { float: -Infinity },
      text: { string: "bilinear \u00fc" },
      ints: { ints: [0, -1, 2 ** 40] },
      floats: { floats: [0.5, -2] },
      none: { ints: [] },
    };
    builder.node("Op", ["x", "", "z"], attributes, "com.microsoft");
    const [node] = finish(builder).graph!.node;
    expect([node!.opType, node!.domain, node!.input, node!.output]).toEqual([
      "Op",
      "com.microsoft",
      ["x", "", "z"],
      ["v0"],
    ]);
    expect(attributesOf(node!)).toEqual({
      int: 7,
      negative: -1,
      float: Math.fround(0.1),
      infinite: -Infinity,
      text: "bilinear \u00fc",
      ints: [0, -1, 2 ** 40],
      floats: [0.5, -2],
      none: [],
    });
  });

  test("are named after scope, op and their first output, and know their origin", () => {
    const builder = newBuilder();
    const { node } = input([2]);
    builder.begin(node, "decoder/softmax");
    builder.nodes("Split", ["x"], {}, { outputs: 2 });
    expect(finish(builder).graph!.node[0]!.name).toBe("decoder/softmax/Split_v0");
    expect(builder.origins.get("decoder/softmax/Split_v0")).toBe(node);
  });

  test("that are equal are one", () => {
    const builder = newBuilder();
    const first = builder.node("Op", ["x"], { axis: { int: 1 } });
    expect(builder.node("Op", ["x"], { axis: { int: 1 } })).toBe(first);
    const others = [
      builder.node("Op", ["x"], { axis: { float: 1 } }),
      builder.node("Op", ["x"], { axis: { float: 0 } }),
      builder.node("Op", ["x"], { axis: { float: -0 } }),
      builder.node("Op", ["x"], { axis: { float: Infinity } }),
      builder.node("Op", ["x"], { axis: { float: NaN } }),
      builder.node("Op", ["y"], { axis: { int: 1 } }),
      builder.node("Other", ["x"], { axis: { int: 1 } }),
      builder.node("Op", ["x"], { axis: { int: 1 } }, "com.microsoft"),
      builder.nodes("Op", ["x"], { axis: { int: 1 } }, { outputs: 2 })[0],
    ];
    expect(new Set([first, ...others]).size).toBe(1 + others.length);
    expect(builder.nodeCount).toBe(1 + others.length);
  });
});

describe("constants", () => {
  const cases: readonly (readonly [DType, TypedArray])[] = [
    ["float32", Float32Array.of(1.5, -0, NaN, Infinity)],
    ["int32", Int32Array.of(1, -1, 2147483647, -2147483648)],
    ["uint8", Uint8Array.of(0, 1, 128, 255)],
    ["bool", Uint8Array.of(0, 1, 1, 0)],
    ["float16", Uint16Array.of(0x3c00, 0xffff, 0, 1)],
    ["bfloat16", Uint16Array.of(0x3f80, 0xffff, 0, 1)],
    ["float64", Float64Array.of(Math.PI, -1e300, 5e-324, 0)],
    ["int64", BigInt64Array.of(1n, -1n, 2n ** 62n, -(2n ** 63n))],
  ];

  test.each(cases)("of %s keep every byte", (dtype, data) => {
    const builder = newBuilder();
    const name = builder.constant(dtype, [2, 2], data);
    const [tensor] = finish(builder).graph!.initializer;
    expect([tensor!.name, tensor!.dataType, tensor!.dims.map(Number)]).toEqual([name, onnxType[dtype], [2, 2]]);
    expect(tensor!.rawData).toEqual(new Uint8Array(data.buffer));
    expect(builder.constantBytes).toBe(data.byteLength);
  });

  test("are made of numbers, and of a part of a larger array", () => {
    const builder = newBuilder();
    builder.constant("int64", [3], [1, -2, 2 ** 40]);
    builder.constant("float32", [], [0.1]);
    builder.constant("float32", [2], Float32Array.of(9, 1, 2, 9).subarray(1, 3));
    const [ints, scalar, part] = finish(builder).graph!.initializer;
    expect(new BigInt64Array(ints!.rawData!.slice().buffer)).toEqual(BigInt64Array.of(1n, -2n, 2n ** 40n));
    expect([scalar!.dims, scalar!.rawData!.length]).toEqual([[], 4]);
    expect(new Float32Array(part!.rawData!.slice().buffer)).toEqual(Float32Array.of(1, 2));
  });

  test("are shared: small ones by content, large ones by their array", () => {
    const builder = newBuilder();
    const small = builder.constant("float32", [2], [1, 2]);
    expect(builder.constant("float32", [2], Float32Array.of(1, 2))).toBe(small);
    expect(builder.constant("float32", [2, 1], [1, 2])).not.toBe(small);
    expect(builder.constant("int32", [2], [1, 2])).not.toBe(small);
    const weights = new Float32Array(1000);
    const large = builder.constant("float32", [1000], weights);
    expect(builder.constant("float32", [1000], weights)).toBe(large);
    expect(builder.constant("float32", [10, 100], weights)).not.toBe(large);
    expect(builder.constant("float32", [1000], new Float32Array(1000))).not.toBe(large);
    expect(builder.constantBytes).toBe(3 * 8 + 3 * 4000);
  });

  test("must have as many elements as their shape, of their dtype", () => {
    const builder = newBuilder();
    expect(() => builder.constant("float32", [3], [1, 2])).toThrow(
      "onnx.constant: 3 elements of float32 are required, got 2",
    );
    expect(() => builder.constant("float32", [2], Float64Array.of(1, 2))).toThrow(
      "onnx.constant: 2 elements of float32",
    );
  });
});

test("a model of more than 2 GiB is refused with the repair, before it is put together", () => {
  const builder = newBuilder();
  // One array under eight shapes: it is kept by reference, so this takes no memory.
  const data = new Uint8Array(2 ** 28);
  for (let axes = 0; axes < 8; axes++) builder.constant("uint8", [...new Array<number>(axes).fill(1), 2 ** 28], data);
  expect(() => finish(builder)).toThrow(
    /^onnx: a model may hold less than 2 GiB, got 21474\d+ bytes\. Pass large weights as arguments instead of constants\.$/,
  );
});
