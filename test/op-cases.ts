// The cases of every op file, for the op suite in Node and in the browser.

import type { OpCases } from "../src/core/op.cases.ts";
import { binaryCases } from "../src/core/ops/binary.cases.ts";
import { compareCases } from "../src/core/ops/compare.cases.ts";
import { concatCases } from "../src/core/ops/concat.cases.ts";
import { controlCases } from "../src/core/ops/control.cases.ts";
import { gatherCases } from "../src/core/ops/gather.cases.ts";
import { layerNormCases } from "../src/core/ops/layer-norm.cases.ts";
import { matmulCases } from "../src/core/ops/matmul.cases.ts";
import { movementCases } from "../src/core/ops/movement.cases.ts";
import { orderCases } from "../src/core/ops/order.cases.ts";
import { randomCases } from "../src/core/ops/random.cases.ts";
import { reduceCases } from "../src/core/ops/reduce.cases.ts";
import { scanCases } from "../src/core/ops/scan.cases.ts";
import { selectCases } from "../src/core/ops/select.cases.ts";
import { sliceCases } from "../src/core/ops/slice.cases.ts";
import { softmaxCases } from "../src/core/ops/softmax.cases.ts";
import { sourceCases } from "../src/core/ops/source.cases.ts";
import { takeAlongCases } from "../src/core/ops/take-along.cases.ts";
import { unaryCases } from "../src/core/ops/unary.cases.ts";

/** By the name of the op file. `pow` has its cases beside the other binary ops. */
export const opCases: Readonly<Record<string, OpCases>> = {
  binary: binaryCases,
  compare: compareCases,
  concat: concatCases,
  control: controlCases,
  gather: gatherCases,
  "layer-norm": layerNormCases,
  matmul: matmulCases,
  movement: movementCases,
  order: orderCases,
  random: randomCases,
  reduce: reduceCases,
  scan: scanCases,
  select: selectCases,
  slice: sliceCases,
  softmax: softmaxCases,
  source: sourceCases,
  "take-along": takeAlongCases,
  unary: unaryCases,
};
