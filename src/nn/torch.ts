// Parameters from and to torch: nn.Linear, nn.Embedding, nn.LayerNorm.

import type { NdArray } from "../core/ndarray.ts";
import { checkParams } from "./checks.ts";
import type { EmbeddingParams } from "./embedding.ts";
import type { LayerNormParams } from "./layer-norm.ts";
import type { LinearParams } from "./linear.ts";
import { blankLike, TorchModule, turn, type TorchOptions, type TorchState } from "./torch-state.ts";

/**
 * `nn.Linear`: `weight` (out, in), which we keep transposed, and `bias` (out) where it has one.
 *
 * @param prefix - the module's dotted path in the state dictionary, for instance `encoder.project`. Default: the top.
 * @throws HeedError naming a tensor that is missing, unknown or of another shape.
 */
export function linearFromTorch(state: TorchState, prefix = "", options: TorchOptions = {}): LinearParams<NdArray> {
  const module = new TorchModule("linearFromTorch", state, prefix, options);
  const torchWeight = module.take("weight", [null, null], "(out, in)");
  const weight = turn(torchWeight, "ours");
  const bias = module.has("bias") ? module.take("bias", [torchWeight.shape[0]!], "(out)") : null;
  module.finish();
  return bias ? { weight, bias } : { weight };
}

/** The reverse of `linearFromTorch`. */
export function linearToTorch(params: LinearParams<NdArray>, prefix = ""): Record<string, NdArray> {
  checkParams("linearToTorch", params, ["weight"]);
  const { weight, bias } = params;
  return named(prefix, { weight: turn(weight, "torch"), ...(bias ? { bias } : {}) });
}

/** `nn.Embedding`: `weight` (count, size), as ours. @throws as `linearFromTorch`. */
export function embeddingFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchOptions = {},
): EmbeddingParams<NdArray> {
  const module = new TorchModule("embeddingFromTorch", state, prefix, options);
  const weight = module.take("weight", [null, null], "(count, size)");
  module.finish();
  return { weight };
}

/** The reverse of `embeddingFromTorch`. */
export function embeddingToTorch(params: EmbeddingParams<NdArray>, prefix = ""): Record<string, NdArray> {
  checkParams("embeddingToTorch", params, ["weight"]);
  return named(prefix, { weight: params.weight });
}

/** `nn.LayerNorm` over the last axis: `weight` (N) is our scale, `bias` (N) zeros where it has none. @throws as `linearFromTorch`. */
export function layerNormFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchOptions = {},
): LayerNormParams<NdArray> {
  const module = new TorchModule("layerNormFromTorch", state, prefix, options);
  const scale = module.take("weight", [null], "(N), over one axis");
  const bias = module.has("bias") ? module.take("bias", scale.shape, "(N)") : blankLike(scale, scale.shape);
  module.finish();
  return { scale, bias };
}

/** The reverse of `layerNormFromTorch`. */
export function layerNormToTorch(params: LayerNormParams<NdArray>, prefix = ""): Record<string, NdArray> {
  checkParams("layerNormToTorch", params, ["scale", "bias"]);
  const { scale, bias } = params;
  return named(prefix, { weight: scale, bias });
}

/** Names put under a prefix. */
export function named(prefix: string, tensors: Readonly<Record<string, NdArray>>): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, a]) => [prefix === "" ? name : `${prefix}.${name}`, a]),
  );
}
