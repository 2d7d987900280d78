// Looking and reaching in as graphs: observe, intervene, and the measures that are traced.

import {
  attention,
  attend,
  causal,
  cells,
  headImportance,
  initAttention,
  initMultiHead,
  intervene,
  lengths,
  multiHead,
  observe,
  prepareMemory,
  weightGradients,
  type CellParams,
  type ObserveOptions,
} from "../../src/attention/index.ts";
import { mul } from "../../src/core/ops/binary.ts";
import { equal, not } from "../../src/core/ops/compare.ts";
import { sum } from "../../src/core/ops/reduce.ts";
import { scan } from "../../src/core/ops/scan.ts";
import { cast } from "../../src/core/ops/select.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mechanismCase, type MechanismCase } from "../mechanism-suite.ts";
import { B, D, floats, H, ints, S, T } from "./samples.ts";

const operands = {
  query: floats([B, T, H, D], 91),
  keys: floats([B, S, H, D], 92),
  values: floats([B, S, H, D], 93),
  n: ints([B], [5, 2, 0]),
};
type Operands = { readonly [name in keyof typeof operands]: Tensor };

const context = ({ query, keys, values, n }: Operands): Tensor =>
  attention({ query, keys, values, mask: lengths(n), softCap: 3 }).context;

function looked(name: string, options: ObserveOptions): MechanismCase {
  return mechanismCase(`observe ${name}`, ["observe"], operands, (given) => {
    const { result, seen } = observe(context, "*", options)(given as Operands);
    return { result, ...Object.values(seen)[0]! };
  });
}

const config = { querySize: 6, headCount: H };
const layer = { params: initMultiHead(config, rng(94)), query: floats([2, T, 6], 95) };
type Layer = { readonly params: never; readonly query: Tensor };
const losses = ({ params, query }: Layer): Tensor => {
  const { output } = multiHead(params, config, { query, mask: causal() });
  return sum(mul(output, output), [1, 2]);
};

/** All of them. */
export const observedCases: readonly MechanismCase[] = [
  looked("weights", {}),
  looked("logits", { stage: "logits" }),
  looked("masked scores", { stage: "masked" }),
  looked("rows", { level: "rows", queries: [3, 0] }),
  looked("summary", { level: "summary" }),
  mechanismCase(
    "observe steps in a loop",
    ["observe", "attend", "cells"],
    {
      params: initAttention(cells.dot, { querySize: D, keySize: D, alignmentSize: D }, rng(96)),
      queries: floats([2, B, D], 97),
      keys: floats([B, S, D], 98),
    },
    ({ params, queries, keys }) => {
      const decode = (given: Tensor): Tensor => {
        const memory = prepareMemory(cells.dot, params as CellParams<Tensor>, { keys, values: keys, mask: null });
        return scan(
          (state: Tensor, query: Tensor) => {
            const { context: found } = attend(cells.dot, params as CellParams<Tensor>, memory, query);
            return { state: mul(state, 0.5), outputs: mul(found, sum(state)) };
          },
          { initial: sum(mul(given, given), 0), sequences: given },
        ).outputs;
      };
      const { result, seen } = observe(decode, "*")(queries);
      return { result, weights: Object.values(seen)[0]!["weights"]! };
    },
  ),
  mechanismCase("intervene", ["intervene"], operands, (given) => ({
    context: intervene(context, {
      "*": (weights, { at }) => mul(weights, cast(not(equal(at.head, 1)), "float32")),
    })(given as Operands),
  })),
  mechanismCase("headImportance", ["headImportance"], layer, (given) => headImportance(losses)(given as Layer)),
  mechanismCase("weightGradients", ["weightGradients"], layer, (given) => {
    const { loss, sites } = weightGradients((g: Layer) => sum(losses(g)))(given as Layer);
    return { loss, ...Object.values(sites)[0]! };
  }),
];
