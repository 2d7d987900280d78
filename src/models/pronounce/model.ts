// The pronunciation model as files: which alphabets it reads and writes, its network, its parameters.

import { fileError, HeedError } from "../../core/errors.ts";
import { quoteValue } from "../../files/scanner.ts";
import { vocabularyFromJson, vocabularySize, vocabularyToJson, type Vocabulary } from "../../text/vocabulary.ts";
import { checkNetwork, decodeNetwork, encodeNetwork, type PronounceNetwork } from "./network.ts";

/** A model that pronounces words. */
export type PronounceModel = PronounceNetwork & { readonly letters: Vocabulary; readonly phonemes: Vocabulary };

/** The names of a model folder's files. */
export const pronounceFiles = { config: "config.json", weights: "model.safetensors" } as const;

const kind = "pronounce";
const version = 1;
const maxConfigBytes = 1 << 20;

/** The two files of a model. */
export function encodePronounceModel(
  model: PronounceModel,
  storage: "float32" | "float16" = "float16",
): { readonly config: Uint8Array; readonly weights: Uint8Array } {
  const { network, config, letters, phonemes } = model;
  const json = {
    kind,
    version,
    // The first models had one network and do not name it.
    ...(network === "recurrent" ? {} : { network }),
    model: config,
    letters: vocabularyToJson(letters),
    phonemes: vocabularyToJson(phonemes),
  };
  return {
    config: new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`),
    weights: encodeNetwork(model, { storage }),
  };
}

/**
 * A model from its two files.
 *
 * @param where - the folder or address they came from, for messages.
 * @throws HeedError (code `file`) naming the file and what is wrong with it.
 */
export function decodePronounceModel(
  files: { readonly config: Uint8Array; readonly weights: Uint8Array },
  where: string,
): PronounceModel {
  const name = `${where}/${pronounceFiles.config}`;
  if (files.config.length > maxConfigBytes)
    throw fileError(name, `at most ${maxConfigBytes} bytes are read`, `${files.config.length}`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(files.config));
  } catch (cause) {
    throw new HeedError({
      code: "file",
      where: name,
      expected: "the file must be JSON in UTF-8",
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  const record = (typeof json === "object" && json !== null ? json : {}) as Record<string, unknown>;
  if (record["kind"] !== kind || record["version"] !== version)
    throw fileError(
      name,
      `kind "${kind}" and version ${version} are required`,
      `${quoteValue(record["kind"])} and ${quoteValue(record["version"])}`,
    );
  const network = checkNetwork(name, "network" in record ? record["network"] : "recurrent", record["model"]);
  const { config } = network;
  const letters = vocabularyFromJson(record["letters"], name);
  const phonemes = vocabularyFromJson(record["phonemes"], name);
  if (config.sourceCount !== vocabularySize(letters) || config.targetCount !== vocabularySize(phonemes))
    throw fileError(
      name,
      `the network must have ${vocabularySize(letters)} source and ${vocabularySize(phonemes)} target symbols, as its alphabets`,
      `${config.sourceCount} and ${config.targetCount}`,
    );
  return {
    ...decodeNetwork(network, files.weights, `${where}/${pronounceFiles.weights}`),
    letters,
    phonemes,
  };
}
