// heed's own side of the bench of attention.

import { gradients } from "../../src/core/grad.ts";
import { array, NdArray } from "../../src/core/ndarray.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { compile } from "../../src/engine/compile.ts";
import { and } from "../../src/attention/masks/algebra.ts";
import { causal } from "../../src/attention/masks/causal.ts";
import { lengths } from "../../src/attention/masks/lengths.ts";
import type { Mask } from "../../src/attention/masks/mask.ts";
import { observe } from "../../src/attention/observe/observe.ts";
import { attention } from "../../src/attention/dot-product/attention.ts";
import { readData, type AttentionData } from "./attention-data.ts";
import type { Problem } from "./attention-problems.ts";

/** A problem that is set up. */
export interface Ready {
  /** Solves it: the context; or query's, keys' and values' gradients. */
  run(): Promise<readonly NdArray[]>;
  dispose(): Promise<void>;
}

/** What the bench asks for beside the problems: the context, with the summary of the weights. */
export type Observed = "summary";

/** Sets a problem up on the numbers of its file. */
export function heedCase(problem: Problem, threads: number): Ready {
  return ready(problem, threads, readData(problem));
}

/** Runs a problem on numbers of its own, to see what memory that takes. */
export async function heedRun(problem: Problem, threads: number, observed?: Observed): Promise<void> {
  const { B, S, H, D } = problem;
  const draw = rng(1);
  const [query, keys, values, gradient] = [0, 1, 2, 3].map(
    () => draw.uniform([B, S, H, D], 1).data as Float32Array,
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const { run, dispose } = ready(problem, threads, { query, keys, values, gradient }, observed);
  for (let i = 0; i < 2; i++) await run();
  await dispose();
}

function ready(problem: Problem, threads: number, data: AttentionData, observed?: Observed): Ready {
  const { pass, B, S, H, D } = problem;
  const options = { threads, mode: pass === "forward" ? "inference" : "training", name: "attention" } as const;
  const given = (x: Float32Array): NdArray => new NdArray("float32", [B, S, H, D], x);
  const operands = [data.query, data.keys, data.values].map(given);
  // Lengths are known only when it runs, as in a model.
  const rest = problem.lengths ? [array(Int32Array.from(problem.lengths))] : [];
  const forward = (query: Tensor, keys: Tensor, values: Tensor, real?: Tensor): Tensor =>
    attention({ query, keys, values, ...maskOf(problem, real) }).context;
  const step = (query: Tensor, keys: Tensor, values: Tensor, seed: Tensor, real?: Tensor): readonly Tensor[] => {
    const context = forward(query, keys, values, real);
    return [context, ...gradients(context, [query, keys, values], seed)];
  };
  if (pass === "backward") {
    const compiled = compile(step, options);
    const call = compiled as unknown as (...args: readonly NdArray[]) => Promise<readonly NdArray[]>;
    const args = [...operands, given(data.gradient), ...rest];
    return { run: async () => (await call(...args)).slice(1), dispose: () => compiled.dispose() };
  }
  const watched = observe(forward, "attention", { level: "summary" });
  const compiled = observed
    ? compile(watched, options)
    : compile((...args: Parameters<typeof forward>) => [forward(...args)], options);
  const call = compiled as unknown as (...args: readonly NdArray[]) => Promise<unknown>;
  return {
    run: async () => (await call(...operands, ...rest)) as readonly NdArray[],
    dispose: () => compiled.dispose(),
  };
}

function maskOf(problem: Problem, real: Tensor | undefined): { readonly mask?: Mask } {
  const masks = [...(problem.causal ? [causal()] : []), ...(real ? [lengths(real)] : [])];
  return masks.length === 0 ? {} : { mask: and(...masks) };
}
