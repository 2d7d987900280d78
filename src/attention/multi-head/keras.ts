// Parameters of multi-head attention from and to Keras' MultiHeadAttention and GroupQueryAttention.

import { inputError } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { checkParams } from "../../nn/checks.ts";
import type { LinearParams } from "../../nn/linear.ts";
import { stateEntries, TorchModule, type TorchOptions, type TorchState } from "../../nn/torch-state.ts";
import { checkMultiHeadConfig, type MultiHeadConfig } from "./config.ts";
import type { MultiHeadParams } from "./params.ts";

const inputs = ["query", "key", "value"] as const;

/**
 * Keras' weights by name: `query/kernel` (N, H, D), `key/kernel` (K, G, D), `value/kernel` (V, G, E), each with a bias of its
 * last two axes, `attention_output/kernel` (H, E, O) and its bias (O). The same memory as ours, read with fewer axes. The
 * heads are not kept in the result: give `headCount` = H, `headSize` = D and, where they differ, `keyHeadCount` = G and
 * `valueHeadSize` = E in the configuration.
 *
 * Over one axis of positions (`attention_axes` of one axis). A gate (`use_gate`) is refused as unknown.
 *
 * @param weights - by name; a trailing `:0`, as older files have, counts for nothing.
 * @param prefix - the layer's path, for instance `decoder/self_attention`. Default: the top.
 * @throws HeedError naming a tensor that is missing, unknown or of another shape.
 */
export function multiHeadFromKeras(
  weights: TorchState,
  prefix = "",
  options: TorchOptions = {},
): MultiHeadParams<NdArray> {
  const where = "multiHeadFromKeras";
  const path = prefix === "" ? "" : `${prefix}/`;
  const own = Array.from(stateEntries(where, weights)).filter(([name]) => name.startsWith(path));
  const module = new TorchModule(
    where,
    new Map(own.map(([name, a]) => [name.slice(path.length).replace(/:0$/, ""), a])),
    "",
    options,
  );
  const axes = { query: "(N, H, D)", key: "(K, G, D)", value: "(V, G, E)" } as const;
  const kernels = inputs.map((name) => module.take(`${name}/kernel`, [null, null, null], axes[name]));
  const [query, key, value] = kernels as [NdArray, NdArray, NdArray];
  const [, H, D] = query.shape as readonly [number, number, number];
  const [, G, E] = value.shape as readonly [number, number, number];
  if (key.shape[1] !== G || key.shape[2] !== D || H % G !== 0)
    throw inputError(
      where,
      "key/kernel must have the heads of value/kernel, whose number divides that of query/kernel, of query/kernel's size",
      `${key.toString()} between ${query.toString()} and ${value.toString()}`,
    );
  const output = module.take("attention_output/kernel", [H, E, null], "(H, E, O)");
  const projection = (name: string, kernel: NdArray, leading: number): LinearParams<NdArray> => {
    const rows = kernel.shape.slice(0, leading).reduce((a, b) => a * b, 1);
    const rest = kernel.shape.slice(leading);
    const bias = module.has(`${name}/bias`) ? module.take(`${name}/bias`, rest, "the kernel's last axes") : null;
    const outs = rest.reduce((a, b) => a * b, 1);
    return {
      weight: new NdArray(kernel.dtype, [rows, outs], kernel.data),
      ...(bias ? { bias: new NdArray(bias.dtype, [outs], bias.data) } : {}),
    };
  };
  const params = {
    query: projection("query", query, 1),
    key: projection("key", key, 1),
    value: projection("value", value, 1),
    output: projection("attention_output", output, 2),
  };
  module.finish();
  return params;
}

/**
 * The reverse of `multiHeadFromKeras`: the weights that Keras' layer has, by name, in its axes. The arrays are the same memory.
 *
 * `MultiHeadAttention(num_heads=H, key_dim=D, value_dim=E, output_shape=O, use_bias=bias)` takes those of as many heads of
 * keys as of queries; `GroupQueryAttention(head_dim=D, num_query_heads=H, num_key_value_heads=G)` those of fewer, whose
 * values have heads of size D and whose output has the query's size.
 *
 * @param config - that of the layer: the heads are not among its parameters.
 * @param prefix - what is put in front of every name, for instance `decoder/self_attention`. Default: nothing.
 * @throws HeedError when parameters do not have the configuration's sizes, or belong to what Keras' layers have not: norms,
 *   learned positions or sinks, talking heads.
 */
export function multiHeadToKeras(
  params: MultiHeadParams<NdArray>,
  config: MultiHeadConfig,
  prefix = "",
): Record<string, NdArray> {
  const where = "multiHeadToKeras";
  const sizes = checkMultiHeadConfig(where, config);
  const { querySize, keySize, valueSize, outSize, headCount, keyHeadCount, headSize, valueHeadSize } = sizes;
  checkParams(where, params, [...inputs, "output"]);
  const { query, key, value, output, ...rest } = params;
  const extra = Object.entries(rest).filter(([, tree]) => tree !== undefined && Object.keys(tree as object).length > 0);
  if (extra.length > 0)
    throw inputError(where, "only projections have names in Keras' layers", extra.map(([name]) => name).join(", "));
  const path = prefix === "" ? "" : `${prefix}/`;
  const named: Record<string, NdArray> = {};
  const add = (
    name: string,
    { weight, bias }: LinearParams<NdArray>,
    kernel: readonly number[],
    leading: number,
  ): void => {
    const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
    const [ins, outs] = [kernel.slice(0, leading), kernel.slice(leading)].map(size) as [number, number];
    if (weight.shape.join() !== `${ins},${outs}` || !bias !== !sizes.bias || (bias && bias.shape.join() !== `${outs}`))
      throw inputError(
        where,
        `${name} must have a weight [${ins}, ${outs}] and ${sizes.bias ? `a bias [${outs}]` : "no bias"}, by the configuration`,
        bias ? `${weight.toString()} and ${bias.toString()}` : `${weight.toString()} alone`,
      );
    named[`${path}${name}/kernel`] = new NdArray(weight.dtype, kernel, weight.data);
    if (bias) named[`${path}${name}/bias`] = new NdArray(bias.dtype, kernel.slice(leading), bias.data);
  };
  add("query", query, [querySize, headCount, headSize], 1);
  add("key", key, [keySize, keyHeadCount, headSize], 1);
  add("value", value, [valueSize, keyHeadCount, valueHeadSize], 1);
  add("attention_output", output, [headCount, valueHeadSize, outSize], 2);
  return named;
}
