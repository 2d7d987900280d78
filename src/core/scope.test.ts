import { expect, test } from "vitest";
import { currentScope, inScope, scope } from "./scope.ts";

test("scopes nest, give back their result, and end with their body", () => {
  expect(currentScope()).toBe("");
  const seen = scope("encoder.0", () => [currentScope(), scope("attention", currentScope), currentScope()]);
  expect(seen).toEqual(["encoder.0", "encoder.0.attention", "encoder.0"]);
  expect(currentScope()).toBe("");
});

test("a body that throws ends its scope too", () => {
  expect(() => scope("a", () => scope("b", () => JSON.parse("{")))).toThrow(SyntaxError);
  expect(currentScope()).toBe("");
});

test("inScope stands elsewhere, and comes back", () => {
  const seen = scope("here", () => [
    inScope("there.1", () => scope("x", currentScope)),
    inScope("", currentScope),
    currentScope(),
  ]);
  expect(seen).toEqual(["there.1.x", "", "here"]);
  expect(() => inScope("there", () => JSON.parse("{"))).toThrow(SyntaxError);
  expect(currentScope()).toBe("");
});

test("an empty name adds none", () => {
  expect(scope("", () => scope("a", currentScope))).toBe("a");
  expect(scope("a", () => scope("", currentScope))).toBe("a");
});
