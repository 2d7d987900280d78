// Attention over sequences: its three lowerings, and every option.

import {
  and,
  attention,
  causal,
  keyPadding,
  lengths,
  offByOne,
  scaledDotProduct,
  softmax,
  sparsemax,
  window,
  type AttentionOptions,
  type Mask,
} from "../../src/attention/index.ts";
import type { NdArray } from "../../src/core/ndarray.ts";
import { add, mul } from "../../src/core/ops/binary.ts";
import { cast } from "../../src/core/ops/select.ts";
import { randomKey } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mechanismCase, type MechanismCase } from "../mechanism-suite.ts";
import { B, D, floats, H, ints, rowMask, S, T } from "./samples.ts";

type Rest = Omit<AttentionOptions, "query" | "keys" | "values">;

/** One attention. @param made - what its options are made from, by the graph. */
function over(
  name: string,
  rest: (made: Readonly<Record<string, Tensor>>) => Rest,
  {
    made = {},
    query = [B, T, H, D],
    keys = [B, S, H, D],
    values = keys,
  }: {
    readonly made?: Readonly<Record<string, NdArray>>;
    readonly query?: readonly number[];
    readonly keys?: readonly number[];
    readonly values?: readonly number[];
  } = {},
): MechanismCase {
  const inputs = { query: floats(query, 41), keys: floats(keys, 42), values: floats(values, 43), made };
  return mechanismCase(`attention ${name}`, ["attention"], inputs, ({ made: from, ...operands }) =>
    attention({ ...operands, ...rest(from as Readonly<Record<string, Tensor>>) }),
  );
}

const rowLengths = { rowLengths: ints([B], [5, 2, 0]) };
const firstKeys = ({ rowLengths: n }: Readonly<Record<string, Tensor>>): Mask => lengths(n!);
const distance: NonNullable<Rest["scoreMod"]> = (scores, { query, key }) =>
  add(scores, mul(cast(add(query, key), "float32"), -0.1));
const square = { query: [2, 6, H, 8], keys: [2, 6, H, 8] } as const;
// Blocks have at most 256 queries: these are two, and a loop where the device has one.
const long = { query: [1, 260, 1, D], keys: [1, S, 1, D] } as const;

/** All of them. */
export const sequenceCases: readonly MechanismCase[] = [
  mechanismCase(
    "scaledDotProduct",
    ["scaledDotProduct", "softmax"],
    { query: floats([T, D], 45), keys: floats([S, D], 46), values: floats([S, 3], 47) },
    ({ query, keys, values }) => ({
      context: scaledDotProduct(query, keys, values),
      softmax: softmax(query),
    }),
  ),
  over("plain", () => ({ lowering: "plain" })),
  over("fused", () => ({ lowering: "fused" })),
  over("fused, causal", () => ({ lowering: "fused", mask: causal() }), square),
  over("blocked", () => ({ lowering: "blocked" })),
  over("in two blocks", () => ({ lowering: "blocked", mask: causal({ align: "start" }) }), long),
  over("in two blocks of a window", () => ({ lowering: "blocked", mask: window({ left: 200, right: 1, align: "start" }), softCap: 2 }), long), // prettier-ignore
  over("plain, scoreMod", () => ({ lowering: "plain", scoreMod: distance })),
  over("blocked, scoreMod", (m) => ({ lowering: "blocked", scoreMod: distance, mask: firstKeys(m) }), { made: rowLengths }), // prettier-ignore
  over("plain, softCap and scale", () => ({ lowering: "plain", softCap: 1.5, scale: 0.8 })),
  over("plain, normalize", (m) => ({ lowering: "plain", normalize: sparsemax, mask: firstKeys(m) }), { made: rowLengths }), // prettier-ignore
  over("blocked, normalize", (m) => ({ lowering: "blocked", normalize: offByOne, mask: firstKeys(m) }), { made: rowLengths }), // prettier-ignore
  over("dropout", ({ key }) => ({ dropout: { rate: 0.3, key: key! } }), { made: { key: randomKey(44) } }),
  over("an empty row, uniform", (m) => ({ emptyRows: "uniform", mask: firstKeys(m) }), { made: rowLengths }),
  over("guard", ({ m }) => ({ guard: true, mask: and(causal({ align: "end" }), keyPadding(m!)) }), { made: { m: rowMask } }), // prettier-ignore
  over("grouped heads, another value size", () => ({}), { query: [B, T, 4, D], keys: [B, S, H, D], values: [B, S, H, 3] }), // prettier-ignore
];
