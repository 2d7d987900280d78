// Decoding with the Transformer: greedy and beam search with a cache of keys and values, batched, with the attention of every
// step.

import type { HeadMemory } from "../../attention/multi-head/heads.ts";
import { keyPadding } from "../../attention/masks/key-padding.ts";
import { checkOptions } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { constant } from "../../core/ops/source.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { decoderOptions, type Decoder, type DecoderOptions } from "../seq2seq/decode.ts";
import { permuteValues } from "../seq2seq/permute.ts";
import { searchDecoder } from "../seq2seq/search-decoder.ts";
import { checkTransformerConfig, type TransformerConfig } from "./config.ts";
import { transformerEncode, transformerStep, type TransformerParams } from "./model.ts";
import { appendStep, emptyState, newestStep, roundedCapacity, withRoom, type StepState } from "./state.ts";

/** What the encoder hands to each step, as arrays: for each layer keys and values (B, S, H, D), and the mask (B, S). */
type MemoryTree<T> = { readonly layers: readonly HeadMemory<T>[]; readonly mask?: T };

// The parameters' tree is too deep for the checker to map; the shapes are checked when traced.
type Loose<R> = ((...args: readonly unknown[]) => Promise<R>) & { dispose(): Promise<void> };

/** What a compiled step gives. */
type StepArrays = {
  readonly logProbs: NdArray;
  readonly weights: NdArray;
  readonly newest: readonly HeadMemory<NdArray>[];
};

/**
 * Prepares a Transformer for decoding. Options and results are those of `createDecoder`.
 *
 * A step computes its own position alone: the heads of the source are projected once, and those of the steps so far are kept.
 * Its graph depends on the rows, the padded length of the source and the cache's capacity (16, 32, 64, ...), not on how many
 * steps came before. A target has at most 2 S + 10 symbols, and no more than learned positions have rows.
 *
 * @throws HeedError for an unknown option; from `decode` besides, for a source that is longer than learned positions have rows.
 */
export function createTransformerDecoder(
  config: TransformerConfig,
  params: TransformerParams<NdArray>,
  options: DecoderOptions = {},
): Decoder {
  checkTransformerConfig("createTransformerDecoder", config);
  checkOptions("createTransformerDecoder", options, decoderOptions);
  const { device, threads, bake = true, buckets = [], permute } = options;
  const settings = {
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
    ...(bake ? {} : { mode: "training" as const }),
  };
  const given: unknown = bake ? {} : params;
  const inside = (traced: TransformerParams<Tensor>): TransformerParams<Tensor> =>
    bake ? (mapTree<unknown, NdArray, Tensor>(params, (a) => constant(a)) as TransformerParams<Tensor>) : traced;
  const encoder = compile(
    (traced: TransformerParams<Tensor>, source: Tensor, masked: { readonly mask?: Tensor }) =>
      transformerEncode(config, inside(traced), source, masked.mask ?? null).layers,
    { ...settings, name: "transformer.encode" },
  ) as unknown as Loose<readonly HeadMemory<NdArray>[]>;
  const step = compile(
    (
      traced: TransformerParams<Tensor>,
      { layers, mask }: MemoryTree<Tensor>,
      previous: Tensor,
      state: StepState<Tensor>,
    ) => {
      const memory = { layers, mask: mask ? keyPadding(mask) : null };
      const { logits, weights, state: next } = transformerStep(config, inside(traced), memory, previous, state);
      return { logProbs: logSoftmax(logits, -1), weights, newest: newestStep(next) };
    },
    { ...settings, name: "transformer.step" },
  ) as unknown as Loose<StepArrays>;

  const most = config.positionCount ?? Infinity;
  const longest = (length: number): number => Math.min(2 * length + 10, most);
  return searchDecoder<StepState<NdArray>, MemoryTree<NdArray>>({
    sourceCount: config.sourceCount,
    buckets,
    limit: { length: most, by: "the rows of the learned positions" },
    longest,
    async begin(source, mask) {
      const layers = await encoder(given, source, mask ? { mask } : {});
      const [rows, width] = source.shape as readonly [number, number];
      const capacity = roundedCapacity(Math.min(16, longest(width)), most);
      return {
        memory: {
          layers:
            permute === undefined
              ? layers
              : layers.map((layer) => ({ ...layer, values: permuteValues(layer.values, source, mask, permute) })),
          ...(mask ? { mask } : {}),
        },
        initial: emptyState(config, config.decoderLayers, { rows, capacity }),
      };
    },
    async step(memory, previous, before) {
      const state = withRoom(before, most);
      const { logProbs, weights, newest } = await step(given, memory, previous, state);
      return { logProbs, weights, state: appendStep(state, newest) };
    },
    async dispose() {
      await encoder.dispose();
      await step.dispose();
    },
  });
}
