import { describe, expect, test } from "vitest";
import { checkOptions, dtypeError, HeedError, shapeError } from "./errors.ts";

describe("HeedError", () => {
  test("is one sentence made of its facts", () => {
    const error = new HeedError({
      code: "shape",
      where: "matmul",
      expected: "2 axes are required",
      got: "float32[3]",
      hint: "Use reshape.",
    });
    expect(error.message).toBe("matmul: 2 axes are required, got float32[3]. Use reshape.");
    expect({ ...error }).toMatchObject({
      code: "shape",
      where: "matmul",
      expected: "2 axes are required",
      got: "float32[3]",
      hint: "Use reshape.",
    });
    expect([error.name, error instanceof Error]).toEqual(["HeedError", true]);
  });

  test("leaves out what is not known", () => {
    expect(shapeError("f", "x must fit").message).toBe("f: x must fit");
    expect(shapeError("f", "x must fit", undefined, "Try y.").message).toBe("f: x must fit. Try y.");
    expect(dtypeError("f", "x must be float32", "int32[2]").message).toBe("f: x must be float32, got int32[2]");
    expect(shapeError("f", "a list.", undefined, "Try y.").message).toBe("f: a list. Try y.");
    expect(shapeError("f", "lines\n", undefined, "Try y.").message).toBe("f: lines\n Try y.");
  });

  test("keeps its cause", () => {
    const cause = new Error("inner");
    expect(new HeedError({ code: "engine", where: "run", expected: "it must run", cause }).cause).toBe(cause);
    expect("cause" in shapeError("f", "x")).toBe(false);
  });
});

describe("checkOptions", () => {
  test("takes known options, and nothing but an object of them", () => {
    expect(() => checkOptions("f", { a: 1 }, ["a", "b"])).not.toThrow();
    expect(() => checkOptions("f", {}, ["a"])).not.toThrow();
    expect(() => checkOptions("f", undefined, ["a", "b"])).toThrow(
      "f: options must be an object with a, b, got undefined",
    );
    expect(() => checkOptions("f", null, ["a"])).toThrow("f: options must be an object with a, got null");
    expect(() => checkOptions("f", [1], ["a"])).toThrow("f: options must be an object with a, got a list");
    expect(() => checkOptions("f", 3, ["a"])).toThrow("f: options must be an object with a, got a number");
  });

  test("names the option that is unknown, and the known ones", () => {
    expect(() => checkOptions("f", { a: 1, c: 2 }, ["a", "b"])).toThrow('f: options must be among a, b, got "c"');
    expect(() => checkOptions("f", { c: 2 }, [])).toThrow('f: options must be among (none), got "c"');
  });
});
