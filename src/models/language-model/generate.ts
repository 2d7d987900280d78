// Generation: prompts are read once, then each symbol is one step over a cache of keys and values.
// Axes: B prompts, P padded length of the prompts, V symbols.

import type { HeadMemory } from "../../attention/multi-head/heads.ts";
import { checkOptions } from "../../core/errors.ts";
import { NdArray } from "../../core/ndarray.ts";
import { add, mul } from "../../core/ops/binary.ts";
import { gather } from "../../core/ops/gather.ts";
import { expandDims, reshape, squeeze } from "../../core/ops/movement.ts";
import { constant, iota } from "../../core/ops/source.ts";
import { drawInto, foldIn, randomKey } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import type { Device } from "../../engine/runtime.ts";
import { readSymbols } from "../transformer/embed.ts";
import { appendStep, emptyState, newestStep, roundedCapacity, withRoom, type StepState } from "../transformer/state.ts";
import { checkLanguageModelConfig, type LanguageModelConfig } from "./config.ts";
import { checkGeneration, type GenerateOptions, type Generation } from "./generate-options.ts";
import { languageModelSteps, type LanguageModelParams } from "./model.ts";
import { sampleFrom } from "./sample.ts";

/** One generated text. */
export interface Generated {
  /** What was added to the prompt, without the symbol that stopped it. */
  readonly ids: readonly number[];
  /** Log-probability in nats of what was added, the stop included, by the model itself: at temperature 1, of all symbols. */
  readonly logProb: number;
  /** Whether the stop ended it, rather than the longest length. */
  readonly complete: boolean;
}

/** A model ready to generate. */
export interface Generator {
  /**
   * Continues prompts (ids, at least one each), all of them at once; each text is what it would be alone.
   *
   * @throws HeedError for options and prompts that cannot be; the signal's reason.
   */
  generate(prompts: readonly (readonly number[])[], options?: GenerateOptions): Promise<readonly Generated[]>;
  /**
   * The same, as it comes: at every step one id for each prompt, null for texts that have ended. It ends with the last of them.
   * Whoever leaves the loop stops the work.
   */
  stream(
    prompts: readonly (readonly number[])[],
    options?: GenerateOptions,
  ): AsyncGenerator<readonly (number | null)[], void, undefined>;
  dispose(): Promise<void>;
}

/** How a model is prepared for generation. */
export interface GeneratorOptions {
  /** Default: as `compile`. */
  readonly device?: Device;
  /** Threads inside one op. Default: the runtime's choice. */
  readonly threads?: number;
  /** Bake the parameters into the compiled graphs (default): faster. False: they are fed, so that arrays written in place (by training) count. */
  readonly bake?: boolean;
}

// The parameters' tree is too deep for the checker to map; the shapes are checked when traced.
type Loose<R> = ((...args: readonly unknown[]) => Promise<R>) & { dispose(): Promise<void> };

type Heads = readonly HeadMemory<NdArray>[];

/** One symbol of one text. */
interface Choice {
  readonly id: number;
  readonly logProb: number;
  readonly stops: boolean;
}

/**
 * Prepares a language model for generation.
 *
 * Prompts are padded at their end to 16, 32, 64, ... symbols, which changes nothing: no position sees a later one, and the next
 * symbol takes the padding's place in the cache. Graphs depend on the number of prompts and on such lengths, so few are compiled.
 *
 * @throws HeedError for an unknown option.
 */
export function createGenerator(
  config: LanguageModelConfig,
  params: LanguageModelParams<NdArray>,
  options: GeneratorOptions = {},
): Generator {
  checkLanguageModelConfig("createGenerator", config);
  checkOptions("createGenerator", options, ["device", "threads", "bake"]);
  const { device, threads, bake = true } = options;
  const settings = {
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(bake ? {} : { mode: "training" as const }),
  };
  const given: unknown = bake ? {} : params;
  const inside = (traced: LanguageModelParams<Tensor>): LanguageModelParams<Tensor> =>
    bake ? (mapTree<unknown, NdArray, Tensor>(params, (a) => constant(a)) as LanguageModelParams<Tensor>) : traced;
  /** The whole prompts (B, P), whose real lengths are (B): caches, and the logits (B, V) after each prompt. */
  const read = compile(
    (traced: LanguageModelParams<Tensor>, ids: Tensor, lengths: Tensor, empty: StepState<Tensor>) => {
      const own = inside(traced);
      const { hidden, state } = languageModelSteps(config, own, ids, empty);
      const [B, P, N] = hidden.shape as readonly [number, number, number];
      const last = add(add(mul(iota(B), P), lengths), -1); // (B), among the rows of all prompts
      const ends = expandDims(gather(reshape(hidden, [B * P, N]), last), 1); // (B, 1, N)
      return { logits: squeeze(readSymbols(own.output, own.token.symbols, ends), 1), layers: state.layers };
    },
    { ...settings, name: "languageModel.read" },
  ) as unknown as Loose<{ readonly logits: NdArray; readonly layers: Heads }>;
  /** One more symbol of each text (B). */
  const step = compile(
    (traced: LanguageModelParams<Tensor>, previous: Tensor, before: StepState<Tensor>) => {
      const own = inside(traced);
      const { hidden, state } = languageModelSteps(config, own, expandDims(previous, 1), before);
      return {
        logits: squeeze(readSymbols(own.output, own.token.symbols, hidden), 1),
        newest: newestStep(state),
      };
    },
    { ...settings, name: "languageModel.step" },
  ) as unknown as Loose<{ readonly logits: NdArray; readonly newest: Heads }>;
  const most = config.positionCount ?? Infinity;

  /** At every step one choice for each prompt, null for texts that have ended. */
  async function* choices(
    prompts: readonly (readonly number[])[],
    generation: Generation,
  ): AsyncGenerator<readonly (Choice | null)[], void, undefined> {
    const { maxLength, signal } = generation;
    const rows = prompts.length;
    if (rows === 0) return;
    signal?.throwIfAborted();
    const lengths = new NdArray(
      "int32",
      [rows],
      Int32Array.from(prompts, (p) => p.length),
    );
    const capacity = roundedCapacity(Math.max(...prompts.map((p) => p.length)), most);
    const empty = emptyState(config, config.layerCount, { rows, capacity });
    const first = await read(given, padded(prompts, capacity), lengths, empty);
    let logits = first.logits;
    let state: StepState<NdArray> = { layers: first.layers, length: lengths };
    const open = prompts.map(() => true);
    for (let t = 0; ; t++) {
      const chosen = prompts.map((_, i) => (open[i] ? choose(logits, i, t, generation) : null));
      chosen.forEach((choice, i) => (open[i] &&= !choice?.stops));
      yield chosen;
      if (t + 1 >= maxLength || !open.includes(true)) return;
      signal?.throwIfAborted();
      const previous = new NdArray(
        "int32",
        [rows],
        Int32Array.from(chosen, (choice) => choice?.id ?? 0),
      );
      state = withRoom(state, most);
      const next = await step(given, previous, state);
      logits = next.logits;
      state = appendStep(state, next.newest);
    }
  }

  return {
    async generate(prompts, options = {}) {
      const texts = prompts.map(() => ({ ids: [] as number[], logProb: 0, complete: false }));
      for await (const chosen of choices(prompts, checkGeneration(config, prompts, options)))
        chosen.forEach((choice, i) => {
          if (!choice) return;
          const text = texts[i]!;
          text.logProb += choice.logProb;
          if (choice.stops) text.complete = true;
          else text.ids.push(choice.id);
        });
      return texts;
    },
    async *stream(prompts, options = {}) {
      for await (const chosen of choices(prompts, checkGeneration(config, prompts, options))) {
        const ids = chosen.map((choice) => (choice && !choice.stops ? choice.id : null));
        if (ids.some((id) => id !== null)) yield ids;
      }
    },
    async dispose() {
      await read.dispose();
      await step.dispose();
    },
  };
}

/** The symbol of row i at step t. */
function choose(logits: NdArray, i: number, t: number, { sample, seeds, stop }: Generation): Choice {
  const width = logits.shape[1]!;
  const row = (logits.data as Float32Array).subarray(i * width, (i + 1) * width);
  const id = sampleFrom(row, sample, seeds ? uniform(seeds[i]!, t) : 0);
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
  return { id, logProb: row[id]! - largest - Math.log(total), stops: id === stop };
}

/** A number in (0, 1), a function of seed and step alone. */
function uniform(seed: number, step: number): number {
  const out = new Float32Array(1);
  drawInto(out, foldIn(randomKey(seed), step).data as Int32Array, 0, { type: "uniform" });
  return out[0]!;
}

/** int32 (B, P): the prompts, with zeros behind. */
function padded(prompts: readonly (readonly number[])[], width: number): NdArray {
  const data = new Int32Array(prompts.length * width);
  prompts.forEach((prompt, i) => data.set(prompt, i * width));
  return new NdArray("int32", [prompts.length, width], data);
}
