// LSTM: one step, one direction over time, both directions. `stackLayers` puts layers on top of each other.

import { bindAxes } from "../core/axes.ts";
import { checkOptions, shapeError } from "../core/errors.ts";
import { NdArray } from "../core/ndarray.ts";
import { add, mul } from "../core/ops/binary.ts";
import { concat, split } from "../core/ops/concat.ts";
import { matmul } from "../core/ops/matmul.ts";
import { fill } from "../core/ops/source.ts";
import { sigmoid, tanh } from "../core/ops/unary.ts";
import type { Rng } from "../core/random.ts";
import { scope } from "../core/scope.ts";
import { show, type Tensor } from "../core/tensor.ts";
import { checkParams, checkSizes } from "./checks.ts";
import { linear } from "./linear.ts";
import { overTime } from "./over-time.ts";
import type { LayerResult } from "./stack.ts";

/**
 * One LSTM direction. Axes: I input size, H state size.
 * The four gates lie side by side in the order **input, forget, output, candidate** (torch: input, forget, candidate, output),
 * so that the three sigmoids are one operation.
 */
export type LstmParams<T> = { readonly input: T; readonly recurrent: T; readonly bias: T };

/** The branches of the parameters of one direction that are always there. */
const branches = ["input", "recurrent", "bias"] as const;

/** State of an LSTM: hidden and cell, each (B, H). */
export type LstmState<T> = { readonly hidden: T; readonly cell: T };

/** Sizes of an LSTM direction. */
export interface LstmConfig {
  readonly inSize: number;
  readonly size: number;
}

/**
 * input (I, 4H) and recurrent (H, 4H) uniform in ±1/sqrt(H), as torch's `nn.LSTM` begins; bias (4H) 0, but for the
 * forget gate's, which is 1 so that memory lasts from the start (Jozefowicz, Zaremba and Sutskever 2015).
 */
export function initLstm(config: LstmConfig, rng: Rng): LstmParams<NdArray> {
  checkSizes("initLstm", config, ["inSize", "size"]);
  const { inSize, size } = config;
  const limit = 1 / Math.sqrt(size);
  const bias = new Float32Array(4 * size).fill(1, size, 2 * size);
  return {
    input: rng.uniform([inSize, 4 * size], limit),
    recurrent: rng.uniform([size, 4 * size], limit),
    bias: new NdArray("float32", [4 * size], bias),
  };
}

/** The state before the first step: zeros. */
export function zeroState(batch: number, size: number): LstmState<Tensor> {
  return { hidden: fill([batch, size], 0), cell: fill([batch, size], 0) };
}

/**
 * One step from the sum of everything that enters the gates.
 *
 * @param gates - (B, 4H): input and recurrent projections and bias, added up.
 * @param cell - (B, H), the previous cell.
 * @returns hidden = output * tanh(cell), cell = forget * previous + input * candidate; no peepholes.
 * Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber and Cummins 2000.
 */
export function lstmGates(gates: Tensor, cell: Tensor): LstmState<Tensor> {
  bindAxes("lstmGates", { gates: [gates, "B G"], cell: [cell, "B H"] });
  const size = cell.shape[1]!;
  const [squashed, candidate] = split(gates, [3 * size, size]) as [Tensor, Tensor];
  const [inputGate, forgetGate, outputGate] = split(sigmoid(squashed), 3) as [Tensor, Tensor, Tensor];
  const next = add(mul(forgetGate, cell), mul(inputGate, tanh(candidate)));
  return { hidden: mul(outputGate, tanh(next)), cell: next };
}

/** One step: x (B, I) -> the next state. */
export function lstmStep(params: LstmParams<Tensor>, x: Tensor, state: LstmState<Tensor>): LstmState<Tensor> {
  checkParams("lstmStep", params, branches);
  bindAxes("lstmStep", {
    x: [x, "B I"],
    input: [params.input, "I G"],
    recurrent: [params.recurrent, "H G"],
    hidden: [state.hidden, "B H"],
    cell: [state.cell, "B H"],
  });
  checkGates("lstmStep", params);
  const gates = linear({ weight: params.input, bias: params.bias }, x);
  return lstmGates(add(gates, matmul(state.hidden, params.recurrent)), state.cell);
}

/** How an LSTM runs over time. */
export interface LstmOptions {
  /** From the last step to the first. Default false. */
  readonly reverse?: boolean;
  /**
   * bool (B, T), true at real steps. A step that is not real leaves the state as it was and gives an output of 0, so a
   * padded row ends in the state of its own last step, as in torch's packed sequences. What stands there must be finite:
   * it never reaches a result, but a NaN would reach the gradients. Default: all are real.
   */
  readonly mask?: Tensor | null;
  /** The state before the first step. Default zeros. */
  readonly initial?: LstmState<Tensor>;
}

/** Outputs at every step, and the state after the last real one. */
export type LstmResult = LayerResult<LstmState<Tensor>>;

/**
 * One direction over time: the input projections of all steps are one product, and so are the weight gradients. Few steps
 * are laid out one after the other, many are a loop.
 *
 * @param x - float32 (B, T, I).
 * @returns `outputs` (B, T, H), in the order of `x` whatever the direction; `final` state. With T = 0 the state is the initial one.
 * @throws HeedError when sizes disagree, or the gates are not four times the state.
 */
export function lstm(params: LstmParams<Tensor>, x: Tensor, options: LstmOptions = {}): LstmResult {
  checkParams("lstm", params, branches);
  checkOptions("lstm", options, ["reverse", "mask", "initial"]);
  const { reverse = false, mask = null, initial } = options;
  const { B, H } = bindAxes("lstm", {
    x: [x, "B T I"],
    input: [params.input, "I G"],
    recurrent: [params.recurrent, "H G"],
    bias: [params.bias, "G"],
  });
  if (mask) bindAxes("lstm", { x: [x, "B T I"], mask: [mask, "B T"] });
  if (initial)
    bindAxes("lstm", {
      x: [x, "B T I"],
      recurrent: [params.recurrent, "H G"],
      hidden: [initial.hidden, "B H"],
      cell: [initial.cell, "B H"],
    });
  checkGates("lstm", params);
  return overTime<LstmState<Tensor>>({
    projected: linear({ weight: params.input, bias: params.bias }, x),
    mask,
    reverse,
    initial: initial ?? null,
    zeros: () => zeroState(B, H),
    step: (entering, state) =>
      state
        ? lstmGates(add(entering, matmul(state.hidden, params.recurrent)), state.cell)
        : lstmGates(entering, zeroState(B, H).cell),
  });
}

/** Both directions of one layer. */
export type BiLstmParams<T> = { readonly forward: LstmParams<T>; readonly backward: LstmParams<T> };

/** Parameters of both directions, drawn one after the other. */
export function initBiLstm(config: LstmConfig, rng: Rng): BiLstmParams<NdArray> {
  return { forward: initLstm(config, rng), backward: initLstm(config, rng) };
}

/** How both directions run over time. */
export interface BiLstmOptions extends Pick<LstmOptions, "mask"> {
  /** Each direction's state before its first step. Default zeros. */
  readonly initial?: { readonly forward: LstmState<Tensor>; readonly backward: LstmState<Tensor> };
}

/** x (B, T, I) -> outputs (B, T, 2H): forward beside backward; `final` has both directions' states side by side, (B, 2H). */
export function biLstm(params: BiLstmParams<Tensor>, x: Tensor, options: BiLstmOptions = {}): LstmResult {
  checkParams("biLstm", params, ["forward", "backward"]);
  checkOptions("biLstm", options, ["mask", "initial"]);
  const { mask = null, initial } = options;
  const ahead = scope("forward", () =>
    lstm(params.forward, x, { mask, ...(initial ? { initial: initial.forward } : {}) }),
  );
  const back = scope("backward", () =>
    lstm(params.backward, x, { mask, reverse: true, ...(initial ? { initial: initial.backward } : {}) }),
  );
  return {
    outputs: concat([ahead.outputs, back.outputs], -1),
    final: {
      hidden: concat([ahead.final.hidden, back.final.hidden], -1),
      cell: concat([ahead.final.cell, back.final.cell], -1),
    },
  };
}

function checkGates(where: string, { recurrent }: LstmParams<Tensor>): void {
  const [size, gates] = recurrent.shape as readonly [number, number];
  if (gates !== 4 * size) throw shapeError(where, "recurrent must be (H, 4H)", show(recurrent));
}
