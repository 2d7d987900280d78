import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { zeros, type NdArray } from "./ndarray.ts";
import { input } from "./ops/source.ts";
import type { Tensor } from "./tensor.ts";
import { fromPaths, isLeaf, joinPath, leaves, mapTree, unflatten, zipTrees } from "./tree.ts";

type Params<T> = { readonly layers: readonly { readonly weight: T; readonly bias?: T }[]; readonly scale: T };

const params: Params<number> = { layers: [{ weight: 1, bias: 2 }, { weight: 3 }], scale: 4 };

/** Trees of numbers; keys are dotted-path parts. */
const trees = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.array(tie("tree"), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("tree"), { maxKeys: 4 }),
  ),
})).tree;

describe("mapTree", () => {
  test("keeps structure and type, and gives dotted paths", () => {
    const paths = mapTree(params, (_: number, path) => path);
    expect(paths).toEqual({
      layers: [{ weight: "layers.0.weight", bias: "layers.0.bias" }, { weight: "layers.1.weight" }],
      scale: "scale",
    });
    expectTypeOf(mapTree(params, (_: number) => "")).toExtend<Params<string>>();
    expect(mapTree(7, (x: number, path) => `${x}${path}`, "root")).toBe("7root");
  });

  test("keeps a member named __proto__, as leaves does", () => {
    const tree = JSON.parse('{"__proto__": 1, "b": 2}') as Record<string, number>;
    const mapped = mapTree(tree, (x: number) => 10 * x);
    expect(leaves(mapped)).toEqual([
      ["__proto__", 10],
      ["b", 20],
    ]);
  });

  test("leaves absent members out", () => {
    expect(Object.keys(mapTree({ weight: 1, bias: undefined }, (x: number) => x))).toEqual(["weight"]);
  });

  test("takes the identity to an equal tree, for any tree", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(mapTree(tree, (x: number) => x)).toEqual(tree);
      }),
    );
  });
});

describe("leaves", () => {
  test("come in the order of the keys", () => {
    expect(leaves(params)).toEqual([
      ["layers.0.weight", 1],
      ["layers.0.bias", 2],
      ["layers.1.weight", 3],
      ["scale", 4],
    ]);
    expect(leaves(5)).toEqual([["", 5]]);
    expect(leaves({ a: {}, b: [] })).toEqual([]);
    expect(leaves({ x: 1 }, "1")).toEqual([["1.x", 1]]);
  });

  test("are arrays, nodes, and whatever is no plain object or list", () => {
    const things = [
      zeros([2]),
      input([2]),
      new Map(),
      new Date(),
      3,
      "text",
      null,
      true,
      Object.create({ inherited: 1 }),
    ];
    expect(things.map(isLeaf)).toEqual(things.map(() => true));
    expect([{}, [], Object.create(null)].map(isLeaf)).toEqual([false, false, false]);
    expect(leaves<NdArray | Tensor>({ a: things[0], b: [things[1]] }).map(([path]) => path)).toEqual(["a", "b.0"]);
  });
});

describe("round trips, for any tree", () => {
  test("leaves and unflatten are inverse", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        const values = leaves<number>(tree).map(([, leaf]) => leaf);
        expect(unflatten(tree, values)).toEqual(tree);
      }),
    );
  });

  test("leaves and fromPaths are inverse", () => {
    fc.assert(
      fc.property(trees, (tree) => {
        expect(fromPaths("test", tree, new Map(leaves<number>(tree)))).toEqual(tree);
      }),
    );
  });
});

describe("fromPaths", () => {
  const all = new Map(leaves<number>(params));

  test("names the tensor that is missing", () => {
    const some = new Map([...all].filter(([path]) => path !== "layers.0.bias"));
    expect(() => fromPaths("loadModel", params, some)).toThrow(
      "loadModel: a tensor named layers.0.bias is required, got none of that name",
    );
  });

  test("names the tensor that the model has no place for", () => {
    expect(() => fromPaths("loadModel", params, new Map([...all, ["extra", 1]]))).toThrow(
      "loadModel: every tensor must belong to the model, got an unknown tensor extra",
    );
  });
});

describe("zipTrees", () => {
  test("puts two trees of one structure together", () => {
    expect(
      zipTrees(
        params,
        mapTree(params, (x: number) => 10 * x),
        (a: number, b: number, path) => `${path} ${a + b}`,
      ),
    ).toEqual({
      layers: [{ weight: "layers.0.weight 11", bias: "layers.0.bias 22" }, { weight: "layers.1.weight 33" }],
      scale: "scale 44",
    });
  });

  test("pairs members whose dotted paths are alike", () => {
    const tree = { "a.b": 1, a: { b: 2 } };
    expect(zipTrees(tree, { "a.b": 10, a: { b: 20 } }, (a: number, b: number) => a + b)).toEqual({
      "a.b": 11,
      a: { b: 22 },
    });
  });

  test("goes by names, in whatever order", () => {
    expect(zipTrees({ a: 1, b: 2 }, { b: 20, a: 10 }, (a: number, b: number) => a + b)).toEqual({ a: 11, b: 22 });
  });

  test("names what the first lacks, and where the structures part", () => {
    const add = (a: number, b: number): number => a + b;
    expect(() => zipTrees({ a: 1 }, { a: 1, b: 2 }, add)).toThrow(
      "zipTrees: both trees must have b, got a first tree without it",
    );
    expect(() => zipTrees({ a: [1] }, { a: { 0: 1 } }, add)).toThrow(
      "zipTrees: both trees must have a list at a, got an object in the second",
    );
    expect(() => zipTrees(1, [1], add)).toThrow(
      "zipTrees: both trees must have a leaf at the root, got a list in the second",
    );
  });

  test("names the path that the second lacks", () => {
    expect(() => zipTrees(params, { scale: 1 }, (a: number) => a)).toThrow(
      "zipTrees: both trees must have layers, got a second tree without it",
    );
  });
});

test("joinPath", () => {
  expect([joinPath("", "a"), joinPath("a", 0), joinPath("a.0", "b")]).toEqual(["a", "a.0", "a.0.b"]);
});
