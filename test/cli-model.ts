// A small model with drawn parameters: it says nonsense, the same nonsense every time.

import { rng } from "../src/core/random.ts";
import { savePronounceModel } from "../src/models/pronounce/node.ts";
import type { Seq2SeqConfig } from "../src/models/seq2seq/config.ts";
import { initSeq2Seq } from "../src/models/seq2seq/model.ts";
import { createVocabulary, vocabularySize } from "../src/text/vocabulary.ts";

/** Writes the model folder. */
export async function saveSmallModel(
  folder: string,
  { attention = "additive" }: { readonly attention?: Seq2SeqConfig["attention"] } = {},
): Promise<void> {
  const letters = createVocabulary([..."'ABCDEFGHIJKLMNOPQRSTUVWXYZ"]);
  const phonemes = createVocabulary(["AA", "B", "CH", "D", "EY", "F"]);
  const config: Seq2SeqConfig = {
    sourceCount: vocabularySize(letters),
    targetCount: vocabularySize(phonemes),
    embeddingSize: 8,
    encoderSize: 8,
    encoderLayers: 1,
    decoderSize: 12,
    attentionalSize: 8,
    alignmentSize: 8,
    attention,
    inputFeeding: true,
  };
  await savePronounceModel(folder, {
    network: "recurrent",
    config,
    letters,
    phonemes,
    params: initSeq2Seq(config, rng(3)),
  });
}
