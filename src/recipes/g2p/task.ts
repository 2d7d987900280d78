// The recipe as a training task: pairs, the compiled step, and validation by word error rate.

import type { NdArray } from "../../core/ndarray.ts";
import { valueAndGrad } from "../../core/grad.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile } from "../../engine/compile.ts";
import { describeNotFinite, findNotFinite } from "../../engine/diagnose.ts";
import { epochBatches, pairArrays, type Pair } from "../../models/seq2seq/batches.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import { createDecoder, type Decoder } from "../../models/seq2seq/decode.ts";
import { forced, initSeq2Seq, type Seq2SeqParams } from "../../models/seq2seq/model.ts";
import {
  createVocabulary,
  decode as spell,
  encode as index,
  vocabularySize,
  type Vocabulary,
} from "../../text/vocabulary.ts";
import { crossEntropy } from "../../train/losses.ts";
import type { TrainTask } from "../../train/loop.ts";
import { lettersOf, lexiconFacts, type Lexicon } from "./lexicon.ts";
import { scorePredictions } from "./score.ts";
import type { G2pSettings } from "./settings.ts";

/** The alphabets of a lexicon. */
export interface G2pVocabularies {
  readonly letters: Vocabulary;
  readonly phonemes: Vocabulary;
}

/** Alphabets that cover training and development words. */
export function g2pVocabularies(train: Lexicon, dev: Lexicon): G2pVocabularies {
  const facts = lexiconFacts({ entries: [...train.entries, ...dev.entries] });
  return { letters: createVocabulary(facts.letters), phonemes: createVocabulary(facts.phonemes) };
}

/** The whole configuration of the network for some alphabets. */
export function g2pConfig(settings: G2pSettings, { letters, phonemes }: G2pVocabularies): Seq2SeqConfig {
  return { ...settings.model, sourceCount: vocabularySize(letters), targetCount: vocabularySize(phonemes) };
}

/** Every pronunciation of every word, as ids. */
export function lexiconPairs(lexicon: Lexicon, { letters, phonemes }: G2pVocabularies): readonly Pair[] {
  return lexicon.entries.flatMap(({ word, pronunciations }) => {
    const source = index(letters, lettersOf(word));
    return pronunciations.map((p) => ({ source, target: index(phonemes, p) }));
  });
}

/** A batch of pairs as the graph reads it; axes and meaning as in `PairBatch`, without a mask where no source is padded. */
export type G2pStepInput = {
  readonly source: Tensor;
  readonly sourceMask: Tensor | undefined;
  readonly previous: Tensor;
  readonly target: Tensor;
  readonly targetMask: Tensor;
};

/** The loss of a batch as a graph: what the recipe trains. */
export function g2pLoss(
  config: Seq2SeqConfig,
  { dropout, smoothing }: Pick<G2pSettings, "dropout" | "smoothing">,
): (params: Seq2SeqParams<Tensor>, batch: G2pStepInput, key: Tensor) => Tensor {
  return (params, batch, key) => {
    const { logits } = forced(config, params, batch.source, batch.sourceMask ?? null, batch.previous, {
      rate: dropout,
      key,
    });
    return crossEntropy(logits, batch.target, { mask: batch.targetMask, smoothing }).loss;
  };
}

/** Greedy pronunciations of a lexicon's words, in order. @throws the signal's reason. */
export async function pronounceAll(
  decoder: Decoder,
  lexicon: Lexicon,
  { letters, phonemes }: G2pVocabularies,
  signal?: AbortSignal,
): Promise<readonly (readonly string[])[]> {
  const sources = lexicon.entries.map(({ word }) => index(letters, lettersOf(word)));
  const found = await decoder.decode(sources, { signal });
  return found.map(([best]) => spell(phonemes, best!.target));
}

/** The training task, and a way to release its compiled functions. */
export interface G2pTask extends TrainTask<Seq2SeqParams<NdArray>, readonly Pair[]> {
  dispose(): Promise<void>;
}

/**
 * The training task. The development words are judged with the parameters that validation is given, by greedy decoding.
 *
 * @param options.threads - threads inside one op. Default: the runtime's choice.
 */
export function g2pTask(
  settings: G2pSettings,
  train: Lexicon,
  dev: Lexicon,
  vocabularies: G2pVocabularies,
  options: { readonly threads?: number } = {},
): G2pTask {
  const config = g2pConfig(settings, vocabularies);
  const pairs = lexiconPairs(train, vocabularies);
  const loss = g2pLoss(config, settings);
  const lossAndGrad = (params: Seq2SeqParams<Tensor>, batch: G2pStepInput, key: Tensor): unknown =>
    valueAndGrad(loss)(params, batch, key);
  const step = compile(lossAndGrad, { ...options, mode: "training", name: "g2p.step" });
  const run = step as unknown as (
    params: unknown,
    batch: unknown,
    key: NdArray,
  ) => Promise<{ readonly value: NdArray; readonly grad: Seq2SeqParams<NdArray> }>;
  const arrays = (batch: readonly Pair[]): unknown => {
    const { sourceMask, ...rest } = pairArrays(batch);
    return sourceMask ? { ...rest, sourceMask } : rest;
  };
  let decoder: { readonly of: unknown; readonly decoder: Decoder } | null = null;
  return {
    params: initSeq2Seq(config, rng(settings.seed)),
    batches: (epoch) => epochBatches(pairs, settings.batchSize, settings.seed, epoch),
    count: (batch) => batch.length,
    async step(params, batch, key) {
      const { value, grad } = await run(params, arrays(batch), key);
      return { loss: value.data[0] as number, grads: grad };
    },
    async validate(params, signal) {
      // The average is one set of arrays that training writes in place, so one decoder serves every validation.
      if (decoder?.of !== params) {
        await decoder?.decoder.dispose();
        decoder = { of: params, decoder: createDecoder(config, params, { ...options, bake: false }) };
      }
      const { wer, per } = scorePredictions(dev, await pronounceAll(decoder.decoder, dev, vocabularies, signal));
      return { score: wer, metrics: { wer, per } };
    },
    async diagnose(params, batch, key) {
      const found = await findNotFinite(lossAndGrad, [params, arrays(batch), key] as never, options);
      return found && describeNotFinite(found);
    },
    async dispose() {
      await decoder?.decoder.dispose();
      decoder = null;
      await step.dispose();
    },
  };
}
