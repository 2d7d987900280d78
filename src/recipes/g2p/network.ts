// The seam between the recipe and the networks that it can train: all that the recipe asks of one. Data, training, scoring and
// cards know nothing else of it.

import type { NdArray } from "../../core/ndarray.ts";
import type { Rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import type { PronounceModel } from "../../models/pronounce/model.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import { createDecoder, type Decoder, type DecoderOptions } from "../../models/seq2seq/decode.ts";
import { initSeq2Seq, type Seq2SeqParams } from "../../models/seq2seq/params.ts";
import { decodeSeq2Seq } from "../../models/seq2seq/weights.ts";
import { vocabularySize, type Vocabulary } from "../../text/vocabulary.ts";
import { g2pObjective, type G2pObjective } from "./objective.ts";
import type { G2pSettings } from "./settings.ts";

/** The alphabets of a lexicon. */
export interface G2pVocabularies {
  readonly letters: Vocabulary;
  readonly phonemes: Vocabulary;
}

/** A network as the recipe sees it. Parameters are trees of whatever form it likes: the recipe only hands them on. */
export interface G2pNetwork {
  /** The first parameters, drawn from `rng`. */
  init(rng: Rng): Tree<NdArray>;
  /** What is minimised. */
  readonly objective: G2pObjective<Tree<Tensor>>;
  /** A decoder of parameters; with `bake: false` arrays that training writes in place count. */
  decoder(params: Tree<NdArray>, options: DecoderOptions): Decoder;
  /** The model of parameters from a file: of a training's best, or of a model folder. @throws HeedError "file" */
  model(bytes: Uint8Array, where: string): PronounceModel;
}

/** The network of some settings, for some alphabets. @throws HeedError "option" for settings that do not go together. */
export function g2pNetwork(settings: G2pSettings, vocabularies: G2pVocabularies): G2pNetwork {
  const config = g2pConfig(settings, vocabularies);
  return {
    init: (rng) => initSeq2Seq(config, rng) as Tree<NdArray>,
    objective: g2pObjective(config, settings) as unknown as G2pObjective<Tree<Tensor>>,
    decoder: (params, options) => createDecoder(config, params as Seq2SeqParams<NdArray>, options),
    model: (bytes, where) => ({ config, ...vocabularies, params: decodeSeq2Seq(config, bytes, where) }),
  };
}

/** The whole configuration of the recurrent network for some alphabets. */
export function g2pConfig(settings: G2pSettings, { letters, phonemes }: G2pVocabularies): Seq2SeqConfig {
  return { ...settings.model, sourceCount: vocabularySize(letters), targetCount: vocabularySize(phonemes) };
}
