// Learning-rate schedules: pure functions of the step.

import { checkOptions, optionError } from "../core/errors.ts";

/** Learning rate at a step; steps count from 0. */
export type Schedule = (step: number) => number;

/** The same rate at every step. */
export function constantRate(rate: number): Schedule {
  checkRate("constantRate", rate);
  return () => rate;
}

/** Settings of the schedules that warm up and decay. */
export interface WarmupOptions {
  /** Highest rate, reached after the warm-up. */
  readonly peak: number;
  /** Steps over which the rate rises linearly from 0. */
  readonly warmup: number;
  /** Steps of the whole training. */
  readonly total: number;
  /** Rate at the end, as a share of the peak. Default 0. */
  readonly floor?: number;
}

/** Linear warm-up, then half a cosine down. Source: Loshchilov and Hutter 2017 (arXiv:1608.03983), without restarts. */
export function cosine(options: WarmupOptions): Schedule {
  return decay("cosine", options, (done) => (1 + Math.cos(Math.PI * done)) / 2);
}

/** Linear warm-up, then linearly down, as BERT is trained. */
export function linearDecay(options: WarmupOptions): Schedule {
  return decay("linearDecay", options, (done) => 1 - done);
}

/** Linear warm-up over `warmup` steps, then proportional to 1/sqrt(step). Source: Vaswani et al. 2017 (arXiv:1706.03762), section 5.3. */
export function inverseSqrt(options: Pick<WarmupOptions, "peak" | "warmup">): Schedule {
  checkOptions("inverseSqrt", options, ["peak", "warmup"]);
  const { peak, warmup } = options;
  checkRate("inverseSqrt", peak);
  if (!(warmup >= 1 && Number.isFinite(warmup)))
    throw optionError("inverseSqrt", "warmup must be at least 1", String(warmup));
  return (step) => peak * Math.min((step + 1) / warmup, Math.sqrt(warmup / (step + 1)));
}

function decay(where: string, options: WarmupOptions, shape: (done: number) => number): Schedule {
  checkOptions(where, options, ["peak", "warmup", "total", "floor"]);
  const { peak, warmup, total, floor = 0 } = options;
  checkRate(where, peak);
  if (!(warmup >= 0 && total > 0 && warmup <= total))
    throw optionError(where, "0 <= warmup <= total and total > 0 are required", `warmup ${warmup}, total ${total}`);
  if (!(floor >= 0 && floor <= 1)) throw optionError(where, "floor must lie in 0..1", String(floor));
  return (step) => {
    if (step < warmup) return (peak * (step + 1)) / warmup;
    const done = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
    return peak * (floor + (1 - floor) * shape(done));
  };
}

function checkRate(where: string, rate: number): void {
  if (!(rate > 0) || !Number.isFinite(rate))
    throw optionError(where, "the rate must be a positive number", String(rate));
}
