// The recipe as a training task: pairs, the compiled step, and validation by word error rate.

import type { NdArray } from "../../core/ndarray.ts";
import { valueAndGrad } from "../../core/grad.ts";
import { rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leaves, type Tree } from "../../core/tree.ts";
import { compile } from "../../engine/compile.ts";
import { describeNotFinite, findNotFinite } from "../../engine/diagnose.ts";
import { epochBatches, pairArrays, type Pair } from "../../models/seq2seq/batches.ts";
import type { Decoder } from "../../models/seq2seq/decode.ts";
import { createVocabulary, decode as spell, encode as index } from "../../text/vocabulary.ts";
import type { TrainTask } from "../../train/loop/task.ts";
import { lettersOf, lexiconFacts, type Lexicon } from "./lexicon.ts";
import { g2pNetwork, type G2pVocabularies } from "./network.ts";
import type { G2pAside, G2pStepInput } from "./objective.ts";
import { scorePredictions } from "./score.ts";
import type { G2pSettings } from "./settings.ts";

/** Alphabets that cover training and development words. */
export function g2pVocabularies(train: Lexicon, dev: Lexicon): G2pVocabularies {
  const facts = lexiconFacts({ entries: [...train.entries, ...dev.entries] });
  return { letters: createVocabulary(facts.letters), phonemes: createVocabulary(facts.phonemes) };
}

/** Every pronunciation of every word, as ids. */
export function lexiconPairs(lexicon: Lexicon, { letters, phonemes }: G2pVocabularies): readonly Pair[] {
  return lexicon.entries.flatMap(({ word, pronunciations }) => {
    const source = index(letters, lettersOf(word));
    return pronunciations.map((p) => ({ source, target: index(phonemes, p) }));
  });
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
export interface G2pTask extends TrainTask<Tree<NdArray>, readonly Pair[]> {
  dispose(): Promise<void>;
}

/** What one compiled step gives. */
interface StepArrays {
  readonly value: NdArray;
  readonly grad: Tree<NdArray>;
  /** Absent where the objective tells nothing. */
  readonly aux?: { readonly [name in keyof G2pAside]: Readonly<Record<string, NdArray>> };
}

/**
 * The training task. The development words are judged with the parameters that validation is given, by greedy decoding.
 *
 * @param options.threads - threads inside one op. Default: the runtime's choice.
 * @throws HeedError "option" for settings that do not go together.
 */
export function g2pTask(
  settings: G2pSettings,
  train: Lexicon,
  dev: Lexicon,
  vocabularies: G2pVocabularies,
  options: { readonly threads?: number } = {},
): G2pTask {
  const network = g2pNetwork(settings, vocabularies);
  const pairs = lexiconPairs(train, vocabularies);
  const { begin: state, loss } = network.objective;
  const lossAndGrad = (params: Tree<Tensor>, batch: G2pStepInput, key: Tensor, carried: Tree<Tensor>): unknown => {
    const { value, grad, aux } = valueAndGrad(loss)(params, batch, key, carried);
    return aux === undefined ? { value, grad } : { value, grad, aux };
  };
  const step = compile(lossAndGrad, { ...options, mode: "training", name: "g2p.step" });
  const run = step as unknown as (...args: readonly unknown[]) => Promise<StepArrays>;
  const arrays = (batch: readonly Pair[]): unknown => {
    const { sourceMask, ...rest } = pairArrays(batch);
    return sourceMask ? { ...rest, sourceMask } : rest;
  };
  let decoder: { readonly of: unknown; readonly decoder: Decoder } | null = null;
  return {
    params: network.init(rng(settings.seed)),
    state,
    batches: (epoch) => epochBatches(pairs, settings.batchSize, settings.seed, epoch),
    count: (batch) => batch.length,
    async step(params, batch, key) {
      const { value, grad, aux } = await run(params, arrays(batch), key, state);
      const loss = value.data[0] as number;
      if (!aux) return { loss, grads: grad };
      overwrite(state, aux.state);
      const metrics = Object.fromEntries(
        Object.entries(aux.metrics).map(([name, { data }]) => [name, data[0] as number]),
      );
      // The value of a score function's term means nothing: what is told is the likelihood of the run.
      return { loss: metrics["nll"] ?? loss, grads: grad, metrics };
    },
    async validate(params, signal) {
      // The average is one set of arrays that training writes in place, so one decoder serves every validation.
      if (decoder?.of !== params) {
        await decoder?.decoder.dispose();
        decoder = { of: params, decoder: network.decoder(params, { ...options, bake: false }) };
      }
      const { wer, per } = scorePredictions(dev, await pronounceAll(decoder.decoder, dev, vocabularies, signal));
      return { score: wer, metrics: { wer, per } };
    },
    async diagnose(params, batch, key) {
      const found = await findNotFinite(lossAndGrad, [params, arrays(batch), key, state] as never, options);
      return found && describeNotFinite(found);
    },
    async dispose() {
      await decoder?.decoder.dispose();
      decoder = null;
      await step.dispose();
    },
  };
}

/** Writes the numbers of one tree into the arrays of another. */
function overwrite(into: Tree<NdArray>, from: Tree<NdArray>): void {
  const values = new Map(leaves<NdArray>(from));
  for (const [path, array] of leaves<NdArray>(into))
    (array.data as Float32Array).set(values.get(path)!.data as Float32Array);
}
