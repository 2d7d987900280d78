// GRU: one step, one direction over time, both directions; the reset gate after or before the recurrent product.

import { bindAxes } from "../core/axes.ts";
import { checkOptions, optionError, shapeError } from "../core/errors.ts";
import type { NdArray } from "../core/ndarray.ts";
import { add, mul, sub } from "../core/ops/binary.ts";
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
 * One GRU direction: input (I, 3H), recurrent (H, 3H), bias (3H). Axes: I input size, H state size.
 *
 * The three gates lie side by side in the order **reset, update, candidate**, as in torch (ONNX: update, reset, hidden),
 * so that the two sigmoids are one operation. `recurrentBias` (H) is the candidate's bias inside the product with the
 * reset gate; only reset `after` may have it, and without it there is none.
 */
export type GruParams<T> = {
  readonly input: T;
  readonly recurrent: T;
  readonly bias: T;
  readonly recurrentBias?: T;
};

/** The branches of the parameters of one direction that are always there. */
const branches = ["input", "recurrent", "bias"] as const;

/** State of a GRU: (B, H). */
export type GruState<T> = { readonly hidden: T };

/**
 * What the reset gate multiplies: `after` the recurrent product, r * (h U + b), as torch and cuDNN do; or the state
 * `before` the product, (r * h) U, as Cho et al. wrote it. Parameters of one form do not fit the other.
 */
export type GruReset = "after" | "before";

/** Sizes of a GRU direction, and its form. */
export interface GruConfig {
  readonly inSize: number;
  readonly size: number;
  /** Default `after`. */
  readonly reset?: GruReset;
}

/** All uniform in ±1/sqrt(H), as torch's `nn.GRU` begins; `recurrentBias` for reset `after` alone. */
export function initGru(config: GruConfig, rng: Rng): GruParams<NdArray> {
  checkSizes("initGru", config, ["inSize", "size"]);
  const { inSize, size, reset = "after" } = config;
  checkReset("initGru", reset);
  const limit = 1 / Math.sqrt(size);
  return {
    input: rng.uniform([inSize, 3 * size], limit),
    recurrent: rng.uniform([size, 3 * size], limit),
    bias: rng.uniform([3 * size], limit),
    ...(reset === "after" ? { recurrentBias: rng.uniform([size], limit) } : {}),
  };
}

/** Which form a GRU has. */
export interface GruForm {
  /** Default `after`. */
  readonly reset?: GruReset;
}

/** From projected (B, 3H), all that enters the gates but the recurrent products, and hidden (B, H) or null for zeros, to the next state. */
export type GruCell = (projected: Tensor, hidden: Tensor | null) => GruState<Tensor>;

/**
 * The recurrent half of a GRU, for decoders that add more to the gates than one input (a context, say).
 *
 * With r reset, z update, n candidate:  h' = (1 - z) n + z h, where n = tanh(x W + b + r * (h U + c)) for reset `after`,
 * n = tanh(x W + b + (r * h) U) for reset `before`.
 *
 * @throws HeedError when reset is neither, or parameters of reset `after` are to be run as `before`.
 *
 * Source: Cho et al. 2014 (arXiv:1406.1078), eq. 5-8, which is `before`; torch's `nn.GRU` for `after`.
 *   Bahdanau et al. 2015 (arXiv:1409.0473, A.1.1) give z and 1 - z the opposite parts: negate the update gate's columns.
 */
export function gruCell(params: Pick<GruParams<Tensor>, "recurrent" | "recurrentBias">, form: GruForm = {}): GruCell {
  checkParams("gruCell", params, ["recurrent"]);
  checkOptions("gruCell", form, ["reset"]);
  const { reset = "after" } = form;
  const { recurrent, recurrentBias } = params;
  checkReset("gruCell", reset, recurrentBias);
  const size = recurrent.shape[0]!;
  const halves = (x: Tensor): readonly [Tensor, Tensor] => split(x, [2 * size, size]) as [Tensor, Tensor];
  const gated = (x: Tensor, back: Tensor | null): readonly [Tensor, Tensor] =>
    split(sigmoid(back ? add(x, back) : x), 2) as [Tensor, Tensor];
  if (reset === "after")
    return (projected, hidden) => {
      const [gatesIn, candidateIn] = halves(projected);
      const [gatesBack, product] = hidden ? halves(matmul(hidden, recurrent)) : [null, null];
      const [r, z] = gated(gatesIn, gatesBack);
      const inner = product && recurrentBias ? add(product, recurrentBias) : (product ?? recurrentBias);
      return { hidden: blend(z, tanh(inner ? add(candidateIn, mul(r, inner)) : candidateIn), hidden) };
    };
  // Cut once, not at every step.
  const [toGates, toCandidate] = halves(recurrent);
  return (projected, hidden) => {
    const [gatesIn, candidateIn] = halves(projected);
    const [r, z] = gated(gatesIn, hidden && matmul(hidden, toGates));
    const back = hidden && matmul(mul(r, hidden), toCandidate);
    return { hidden: blend(z, tanh(back ? add(candidateIn, back) : candidateIn), hidden) };
  };
}

/** One step: x (B, I) -> the next state. */
export function gruStep(
  params: GruParams<Tensor>,
  x: Tensor,
  state: GruState<Tensor>,
  form: GruForm = {},
): GruState<Tensor> {
  checkParams("gruStep", params, branches);
  checkOptions("gruStep", form, ["reset"]);
  bindAxes("gruStep", { x: [x, "B I"], ...axesOf(params), hidden: [state.hidden, "B H"] });
  checkGates("gruStep", params);
  return gruCell(params, form)(linear({ weight: params.input, bias: params.bias }, x), state.hidden);
}

/** How a GRU runs over time. */
export interface GruOptions extends GruForm {
  /** From the last step to the first. Default false. */
  readonly reverse?: boolean;
  /**
   * bool (B, T), true at real steps. A step that is not real leaves the state as it was and gives an output of 0. What
   * stands there must be finite: it never reaches a result, but a NaN would reach the gradients. Default: all are real.
   */
  readonly mask?: Tensor | null;
  /** The state before the first step. Default zeros. */
  readonly initial?: GruState<Tensor>;
}

/** Outputs at every step, and the state after the last real one. */
export type GruResult = LayerResult<GruState<Tensor>>;

/**
 * One direction over time: the input projections of all steps are one product, and so are the weight gradients. Few steps
 * are laid out one after the other, many are a loop.
 *
 * @param x - float32 (B, T, I).
 * @returns `outputs` (B, T, H), in the order of `x` whatever the direction; `final` state. With T = 0 the state is the initial one.
 * @throws HeedError when sizes disagree, or the gates are not three times the state.
 */
export function gru(params: GruParams<Tensor>, x: Tensor, options: GruOptions = {}): GruResult {
  checkParams("gru", params, branches);
  checkOptions("gru", options, ["reset", "reverse", "mask", "initial"]);
  const { reset = "after", reverse = false, mask = null, initial } = options;
  const { B, H } = bindAxes("gru", { x: [x, "B T I"], ...axesOf(params) });
  if (mask) bindAxes("gru", { x: [x, "B T I"], mask: [mask, "B T"] });
  if (initial)
    bindAxes("gru", { x: [x, "B T I"], recurrent: [params.recurrent, "H G"], hidden: [initial.hidden, "B H"] });
  checkGates("gru", params);
  const advance = gruCell(params, { reset });
  return overTime<GruState<Tensor>>({
    projected: linear({ weight: params.input, bias: params.bias }, x),
    mask,
    reverse,
    initial: initial ?? null,
    zeros: () => ({ hidden: fill([B, H], 0) }),
    step: (entering, state) => advance(entering, state?.hidden ?? null),
  });
}

/** Both directions of one layer. */
export type BiGruParams<T> = { readonly forward: GruParams<T>; readonly backward: GruParams<T> };

/** Parameters of both directions, drawn one after the other. */
export function initBiGru(config: GruConfig, rng: Rng): BiGruParams<NdArray> {
  return { forward: initGru(config, rng), backward: initGru(config, rng) };
}

/** How both directions run over time. */
export interface BiGruOptions extends Pick<GruOptions, "mask" | "reset"> {
  /** Each direction's state before its first step. Default zeros. */
  readonly initial?: { readonly forward: GruState<Tensor>; readonly backward: GruState<Tensor> };
}

/** x (B, T, I) -> outputs (B, T, 2H): forward beside backward; `final` has both directions' states side by side, (B, 2H). */
export function biGru(params: BiGruParams<Tensor>, x: Tensor, options: BiGruOptions = {}): GruResult {
  checkParams("biGru", params, ["forward", "backward"]);
  checkOptions("biGru", options, ["reset", "mask", "initial"]);
  const { initial, ...rest } = options;
  const ahead = scope("forward", () =>
    gru(params.forward, x, { ...rest, ...(initial ? { initial: initial.forward } : {}) }),
  );
  const back = scope("backward", () =>
    gru(params.backward, x, { ...rest, reverse: true, ...(initial ? { initial: initial.backward } : {}) }),
  );
  return {
    outputs: concat([ahead.outputs, back.outputs], -1),
    final: { hidden: concat([ahead.final.hidden, back.final.hidden], -1) },
  };
}

/** (1 - z) candidate + z hidden; a state of zeros adds nothing. */
function blend(z: Tensor, candidate: Tensor, hidden: Tensor | null): Tensor {
  const fresh = mul(sub(1, z), candidate);
  return hidden ? add(fresh, mul(z, hidden)) : fresh;
}

function axesOf({ input, recurrent, bias, recurrentBias }: GruParams<Tensor>): {
  readonly input: readonly [Tensor, "I G"];
  readonly recurrent: readonly [Tensor, "H G"];
  readonly bias: readonly [Tensor, "G"];
} {
  const axes = { input: [input, "I G"], recurrent: [recurrent, "H G"], bias: [bias, "G"] } as const;
  return recurrentBias ? ({ ...axes, recurrentBias: [recurrentBias, "H"] as const } as typeof axes) : axes;
}

function checkGates(where: string, { recurrent }: GruParams<Tensor>): void {
  const [size, gates] = recurrent.shape as readonly [number, number];
  if (gates !== 3 * size) throw shapeError(where, "recurrent must be (H, 3H)", show(recurrent));
}

function checkReset(where: string, reset: GruReset, recurrentBias?: unknown): void {
  if (reset !== "after" && reset !== "before")
    throw optionError(where, "reset must be after or before", JSON.stringify(reset));
  if (reset === "before" && recurrentBias !== undefined)
    throw optionError(
      where,
      'parameters with a recurrentBias belong to reset "after"',
      '"before"',
      "Run them as they were trained, or leave recurrentBias out.",
    );
}
