// The check of a layer's parameters against its configuration and its inputs.

import { bindAxes } from "../../core/axes.ts";
import { shapeError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { checkTensor } from "../../core/op.ts";
import { rng } from "../../core/random.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import { leaves } from "../../core/tree.ts";
import type { MultiHeadConfig, MultiHeadSizes } from "./config.ts";
import { initMechanisms, type MultiHeadParams } from "./params.ts";

/** The inputs of a call, as far as it has them: (B, T, N), (B, S, K), (B, S, V). */
export interface MultiHeadInputs {
  readonly query?: Tensor;
  readonly keys?: Tensor;
  readonly values?: Tensor;
}

/** Refuses parameters that are not those of the configuration, and inputs that do not fit them. */
export function checkParams(
  where: string,
  params: MultiHeadParams<Tensor>,
  config: MultiHeadConfig,
  sizes: Required<MultiHeadSizes>,
  inputs: MultiHeadInputs,
): void {
  for (const [name, x] of Object.entries(inputs)) checkTensor(where, name, x);
  const wanted = wantedShapes(config, sizes);
  const own = new Map(leaves<Tensor>(params));
  for (const [path, { shape, axes }] of wanted) {
    const x = own.get(path);
    if (x?.shape.join() !== shape.join())
      throw shapeError(
        where,
        `params.${path} must be ${axes}[${shape.join(", ")}], by the configuration`,
        x ? show(x) : "none",
      );
  }
  for (const [path, x] of own)
    if (!wanted.has(path))
      throw shapeError(
        where,
        "every parameter must belong to a part of the configuration",
        `params.${path} ${show(x)}`,
      );
  const { query, keys, values } = inputs;
  bindAxes(where, {
    ...(query ? { query: [query, "B T N"], "params.query.weight": [params.query.weight, "N H*D"] } : {}),
    ...(keys ? { keys: [keys, "B S K"], "params.key.weight": [params.key.weight, "K G*D"] } : {}),
    ...(values ? { values: [values, "B S V"], "params.value.weight": [params.value.weight, "V G*E"] } : {}),
  });
}

interface Wanted {
  readonly shape: readonly number[];
  /** The axes in words, with a space behind; empty where there are none. */
  readonly axes: string;
}

/** The shape of every parameter, by its dotted path. */
function wantedShapes(config: MultiHeadConfig, sizes: Required<MultiHeadSizes>): ReadonlyMap<string, Wanted> {
  const { querySize, keySize, valueSize, outSize, headCount, keyHeadCount, headSize, valueHeadSize, bias } = sizes;
  const projections = {
    query: ["(querySize, headCount * headSize)", querySize, headCount * headSize],
    key: ["(keySize, keyHeadCount * headSize)", keySize, keyHeadCount * headSize],
    value: ["(valueSize, keyHeadCount * valueHeadSize)", valueSize, keyHeadCount * valueHeadSize],
    output: ["(headCount * valueHeadSize, outSize)", headCount * valueHeadSize, outSize],
  } as const;
  const wanted = new Map<string, Wanted>();
  for (const [name, [axes, inSize, out]] of Object.entries(projections)) {
    wanted.set(`${name}.weight`, { shape: [inSize, out], axes: `${axes}, ` });
    if (bias) wanted.set(`${name}.bias`, { shape: [out], axes: "" });
  }
  // What the mechanisms draw here is thrown away: their shapes are wanted.
  for (const [path, { shape }] of leaves<NdArray>(initMechanisms(config, sizes, rng(0))))
    wanted.set(path, { shape, axes: "" });
  return wanted;
}
