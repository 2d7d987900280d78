// What is measured of training, as cases that a process sets up when it is first asked for one.

import { topological, type Tensor } from "../../src/core/tensor.ts";
import { valueAndGrad } from "../../src/core/grad.ts";
import type { NdArray } from "../../src/core/ndarray.ts";
import { matmul } from "../../src/core/ops/matmul.ts";
import { slice } from "../../src/core/ops/slice.ts";
import { rng } from "../../src/core/random.ts";
import { input } from "../../src/core/ops/source.ts";
import { leaves, mapTree } from "../../src/core/tree.ts";
import { compile } from "../../src/engine/compile.ts";
import { runtimeFor } from "../../src/engine/devices.ts";
import { costOf } from "../../src/engine/profile.ts";
import { lowerGraph } from "../../src/onnx/lower.ts";
import { initSeq2Seq } from "../../src/models/seq2seq/model.ts";
import { adamw } from "../../src/train/optim/adamw.ts";
import { encoderLoss, encoderSizes, initEncoder } from "./encoder.ts";
import { stopwatch, type Elapsed } from "./stopwatch.ts";
import { seq2seqBatch, seq2seqConfig, seq2seqLoss } from "./seq2seq.ts";

/** A network that is measured: its loss, the loss with all gradients, and arrays to call them on. */
interface Network {
  readonly args: readonly unknown[];
  readonly loss: (...args: readonly unknown[]) => Tensor;
  readonly step: (...args: readonly unknown[]) => { readonly value: Tensor; readonly grad: unknown };
}

const networks: Readonly<Record<string, () => Network>> = {
  encoder: () => {
    const { B, S, H } = encoderSizes;
    const random = rng(1);
    const params = initEncoder(random);
    return describe(encoderLoss, [params, random.normal([B, S, H], 1), random.normal([B, S, H], 1)]);
  },
  lstm: () => describe(seq2seqLoss, [initSeq2Seq(seq2seqConfig, rng(1)), seq2seqBatch()]),
};

// The compiler checks each loss here; behind it the networks are alike.
function describe<P, Rest extends readonly unknown[]>(
  loss: (params: P, ...rest: Rest) => Tensor,
  args: readonly unknown[],
): Network {
  return { args, loss: loss as unknown as Network["loss"], step: valueAndGrad(loss) as unknown as Network["step"] };
}

/** A case that is ready: `run` is one repeat, of which each measurement makes `count`. */
export interface TrainCase {
  readonly count: number;
  readonly run: () => Promise<unknown> | void;
}

type AnyCompiled = (...args: readonly unknown[]) => Promise<unknown>;

/** A case by name. @throws Error for a name that is none. */
export function trainCase(name: string, threads: number): TrainCase {
  const options = { mode: "training", threads, name } as const;
  const made = networks[name]?.();
  if (made) {
    // One shape: a training of one shape keeps its memory from step to step (docs/decisions/0012).
    const step = compile(made.step, { ...options, keepMemory: true }) as unknown as AnyCompiled;
    return { count: name === "encoder" ? 1 : 2, run: () => step(...made.args) };
  }
  if (name === "matmul") {
    const random = rng(1);
    const [a, b] = [random.normal([1024, 1024], 1), random.normal([1024, 1024], 1)];
    // Only one element leaves the engine, so that copying the product out does not count.
    const product = compile((x: Tensor, y: Tensor) => slice(matmul(x, y), [0, 0], [1, 1]), options);
    return { count: 10, run: () => product(a, b) };
  }
  const [optimizer, form, count] = name.split("-");
  if (optimizer === "adamw" && (form === "host" || form === "graph") && Number(count) > 0)
    return optimizerCase(form, Number(count), options);
  throw new Error(`there is no case ${name}`);
}

/** AdamW over about `count` parameters, in matrices of 2^18 elements. */
function optimizerCase(
  form: "host" | "graph",
  count: number,
  options: { readonly mode: "training"; readonly threads: number; readonly name: string },
): TrainCase {
  const rows = 512;
  const random = rng(1);
  const tree = (): NdArray[] =>
    Array.from({ length: Math.round(count / rows ** 2) }, () => random.uniform([rows, rows], 1));
  const optimizer = adamw();
  const params = tree();
  const grads = tree();
  let state: unknown = optimizer.init(params);
  if (form === "host")
    return { count: 2, run: () => optimizer.updateHost(params, grads, state as never, { rate: 1e-3, time: 1 }, 1) };
  const update = compile(
    (p: never, g: never, s: never, numbers: never) => optimizer.update(p, g, s, numbers),
    options,
  ) as unknown as AnyCompiled;
  let current: unknown = params;
  return {
    count: 2,
    run: async () => {
      const next = (await update(current, grads, state, { rate: 1e-3, time: 1 })) as {
        params: unknown;
        state: unknown;
      };
      current = next.params;
      state = next.state;
    },
  };
}

/** Counts of a network's step: parameters, and operations of all its matrix products, of the loss alone and with all gradients. */
export function countStep(name: string): {
  readonly parameters: number;
  readonly forward: number;
  readonly step: number;
  readonly nodes: number;
} {
  const { step, args } = network(name);
  const { value, grad } = step(...asInputs(args));
  const products = (outputs: readonly Tensor[]): number =>
    topological(outputs).reduce((total, node) => total + (node.op.name === "matmul" ? costOf(node).flops : 0), 0);
  const all = [value, ...tensors(grad)];
  return {
    parameters: leaves<NdArray>(args[0]).reduce((total, [, a]) => total + a.size, 0),
    forward: products([value]),
    step: products(all),
    nodes: topological(all).length,
  };
}

/** The time from a function to a session, by part; to be asked of a fresh process, as everything is compiled then. */
export async function prepareStep(name: string, threads: number): Promise<Readonly<Record<string, Elapsed>>> {
  const { loss, args } = network(name);
  const runtime = await runtimeFor("cpu");
  const times: Record<string, Elapsed> = {};
  const watch = stopwatch();
  const part = (label: string): void => void (times[label] = watch());
  const inputs = asInputs(args);
  const step = valueAndGrad((params: unknown, ...rest: readonly unknown[]) => {
    const value = loss(params, ...rest);
    part("trace");
    return value;
  });
  const { value, grad } = step(inputs[0], ...inputs.slice(1));
  part("gradient");
  const lowered = lowerGraph(tensors(inputs), [value, ...tensors(grad)], { device: "cpu" }, name);
  part("lowering");
  const session = await runtime.create(lowered.model, { mode: "training", threads });
  part("session");
  await session.release();
  return times;
}

function network(name: string): Network {
  const make = networks[name];
  if (!make) throw new Error(`there is no network ${name}`);
  return make();
}

function asInputs(args: readonly unknown[]): readonly unknown[] {
  return args.map((arg) => mapTree<unknown, NdArray, Tensor>(arg, (a) => input(a.shape, a.dtype)));
}

function tensors(tree: unknown): readonly Tensor[] {
  return leaves<Tensor>(tree).map(([, t]) => t);
}
