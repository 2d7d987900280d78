// Attentions of real sizes keep the line of test/accuracy.ts, in every lowering. The inputs are made by a generator; the file,
// which tools/golden/wide.py writes, has the errors of torch's own float32, and samples of what torch gives in float64.

import { expect, test } from "vitest";
import { accuracyFaults, type AccuracyException } from "../../test/accuracy.ts";
import { expectClose } from "../../test/close.ts";
import { onCpu, onReference, readGolden } from "../../test/golden.ts";
import { gradients } from "../core/grad.ts";
import { NdArray } from "../core/ndarray.ts";
import { mul } from "../core/ops/binary.ts";
import { sum } from "../core/ops/reduce.ts";
import type { Tensor } from "../core/tensor.ts";
import { attention } from "./dot-product/attention.ts";
import { linearAttention } from "./linear/linear-attention.ts";
import { localAttention } from "./local/local-attention.ts";
import { causal } from "./masks/causal.ts";

const shape = [1, 160, 2, 64];
const names = ["context", "query", "keys", "values"] as const;
type Named<T> = Readonly<Record<(typeof names)[number], T>>;
interface Wide {
  /** The largest error of torch's float32. */
  readonly single: Named<number>;
  /** Every so many elements of what torch gives in float64. */
  readonly samples: Named<readonly number[]>;
}
const golden = readGolden<Wide>("src/attention/golden/wide.json");

/** Multiples of 1/128 from -2 to 2, of a congruential generator (Numerical Recipes). */
function numbers(seed: number): NdArray {
  let x = seed;
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    return (((x >>> 16) & 511) - 256) / 128;
  });
  return new NdArray("float32", shape, data);
}

const given = { query: numbers(1), keys: numbers(2), values: numbers(3), seed: numbers(4) };
interface Operands {
  readonly query: Tensor;
  readonly keys: Tensor;
  readonly values: Tensor;
}
const past = { mask: causal() };
const ways: Readonly<Record<string, readonly [keyof typeof golden, (x: Operands) => Tensor]>> = {
  plain: ["attention", (x) => attention({ ...x, lowering: "plain" }).context],
  blocked: ["attention", (x) => attention({ ...x, lowering: "blocked" }).context],
  fused: ["attention", (x) => attention({ ...x, lowering: "fused" }).context],
  "plain, causal": ["attention, causal", (x) => attention({ ...x, ...past, lowering: "plain" }).context],
  "blocked, causal": ["attention, causal", (x) => attention({ ...x, ...past, lowering: "blocked" }).context],
  "fused, causal": ["attention, causal", (x) => attention({ ...x, ...past, lowering: "fused" }).context],
  linear: ["linear", (x) => linearAttention(x).context],
  "linear, causal": ["linear, causal", (x) => linearAttention({ ...x, ...past }).context],
  local: ["local", (x) => localAttention({ ...x, ...past, chunkSize: 32 }).context],
};

// The gradient of the first value sums 160 terms of both signs. The runtime's matrix product adds them one after the other,
// which in float32 is off by 2.1e-6; torch's adds in parts and is off by 7.5e-7. The weights cost 2e-8 of that.
const inTurn = { times: 2.6, reason: "the runtime's matrix product adds all terms of a sum in turn" };
const exceptions: Readonly<Record<string, Readonly<Partial<Named<AccuracyException>>>>> = {
  "plain, causal": { values: inTurn },
  "blocked, causal": { values: inTurn },
  "fused, causal": { values: inTurn },
};

test.each(Object.entries(ways))("%s", async (name, [which, attend]) => {
  const { single, samples } = golden[which]!;
  const traced = (_: unknown, { query, keys, values, seed }: Readonly<Record<string, Tensor>>): Named<Tensor> => {
    const operands = { query: query!, keys: keys!, values: values! };
    const context = attend(operands);
    const [ofQuery, ofKeys, ofValues] = gradients(sum(mul(context, seed!)), Object.values(operands));
    return { context, query: ofQuery!, keys: ofKeys!, values: ofValues! };
  };
  const reference = onReference(traced, {}, given);
  for (const part of names) {
    const { data } = reference.get(part)!;
    const step = Math.floor(data.length / 6);
    const taken = samples[part].map((_, i) => data[i * step]!);
    expectClose(taken, samples[part], { rtol: 1e-11 }, `reference, ${part}`);
  }
  const device = await onCpu(traced, {}, given);
  const faults = accuracyFaults(
    names.map((part) => ({
      name: part,
      kind: part === "context" ? "output" : "gradient",
      actual: device.get(part)!.data,
      reference: reference.get(part)!.data,
      torchError: single[part],
      ...(exceptions[name]?.[part] ? { exception: exceptions[name][part] } : {}),
    })),
  );
  expect(faults).toEqual([]);
});
