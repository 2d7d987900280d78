// One recurrence in two forms: its steps laid out one after the other, and one loop. What decision 0003 rests on.

import { valueAndGrad } from "../../src/core/grad.ts";
import { add } from "../../src/core/ops/binary.ts";
import { matmul } from "../../src/core/ops/matmul.ts";
import { swapAxes } from "../../src/core/ops/order.ts";
import { mean } from "../../src/core/ops/reduce.ts";
import { scan } from "../../src/core/ops/scan.ts";
import { fill } from "../../src/core/ops/source.ts";
import { square } from "../../src/core/ops/unary.ts";
import { rng } from "../../src/core/random.ts";
import type { NdArray } from "../../src/core/ndarray.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { compile } from "../../src/engine/compile.ts";
import { linear } from "../../src/nn/linear.ts";
import { initLstm, lstm, lstmGates, type LstmParams } from "../../src/nn/lstm.ts";

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
  const over = form === "scan" ? loop : (p: LstmParams<Tensor>, t: Tensor) => lstm(p, t).outputs;
  const step = compile(
    (p: LstmParams<Tensor>, t: Tensor) =>
      valueAndGrad((traced: LstmParams<Tensor>, input: Tensor) => mean(square(over(traced, input))))(p, t),
    { mode: "training", threads, name: `${form}-${steps}` },
  ) as unknown as (p: LstmParams<NdArray>, t: NdArray) => Promise<{ readonly value: NdArray }>;
  return async () => (await step(params, x)).value;
}

/** The LSTM as a loop; the input projections of all steps are one product, as in the unrolled form. */
function loop(params: LstmParams<Tensor>, x: Tensor): Tensor {
  const [batch] = x.shape as readonly [number, number, number];
  const zeros = fill([batch, params.recurrent.shape[0]!], 0);
  const projected = swapAxes(linear({ weight: params.input, bias: params.bias }, x), 0, 1);
  const { outputs } = scan(
    ({ hidden, cell }: { readonly hidden: Tensor; readonly cell: Tensor }, { gates }: { readonly gates: Tensor }) => {
      const state = lstmGates(add(gates, matmul(hidden, params.recurrent)), cell);
      return { state, outputs: { hidden: state.hidden } };
    },
    { initial: { hidden: zeros, cell: zeros }, sequences: { gates: projected } },
  );
  return swapAxes(outputs.hidden, 0, 1);
}
