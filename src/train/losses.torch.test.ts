// Cross-entropy against torch's, with masks (torch: ignore_index) and label smoothing. Written by tools/golden/train.py.

import { test } from "vitest";
import { checkGolden, readGolden } from "../../test/golden.ts";
import { crossEntropy } from "./losses.ts";

const smoothings: Readonly<Record<string, number>> = {
  "all count": 0,
  mask: 0,
  smoothing: 0.1,
  "mask and smoothing": 0.3,
  "scores of hundreds": 0.1,
};

test.each(Object.entries(readGolden("src/train/golden/losses.json")))("%s equals torch", (name, c) =>
  checkGolden(c, {
    load: () => ({}),
    apply: (_params, { logits, targets, mask }) =>
      crossEntropy(logits!, targets!, { mask: mask ?? null, smoothing: smoothings[name]! }),
  }),
);
