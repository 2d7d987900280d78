// Decoding: greedy and beam search over a loaded sequence-to-sequence model, batched, with the attention of every step.

import { checkOptions } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { constant } from "../../core/ops/source.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapLeaves } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import type { Device } from "../../engine/runtime.ts";
import type { PreparedMemory } from "../../attention/contract.ts";
import { checkSeq2SeqConfig, type Seq2SeqConfig } from "./config.ts";
import { decodeFree, encode, type DecoderState, type Seq2SeqParams } from "./model.ts";
import { permuteValues } from "./permute.ts";
import type { DecodeOptions, DecoderFunctions, Hypothesis, MemoryArrays } from "./search.ts";
import { searchDecoder } from "./search-decoder.ts";

/** A model ready to decode. */
export interface Decoder {
  /**
   * Decodes sources (ids); for each, up to `nbest` hypotheses, best first, and always one. Neighbours in a batch never
   * change a result.
   *
   * @throws HeedError for options out of range, and ids that the source's alphabet does not have; the signal's reason.
   */
  decode(sources: readonly (readonly number[])[], options?: DecodeOptions): Promise<readonly (readonly Hypothesis[])[]>;
  dispose(): Promise<void>;
}

/** How a model is prepared for decoding. */
export interface DecoderOptions {
  /** Default: as `compile`. */
  readonly device?: Device;
  /** Threads inside one op. Default: the runtime's choice. */
  readonly threads?: number;
  /** Bake the parameters into the compiled graphs (default): faster. False: they are fed, so that arrays written in place (by training) count. */
  readonly bake?: boolean;
  /**
   * Lengths to which sources are padded, rising, so that a few compiled graphs serve every length: for words that come
   * one by one. Default: none; sources of one length go together and nothing is padded, which suits many words at once.
   */
  readonly buckets?: readonly number[];
  /**
   * Seed, an integer from 0 to 2^31 - 1, of a random order in which attention reads every source's states, while it looks where
   * it looked: what shows whether a model reads where it looks. Default: the order of the source.
   */
  readonly permute?: number;
}

/** The members of `DecoderOptions`. */
export const decoderOptions = ["device", "threads", "bake", "buckets", "permute"] as const;

// The parameters' tree has one optional member and one open one, too deep for the checker to map; the shapes are checked when traced.
type Loose = ((...args: readonly unknown[]) => Promise<unknown>) & { dispose(): Promise<void> };

/** Prepares a model for decoding. @throws HeedError for an unknown option. */
export function createDecoder(
  config: Seq2SeqConfig,
  params: Seq2SeqParams<NdArray>,
  options: DecoderOptions = {},
): Decoder {
  checkSeq2SeqConfig("createDecoder", config);
  checkOptions("createDecoder", options, decoderOptions);
  const { device, threads, bake = true, buckets = [], permute } = options;
  const settings = {
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(bake ? {} : { mode: "training" as const }),
  };
  const given: unknown = bake ? {} : params;
  const inside = (traced: Seq2SeqParams<Tensor>): Seq2SeqParams<Tensor> =>
    bake ? (mapLeaves<NdArray, Tensor>(params, (a) => constant(a)) as Seq2SeqParams<Tensor>) : traced;
  const encoder = compile(
    (traced: Seq2SeqParams<Tensor>, source: Tensor, masked: { readonly mask?: Tensor }) => {
      const { memory, initial } = encode(config, inside(traced), source, masked.mask ?? null);
      if (!memory) return { initial, memory: {} };
      const { keys, values, prepared } = memory;
      return { initial, memory: { keys, prepared, ...(values === keys ? {} : { values }) } };
    },
    { ...settings, name: "seq2seq.encode" },
  ) as unknown as Loose;
  const step = compile(
    (
      traced: Seq2SeqParams<Tensor>,
      memory: Partial<Record<"keys" | "values" | "prepared" | "mask", Tensor>>,
      previous: Tensor,
      state: DecoderState<Tensor>,
    ) => {
      const prepared = memory.keys
        ? ({
            keys: memory.keys,
            values: memory.values ?? memory.keys,
            prepared: memory.prepared!,
            mask: memory.mask ?? null,
          } satisfies PreparedMemory)
        : null;
      const next = decodeFree(config, inside(traced), prepared, previous, state);
      return {
        logProbs: logSoftmax(next.logits, -1),
        state: next.state,
        ...(next.weights ? { weights: next.weights } : {}),
      };
    },
    { ...settings, name: "seq2seq.step" },
  ) as unknown as Loose;
  const { longestSource } = config;
  return searchDecoder<DecoderState<NdArray>, MemoryArrays | Record<never, never>>({
    sourceCount: config.sourceCount,
    buckets,
    limit:
      longestSource === undefined
        ? undefined
        : { length: longestSource, by: "the places that location attention knows" },
    step: (memory, previous, state) => step(given, memory, previous, state) as ReturnType<DecoderFunctions["step"]>,
    longest: (length) => 2 * length + 10,
    async begin(source, mask) {
      const { initial, memory } = (await encoder(given, source, mask ? { mask } : {})) as {
        initial: DecoderState<NdArray>;
        memory: MemoryArrays | Record<never, never>;
      };
      if (!("keys" in memory)) return { initial, memory };
      const whole = mask ? { ...memory, mask } : memory;
      if (permute === undefined) return { initial, memory: whole };
      const values = permuteValues(memory.values ?? memory.keys, source, mask, permute);
      return { initial, memory: { ...whole, values } };
    },
    async dispose() {
      await encoder.dispose();
      await step.dispose();
    },
  });
}
