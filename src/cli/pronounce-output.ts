// What `heed pronounce` prints: text with a heat map for people, records for programs.

import type { HeedError } from "../core/errors.ts";
import type { AlignmentTrace } from "../draw/alignment.ts";
import { alignmentTerminal } from "../draw/terminal.ts";
import type { Alignment, PronounceResult, Pronunciation } from "../models/pronounce/pronouncer.ts";
import type { Colors } from "./console.ts";

/** One pronunciation in JSON. */
export interface PronunciationJson {
  readonly word: string;
  readonly phonemes: readonly string[];
  /** Log-probability in nats. */
  readonly score: number;
  /** `weights[row][column]` for phonemes (rows) and letters (columns); no rows of weights where the model has no attention. */
  readonly attention: Alignment;
  /** False where the search stopped at the longest pronunciation allowed. */
  readonly complete: boolean;
  /** Further pronunciations, best first; present where more than one was asked for. */
  readonly alternatives?: readonly PronunciationJson[];
}

/** One word in JSON. */
export type WordJson =
  | PronunciationJson
  | { readonly word: string; readonly error: { readonly code: HeedError["code"]; readonly message: string } };

/** The JSON of a result. Numbers are rounded to six decimals. */
export function pronounceJson(result: PronounceResult, nbest: number): WordJson {
  const { word } = result;
  if ("error" in result) return { word, error: { code: result.error.code, message: result.error.message } };
  const [best, ...others] = result.pronunciations.map((pronunciation) => toJson(word, pronunciation));
  return nbest > 1 ? { ...best!, alternatives: others } : best!;
}

/** The text of a result: word, phonemes, probability, the heat map, and further pronunciations. */
export function pronounceText(
  result: Exclude<PronounceResult, { readonly error: HeedError }>,
  { width, colors }: { readonly width: number; readonly colors: Colors },
): string {
  const [best, ...others] = result.pronunciations;
  const bold = (text: string): string => (colors === "none" ? text : `\u001b[1m${text}\u001b[22m`);
  const lines = [`${bold(result.word)}  ${phonemesText(best!)}  ${probabilityText(best!)}`];
  others.forEach((other, i) => lines.push(`  ${i + 2}. ${phonemesText(other)}  ${probabilityText(other)}`));
  const trace = traceOf(result.word, best!);
  if (trace) lines.push("", alignmentTerminal(trace, { width, color: colors }));
  return lines.join("\n");
}

/** The alignment of a pronunciation as a figure draws it; null where there is nothing to draw. */
export function traceOf(word: string, { attention }: Pronunciation): AlignmentTrace | null {
  const { rows, columns, weights } = attention;
  return weights.length > 0 && rows.length > 0 ? { rows, columns, weights, word } : null;
}

function toJson(word: string, { phonemes, score, attention, complete }: Pronunciation): PronunciationJson {
  const weights = attention.weights.map((row) => row.map(rounded));
  return { word, phonemes, score: rounded(score), attention: { ...attention, weights }, complete };
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

function phonemesText({ phonemes, complete }: Pronunciation): string {
  const said = phonemes.length === 0 ? "(silence)" : phonemes.join(" ");
  return complete ? said : `${said} (stopped at the longest length allowed)`;
}

function probabilityText({ score }: Pronunciation): string {
  const percent = 100 * Math.exp(score);
  return percent >= 0.1 ? `${percent.toFixed(1)} %` : "< 0.1 %";
}
