// SHA-256 of a word: the one hash that splits, hold-outs and fingerprints share.

import { createHash } from "node:crypto";
import { normalizeWord } from "../../text/word.ts";

/** SHA-256, 32 bytes, of the UTF-8 bytes of the word in its normal form. */
export function wordHash(word: string): Uint8Array {
  return createHash("sha256").update(normalizeWord(word), "utf8").digest();
}

/** `wordHash` as 64 hexadecimal digits in lower case. */
export function wordHashHex(word: string): string {
  return Buffer.from(wordHash(word)).toString("hex");
}

/** The first 6 bytes of `wordHash` as a whole number below 2^48, which a number holds exactly. */
export function wordHash48(word: string): number {
  return Buffer.from(wordHash(word)).readUIntBE(0, 6);
}
