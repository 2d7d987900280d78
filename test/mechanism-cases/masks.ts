// Every mask over attention of sequences, made from tensors of the graph.

import {
  allow,
  and,
  attention,
  bias,
  causal,
  coordinates,
  documents,
  everything,
  from01,
  fromAdditive,
  fromKeras,
  fromSdpa,
  fromStarts,
  fromTorchAttnMask,
  fromTorchKeyPadding,
  keyPadding,
  lengths,
  maskMod,
  maskTensor,
  not,
  nothing,
  or,
  prefix,
  window,
  type Mask,
} from "../../src/attention/index.ts";
import { NdArray } from "../../src/core/ndarray.ts";
import { add } from "../../src/core/ops/binary.ts";
import { less } from "../../src/core/ops/compare.ts";
import { broadcastTo } from "../../src/core/ops/movement.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mechanismCase, type Mechanism, type MechanismCase } from "../mechanism-suite.ts";
import { B, D, floats, H, ints, rowMask, S, someBools, T } from "./samples.ts";

/** Attention under one mask, and the mask itself. @param made - what it is made from, by the graph. */
function under(
  name: string,
  covers: readonly Mechanism[],
  made: Readonly<Record<string, NdArray>>,
  maskOf: (given: Readonly<Record<string, Tensor>>) => Mask,
): MechanismCase {
  const inputs = {
    query: floats([B, T, H, D], 31),
    keys: floats([B, S, H, D], 32),
    values: floats([B, S, H, D], 33),
    made,
  };
  return mechanismCase(
    `mask ${name}`,
    ["attention", "maskTensor", ...covers],
    inputs,
    ({ query, keys, values, made: from }) => {
      const mask = maskOf(from as Readonly<Record<string, Tensor>>);
      const sizes = { batchSize: B, headCount: H, queryLength: T, keyLength: S };
      const { allowed } = maskTensor(mask, sizes, coordinates(sizes));
      return {
        context: attention({ query, keys, values, mask }).context,
        allowed: allowed ? broadcastTo(allowed, [B, H, T, S]) : undefined,
      };
    },
  );
}

const rowLengths = ints([B], [5, 2, 0]);
const ids = ints([B, S], [0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 1, 0, 1, 0, 1]);
const queryIds = ints([B, T], [0, 0, 1, 1, 2, 2, 0, 1, 1, 1, 0, 3]);
/** Scores, one row of which is blocked by a large negative number. */
const additive = new NdArray("float32", [T, S], (floats([T, S], 34).data as Float32Array).map((x, i) => (i % 7 === 0 || i < S ? -1e9 : x))); // prettier-ignore

/** All of them. */
export const maskCases: readonly MechanismCase[] = [
  under("everything", ["everything", "coordinates"], {}, () => everything),
  under("nothing", ["nothing"], {}, () => nothing),
  under("causal", ["causal"], {}, () => causal({ align: "end" })),
  under("window", ["window"], {}, () => window({ left: 1, right: 0, align: "start" })),
  under("lengths", ["lengths"], { rowLengths }, ({ rowLengths: n }) => lengths(n!)),
  under("keyPadding", ["keyPadding"], { rowMask }, ({ rowMask: m }) => keyPadding(m!)),
  under("documents", ["documents"], { ids, queryIds }, (g) => documents(g["ids"]!, { queries: g["queryIds"]! })),
  under("prefix", ["prefix"], { rowLengths }, (g) => prefix({ length: g["rowLengths"]!, align: "start" })),
  under("allow", ["allow"], { m: someBools([B, 1, T, S], 35) }, ({ m }) => allow(m!)),
  under("bias", ["bias"], { m: floats([1, H, T, S], 36) }, ({ m }) => bias(m!)),
  under("maskMod", ["maskMod"], {}, () =>
    maskMod(({ query, key, head, batch }) => less(key, add(add(query, head), batch))),
  ),
  under("and, or, not", ["and", "or", "not"], { rowMask }, ({ rowMask: m }) =>
    or(and(causal({ align: "start" }), keyPadding(m!)), not(window({ left: 2, right: 3, align: "start" }))),
  ),
  under("fromAdditive", ["fromAdditive"], { m: additive }, ({ m }) => fromAdditive(m!)),
  under("fromSdpa", ["fromSdpa"], { m: someBools([T, S], 37) }, ({ m }) => fromSdpa(m!)),
  under("fromTorchAttnMask", ["fromTorchAttnMask"], { m: someBools([B * H, T, S], 38) }, ({ m }) =>
    fromTorchAttnMask(m!),
  ),
  under("fromTorchKeyPadding", ["fromTorchKeyPadding"], { rowMask }, (g) => fromTorchKeyPadding(g["rowMask"]!)),
  under("fromKeras", ["fromKeras"], { m: someBools([B, T, S], 39) }, ({ m }) => fromKeras(m!)),
  under("from01", ["from01"], { m: ints([B, S], [1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]) }, ({ m }) =>
    from01(m!),
  ),
  under("fromStarts", ["fromStarts"], { m: ints([B], [0, 2, 4]) }, ({ m }) => fromStarts(m!)),
];
