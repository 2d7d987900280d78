// Parameters from and to torch: nn.LSTM and nn.GRU, of any number of layers, in one direction or both.

import { allocate } from "../core/dtype.ts";
import { inputError } from "../core/errors.ts";
import { kindOf, NdArray } from "../core/ndarray.ts";
import type { BiGruParams, GruParams } from "./gru.ts";
import type { BiLstmParams, LstmParams } from "./lstm.ts";
import { named } from "./torch.ts";
import { blankLike, TorchModule, turn, turnBias, type TorchOptions, type TorchState } from "./torch-state.ts";

/** Where our gates lie in torch's; both orders are their own inverse. */
const lstmOrder = [0, 1, 3, 2]; // input, forget, output, candidate <- input, forget, candidate, output
const gruOrder = [0, 1, 2]; // reset, update, candidate in both

/** One direction of one layer as torch has it, in our layout. */
interface Direction {
  readonly input: NdArray;
  readonly recurrent: NdArray;
  readonly biasIn: NdArray;
  readonly biasBack: NdArray;
}

/**
 * `nn.LSTM` in one direction: a layer for each of `weight_ih_l0`, `weight_ih_l1`, ... The two biases, which only ever
 * occur as a sum, become one.
 *
 * @param prefix - the module's dotted path in the state dictionary. Default: the top.
 * @returns the layers, the lowest first, for `stackLayers`.
 * @throws HeedError naming a tensor that is missing, unknown or of another shape; for both directions, or a projection.
 */
export function lstmFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchOptions = {},
): readonly LstmParams<NdArray>[] {
  return readLayers("lstmFromTorch", state, prefix, options, lstmOrder, false).map(([one]) => toLstm(one!));
}

/** `nn.LSTM` with `bidirectional=True`; `_reverse` is our `backward`. @throws as `lstmFromTorch`. */
export function biLstmFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchOptions = {},
): readonly BiLstmParams<NdArray>[] {
  const layers = readLayers("biLstmFromTorch", state, prefix, options, lstmOrder, true);
  return layers.map(([ahead, back]) => ({ forward: toLstm(ahead!), backward: toLstm(back!) }));
}

/**
 * `nn.GRU` in one direction, for reset `after`. The biases of the reset and the update gate become one; the candidate's
 * second bias lies inside the product with the reset gate and stays apart.
 *
 * @throws as `lstmFromTorch`.
 */
export function gruFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchOptions = {},
): readonly GruParams<NdArray>[] {
  return readLayers("gruFromTorch", state, prefix, options, gruOrder, false).map(([one]) => toGru(one!));
}

/** `nn.GRU` with `bidirectional=True`, for reset `after`. @throws as `lstmFromTorch`. */
export function biGruFromTorch(
  state: TorchState,
  prefix = "",
  options: TorchOptions = {},
): readonly BiGruParams<NdArray>[] {
  const layers = readLayers("biGruFromTorch", state, prefix, options, gruOrder, true);
  return layers.map(([ahead, back]) => ({ forward: toGru(ahead!), backward: toGru(back!) }));
}

/** LSTM layers as `nn.LSTM` has them; `bias_hh` is zeros. */
export function lstmToTorch(
  layers: readonly (LstmParams<NdArray> | BiLstmParams<NdArray>)[],
  prefix = "",
): Record<string, NdArray> {
  return writeLayers(layers, prefix, lstmOrder, (p) => blankLike(p.bias, p.bias.shape));
}

/** GRU layers of reset `after` as `nn.GRU` has them; `bias_hh` is zeros but for the candidate's. */
export function gruToTorch(
  layers: readonly (GruParams<NdArray> | BiGruParams<NdArray>)[],
  prefix = "",
): Record<string, NdArray> {
  return writeLayers(layers, prefix, gruOrder, ({ bias, recurrentBias }: GruParams<NdArray>) => {
    const back = blankLike(bias, bias.shape);
    if (recurrentBias) back.data.set(recurrentBias.data as never, 2 * recurrentBias.size);
    return back;
  });
}

function toLstm({ input, recurrent, biasIn, biasBack }: Direction): LstmParams<NdArray> {
  return { input, recurrent, bias: sumTo(biasIn, biasBack, biasIn.size) };
}

function toGru({ input, recurrent, biasIn, biasBack }: Direction): GruParams<NdArray> {
  const size = recurrent.shape[0]!;
  const recurrentBias = new NdArray(biasBack.dtype, [size], biasBack.data.slice(2 * size));
  return { input, recurrent, bias: sumTo(biasIn, biasBack, 2 * size), recurrentBias };
}

/** `a`, with the first `count` elements of `b` added. */
function sumTo(a: NdArray, b: NdArray, count: number): NdArray {
  const out = allocate(a.dtype, a.size);
  for (let i = 0; i < out.length; i++) out[i] = i < count ? (a.data[i] as number) + (b.data[i] as number) : a.data[i]!;
  return new NdArray(a.dtype, a.shape, out);
}

/** The directions of every layer, forward first. */
function readLayers(
  where: string,
  state: TorchState,
  prefix: string,
  options: TorchOptions,
  order: readonly number[],
  both: boolean,
): readonly (readonly Direction[])[] {
  const module = new TorchModule(where, state, prefix, options);
  const found = module.has("weight_ih_l0_reverse");
  if (module.has("weight_ih_l0") && found !== both)
    throw inputError(
      where,
      `a network in ${both ? "both directions" : "one direction"} is required`,
      found ? "one in both directions" : "one in one direction",
      both ? "Use the importer of one direction." : "Use the importer of both directions.",
    );
  if (module.has("weight_hr_l0"))
    throw inputError(where, "a network without projections is required", "weight_hr_l0", "Train with proj_size=0.");
  const layers: (readonly Direction[])[] = [];
  do {
    const below = layers.length === 0 ? null : layers[0]![0]!.recurrent.shape[0]! * (both ? 2 : 1);
    const suffixes = both ? ["", "_reverse"] : [""];
    const layer = layers.length;
    layers.push(suffixes.map((suffix) => readDirection(module, `l${layer}${suffix}`, order, below)));
  } while (module.has(`weight_ih_l${layers.length}`));
  module.finish();
  return layers;
}

/** @param below - outputs of the layer below; null for the lowest. */
function readDirection(module: TorchModule, suffix: string, order: readonly number[], below: number | null): Direction {
  const G = order.length;
  const back = module.take(`weight_hh_${suffix}`, [null, null], `(${G}H, H)`);
  const H = back.shape[1]!;
  module.take(`weight_hh_${suffix}`, [G * H, H], `(${G}H, H)`);
  const input = module.take(`weight_ih_${suffix}`, [G * H, below], `(${G}H, inputs)`);
  const bias = (name: string): NdArray =>
    module.has(`bias_ih_${suffix}`) || module.has(`bias_hh_${suffix}`)
      ? turnBias(module.take(`${name}_${suffix}`, [G * H], `(${G}H)`), order)
      : blankLike(input, [G * H]);
  return {
    input: turn(input, "ours", order),
    recurrent: turn(back, "ours", order),
    biasIn: bias("bias_ih"),
    biasBack: bias("bias_hh"),
  };
}

function writeLayers<P extends { readonly input: NdArray; readonly recurrent: NdArray; readonly bias: NdArray }>(
  layers: readonly (P | { readonly forward: P; readonly backward: P })[],
  prefix: string,
  order: readonly number[],
  biasBack: (params: P) => NdArray,
): Record<string, NdArray> {
  if (!Array.isArray(layers)) throw inputError("toTorch", "the layers must be a list of parameters", kindOf(layers));
  const tensors: Record<string, NdArray> = {};
  const write = (params: P, suffix: string): void => {
    tensors[`weight_ih_${suffix}`] = turn(params.input, "torch", order);
    tensors[`weight_hh_${suffix}`] = turn(params.recurrent, "torch", order);
    tensors[`bias_ih_${suffix}`] = turnBias(params.bias, order);
    tensors[`bias_hh_${suffix}`] = turnBias(biasBack(params), order);
  };
  layers.forEach((layer, i) => {
    write("forward" in layer ? layer.forward : layer, `l${i}`);
    if ("forward" in layer) write(layer.backward, `l${i}_reverse`);
  });
  return named(prefix, tensors);
}
