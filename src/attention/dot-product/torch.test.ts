// Scaled dot-product attention against torch's own operation, in every lowering, with all gradients.
// The file is written by tools/golden/dot_product.py.

import { describe, expect, test } from "vitest";
import { checkGolden, readGolden } from "../../../test/golden.ts";
import type { Tensor } from "../../core/tensor.ts";
import { fromAdditive } from "../masks/additive.ts";
import { causal } from "../masks/causal.ts";
import { lengths } from "../masks/lengths.ts";
import { attention, type AttentionOptions } from "./attention.ts";

type Rest = Omit<AttentionOptions, "query" | "keys" | "values">;
const golden = Object.entries(readGolden("src/attention/golden/dot-product.json")).filter(
  ([name]) => !name.startsWith("local"), // which are tested beside local attention
);
const rest: Readonly<Record<string, (given: Readonly<Record<string, Tensor>>) => Rest>> = {
  all: () => ({}),
  scale: () => ({ scale: 1 }),
  grouped: () => ({}),
  causal: () => ({ mask: causal() }),
  "causal at the end": () => ({ mask: causal({ align: "end" }) }),
  lengths: (given) => ({ mask: lengths(given["lengths"]!) }),
  bias: (given) => ({ mask: fromAdditive(given["bias"]!) }),
};

describe.each(["plain", "blocked", "fused"] as const)("%s", (lowering) => {
  // The kernel without a mask is the one that takes heads of any size.
  const own = golden.filter(([name]) => lowering !== "fused" || ["all", "scale", "grouped"].includes(name));
  test.each(own)("%s equals torch", (name, c) =>
    checkGolden(c, {
      load: () => ({}),
      apply(_params, given) {
        const { query, keys, values } = given;
        const options = rest[name]!(given);
        return { context: attention({ query: query!, keys: keys!, values: values!, lowering, ...options }).context };
      },
    }),
  );
});

test("every case of the file is read", () => {
  expect(golden.map(([name]) => name)).toEqual(Object.keys(rest));
});
