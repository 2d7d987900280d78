// One recurrence in two forms: its steps laid out one after the other, and one loop. What decision 0003 rests on.

import { valueAndGrad } from "../../src/core/grad.ts";
import { add } from "../../src/core/ops/binary.ts";
import { stack, unstack } from "../../src/core/ops/concat.ts";
import { matmul } from "../../src/core/ops/matmul.ts";
import { swapAxes } from "../../src/core/ops/order.ts";
import { mean } from "../../src/core/ops/reduce.ts";
import { scan } from "../../src/core/ops/scan.ts";
import { square } from "../../src/core/ops/unary.ts";
import { rng } from "../../src/core/random.ts";
import type { NdArray } from "../../src/core/ndarray.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { compile } from "../../src/engine/compile.ts";
import { linear } from "../../src/nn/linear.ts";
import { initLstm, lstmGates, zeroState, type LstmParams, type LstmState } from "../../src/nn/lstm.ts";

/** The two forms. */
export type Form = "unrolled" | "scan";

/** Batch, input and state of the measured LSTM. */
export const scanSizes = { B: 32, I: 128, H: 256 } as const;

/** An LSTM's loss and all its gradients over `steps` steps, compiled, ready to be called. */
export function scanCase(form: Form, steps: number, threads: number): () => Promise<NdArray> {
  const { B, I, H } = scanSizes;
  const random = rng(1);
  const params = initLstm({ inSize: I, size: H }, random);
  const x = random.normal([B, steps, I], 1);
  const over = form === "scan" ? loop : laidOut;
  const step = compile(
    (p: LstmParams<Tensor>, t: Tensor) =>
      valueAndGrad((traced: LstmParams<Tensor>, input: Tensor) => mean(square(over(traced, input))))(p, t),
    { mode: "training", threads, name: `${form}-${steps}` },
  ) as unknown as (p: LstmParams<NdArray>, t: NdArray) => Promise<{ readonly value: NdArray }>;
  return async () => (await step(params, x)).value;
}

type Over = (params: LstmParams<Tensor>, x: Tensor) => Tensor;

/** What enters the gates of all steps, time first: one product in both forms. */
const projectedFirst: Over = (params, x) => swapAxes(linear({ weight: params.input, bias: params.bias }, x), 0, 1);

/** The LSTM laid out, one step after the other. */
const laidOut: Over = (params, x) => {
  let state = zeroState(x.shape[0]!, params.recurrent.shape[0]!);
  const outputs = unstack(projectedFirst(params, x), 0).map((gates) => {
    state = lstmGates(add(gates, matmul(state.hidden, params.recurrent)), state.cell);
    return state.hidden;
  });
  return stack(outputs, 1);
};

/** The LSTM as a loop. */
const loop: Over = (params, x) => {
  const { outputs } = scan(
    (before: LstmState<Tensor>, gates: Tensor) => {
      const state = lstmGates(add(gates, matmul(before.hidden, params.recurrent)), before.cell);
      return { state, outputs: state.hidden };
    },
    { initial: zeroState(x.shape[0]!, params.recurrent.shape[0]!), sequences: projectedFirst(params, x) },
  );
  return swapAxes(outputs, 0, 1);
};
