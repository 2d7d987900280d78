// The mechanisms by name: what a model's configuration may ask for.

import type { AttentionCell } from "./contract.ts";
import { softmaxNormalizer } from "./normalizers/softmax.ts";
import { additive } from "./scores/additive.ts";
import { coverage } from "./scores/coverage.ts";
import { dot } from "./scores/dot.ts";
import { soft } from "./selections/soft.ts";

/** The mechanisms by name. Any other combination of stages is an `AttentionCell` too. */
export const cells: { readonly [name in "additive" | "coverage" | "dot"]: AttentionCell } = {
  additive: { score: additive, normalizer: softmaxNormalizer, selection: soft },
  coverage: { score: coverage, normalizer: softmaxNormalizer, selection: soft },
  dot: { score: dot, normalizer: softmaxNormalizer, selection: soft },
};
