// SHA-256 of lexicons: tells words of one name apart, and recognises those that are known.

import { createHash } from "node:crypto";
import type { Lexicon } from "./lexicon.ts";

/** SHA-256 over the words of lexicons with their pronunciations, in their order, as hexadecimal text. */
export function lexiconDigest(...lexicons: readonly Lexicon[]): string {
  const hash = createHash("sha256");
  for (const { entries } of lexicons) {
    for (const { word, pronunciations } of entries)
      hash.update(`${word}\t${pronunciations.map((phonemes) => phonemes.join(" ")).join("\t")}\n`);
    hash.update("\n");
  }
  return hash.digest("hex");
}
