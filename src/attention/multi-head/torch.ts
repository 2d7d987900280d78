// Parameters of multi-head attention from and to torch's nn.MultiheadAttention.

import { checkOptions, inputError } from "../../core/errors.ts";
import { allocate } from "../../core/dtype.ts";
import { NdArray } from "../../core/ndarray.ts";
import { checkParams } from "../../nn/checks.ts";
import type { LinearParams } from "../../nn/linear.ts";
import { named } from "../../nn/torch.ts";
import { TorchModule, turn, type TorchOptions, type TorchState } from "../../nn/torch-state.ts";
import type { MultiHeadParams } from "./params.ts";

/** How a module is taken over. */
export interface TorchMultiHeadOptions extends TorchOptions {
  /** The module's `add_zero_attn`, which leaves no trace among its tensors: true is refused. Default false. */
  readonly addZeroAttn?: boolean;
}

const inputs = ["query", "key", "value"] as const;
const torchNames = { query: "q_proj_weight", key: "k_proj_weight", value: "v_proj_weight" } as const;

/**
 * `nn.MultiheadAttention`: `in_proj_weight` (3N, N) with the rows of queries, keys and values one below the other, or
 * `q_proj_weight` (N, N), `k_proj_weight` (N, kdim), `v_proj_weight` (N, vdim) where the sizes differ; `in_proj_bias` (3N);
 * `out_proj.weight` (N, N) and `out_proj.bias` (N). Both biases are there or neither. The number of heads is not among the
 * tensors: give `headCount` and `querySize` = N, `keySize` = kdim, `valueSize` = vdim in the configuration.
 *
 * @param prefix - the module's dotted path in the state dictionary, for instance `layers.0.self_attn`. Default: the top.
 * @throws HeedError naming a tensor that is missing, unknown or of another shape, and for `bias_k` and `bias_v`.
 */
export function multiHeadFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchMultiHeadOptions = {},
): MultiHeadParams<NdArray> {
  const where = "multiHeadFromTorch";
  checkOptions(where, options, ["dtype", "addZeroAttn"]);
  const { addZeroAttn, ...own } = options;
  const module = new TorchModule(where, state, prefix, own);
  const out = new TorchModule(where, state, prefix === "" ? "out_proj" : `${prefix}.out_proj`, own);
  if (module.has("bias_k") || module.has("bias_v"))
    throw inputError(
      where,
      "a module without bias_k and bias_v is required",
      "those of add_bias_kv=True",
      "A learned key and value have no place in this layer: put them in front of keys and values yourself.",
    );
  if (addZeroAttn)
    throw inputError(
      where,
      "a module without add_zero_attn is required",
      "add_zero_attn=True",
      "A key and a value of zeros are the softmax off by one: configure normalizer: offByOneNormalizer.",
    );
  const output = out.take("weight", [null, null], "(N, N)");
  const [N] = output.shape as readonly [number];
  const weights = module.has("in_proj_weight")
    ? thirds(module.take("in_proj_weight", [3 * N, N], "(3N, N), N of out_proj.weight"))
    : inputs.map((name) => module.take(torchNames[name], [N, name === "query" ? N : null], "(N, size of the input)"));
  const hasBias = module.has("in_proj_bias") || out.has("bias");
  const biases = hasBias ? thirds(module.take("in_proj_bias", [3 * N], "(3N), N of out_proj.weight")) : [];
  const outBias = hasBias ? out.take("bias", [N], "(N)") : null;
  module.finish();
  out.finish();
  const [query, key, value] = weights.map((weight, i): LinearParams<NdArray> => {
    const bias = biases[i];
    return { weight: turn(weight, "ours"), ...(bias ? { bias } : {}) };
  }) as [LinearParams<NdArray>, LinearParams<NdArray>, LinearParams<NdArray>];
  return { query, key, value, output: { weight: turn(output, "ours"), ...(outBias ? { bias: outBias } : {}) } };
}

/**
 * The reverse of `multiHeadFromTorch`: packed where keys and values are made from inputs of the query's size.
 *
 * @throws HeedError for parameters that torch's module has no names for: grouped heads, other sizes of heads or output, norms,
 *   learned positions or sinks, talking heads.
 */
export function multiHeadToTorch(params: MultiHeadParams<NdArray>, prefix = ""): Record<string, NdArray> {
  const where = "multiHeadToTorch";
  checkParams(where, params, ["query", "key", "value", "output"]);
  const { query, key, value, output, ...rest } = params;
  const [N] = query.weight.shape as readonly [number];
  const extra = Object.entries(rest).filter(([, tree]) => tree !== undefined && Object.keys(tree as object).length > 0);
  if (extra.length > 0)
    throw inputError(
      where,
      "only projections have names in nn.MultiheadAttention",
      extra.map(([name]) => name).join(", "),
    );
  for (const [name, { weight, bias }] of Object.entries({ query, key, value, output })) {
    if (weight.shape[1] !== N || (name === "output" && weight.shape[0] !== N))
      throw inputError(
        where,
        `nn.MultiheadAttention has projections to querySize ${N} alone`,
        `${name}.weight ${weight.toString()} beside query.weight ${query.weight.toString()}`,
      );
    if (!bias !== !query.bias)
      throw inputError(where, "all projections or none must have a bias", `one of query and ${name} without`);
  }
  const weights = inputs.map((name) => turn(params[name].weight, "torch"));
  const isPacked = weights.every(({ shape }) => shape[1] === N);
  const biases = inputs.flatMap((name) => params[name].bias ?? []);
  return named(prefix, {
    ...(isPacked
      ? { in_proj_weight: joined(weights) }
      : Object.fromEntries(inputs.map((name, i) => [torchNames[name], weights[i]!]))),
    ...(biases.length > 0 ? { in_proj_bias: joined(biases) } : {}),
    "out_proj.weight": turn(output.weight, "torch"),
    ...(output.bias ? { "out_proj.bias": output.bias } : {}),
  });
}

/** Three equal parts of the first axis. */
function thirds(a: NdArray): readonly NdArray[] {
  const [rows, ...rest] = a.shape as readonly [number, ...number[]];
  const size = a.size / 3;
  return [0, 1, 2].map((i) => new NdArray(a.dtype, [rows / 3, ...rest], a.data.slice(i * size, (i + 1) * size)));
}

/** Arrays one below the other. */
function joined(parts: readonly NdArray[]): NdArray {
  const [first] = parts as readonly [NdArray];
  const data = allocate(
    first.dtype,
    parts.reduce((n, a) => n + a.size, 0),
  );
  let at = 0;
  for (const a of parts) {
    data.set(a.data as never, at);
    at += a.size;
  }
  const rows = parts.reduce((n, a) => n + a.shape[0]!, 0);
  return new NdArray(first.dtype, [rows, ...first.shape.slice(1)], data);
}
