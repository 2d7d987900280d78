// The seam between the recipe and the networks that it can train: all that the recipe asks of one. Data, training, scoring and
// cards know nothing else of it.

import type { NdArray } from "../../core/ndarray.ts";
import type { Rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { Tree } from "../../core/tree.ts";
import {
  decodeNetwork,
  pronounceDecoder,
  type NetworkConfig,
  type PronounceNetwork,
} from "../../models/pronounce/network.ts";
import type { PronounceModel } from "../../models/pronounce/model.ts";
import type { Seq2SeqConfig } from "../../models/seq2seq/config.ts";
import type { Decoder, DecoderOptions } from "../../models/seq2seq/decode.ts";
import { initSeq2Seq } from "../../models/seq2seq/params.ts";
import type { TransformerConfig } from "../../models/transformer/config.ts";
import { initTransformer } from "../../models/transformer/model.ts";
import { vocabularySize, type Vocabulary } from "../../text/vocabulary.ts";
import { isTransformer } from "./network-sizes.ts";
import { g2pObjective, transformerObjective, type G2pObjective } from "./objective.ts";
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
  /** The network with parameters of its own. */
  withParams(params: Tree<NdArray>): PronounceNetwork;
  /** The model of parameters from a file: of a training's best, or of a model folder. @throws HeedError "file" */
  model(bytes: Uint8Array, where: string): PronounceModel;
}

/** The network of some settings, for some alphabets. @throws HeedError "option" for settings that do not go together. */
export function g2pNetwork(settings: G2pSettings, vocabularies: G2pVocabularies): G2pNetwork {
  const network = configOf(settings, vocabularies);
  const withParams = (params: Tree<NdArray>): PronounceNetwork => ({ ...network, params }) as PronounceNetwork;
  return {
    ...(network.network === "recurrent" ? recurrent(network.config, settings) : transformer(network.config, settings)),
    withParams,
    decoder: (params, options) => pronounceDecoder(withParams(params), options),
    model: (bytes, where) => ({ ...decodeNetwork(network, bytes, where), ...vocabularies }),
  };
}

/** The whole configuration of a network for some alphabets. */
function configOf({ model }: G2pSettings, { letters, phonemes }: G2pVocabularies): NetworkConfig {
  const counts = { sourceCount: vocabularySize(letters), targetCount: vocabularySize(phonemes) };
  return isTransformer(model)
    ? { network: "transformer", config: { ...model, ...counts } }
    : { network: "recurrent", config: { ...model, ...counts } };
}

type Parts = Pick<G2pNetwork, "init" | "objective">;

function recurrent(config: Seq2SeqConfig, settings: G2pSettings): Parts {
  return {
    init: (rng) => initSeq2Seq(config, rng) as Tree<NdArray>,
    objective: g2pObjective(config, settings) as unknown as Parts["objective"],
  };
}

function transformer(config: TransformerConfig, settings: G2pSettings): Parts {
  return {
    init: (rng) => initTransformer(config, rng) as Tree<NdArray>,
    objective: transformerObjective(config, settings) as unknown as Parts["objective"],
  };
}
