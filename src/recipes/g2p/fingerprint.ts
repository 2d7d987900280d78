// The words a model was trained on, as hashes in its model card, so that an evaluation can say which test words it was taught.

import { fileError } from "../../core/errors.ts";
import { normalizeWord } from "../../text/word.ts";
import { wordHash48 } from "./word-hash.ts";

/**
 * The first 48 bits of SHA-256 of each distinct word (in its normal form): `packed` has 6 bytes a word, big-endian,
 * in strictly ascending order. It is written as it stands to a file beside the model.
 *
 * Size: 6 bytes a word, about 0.6 MB for 100,000 words.
 * A trained word is always found. A word that was not is found by accident with probability n / 2^48 for n trained words:
 * 3.6e-10 for n = 100,000, so over 12,000 test words the expected number of false reports is 4.3e-6.
 */
export type Fingerprint = { readonly packed: Uint8Array };

const bytesPerWord = 6;
/** A fingerprint of more words than this is refused: 10 million, 60 MB. */
const maxWordCount = 10_000_000;

/** The fingerprint of `words`; their order and repetitions do not matter. */
export function fingerprintWords(words: Iterable<string>): Fingerprint {
  const hashes = new Set<number>();
  for (const word of words) hashes.add(wordHash48(word));
  const packed = new Uint8Array(hashes.size * bytesPerWord);
  const view = new DataView(packed.buffer);
  for (const [i, hash] of Float64Array.from(hashes).sort().entries()) {
    view.setUint16(i * bytesPerWord, Math.floor(hash / 2 ** 32));
    view.setUint32(i * bytesPerWord + 2, hash % 2 ** 32);
  }
  return { packed };
}

/** The number of words behind a fingerprint (one less for every two words that share 48 bits, which is not expected). */
export function fingerprintSize({ packed }: Fingerprint): number {
  return packed.length / bytesPerWord;
}

/**
 * Checks bytes from a file and takes them as a fingerprint.
 *
 * @param where - the file, for the message.
 * @throws HeedError "file" when the bytes are not whole words in strictly ascending order, or too many.
 */
export function readFingerprint(packed: Uint8Array, where: string): Fingerprint {
  const hint = "The file is damaged; take it from the model's folder again.";
  if (packed.length % bytesPerWord !== 0 || packed.length > maxWordCount * bytesPerWord)
    throw fileError(
      where,
      `must have ${bytesPerWord} bytes a word and at most ${maxWordCount} words`,
      `${packed.length} bytes`,
      hint,
    );
  let previous = -1;
  for (const hash of hashesOf(packed)) {
    if (hash <= previous) throw fileError(where, "hashes must ascend strictly", "a hash out of order", hint);
    previous = hash;
  }
  return { packed };
}

/**
 * Which of `words` were trained on.
 *
 * @returns the distinct words found, in their normal form and in the order given, and their `count`.
 */
export function countOverlap(
  fingerprint: Fingerprint,
  words: Iterable<string>,
): { readonly count: number; readonly words: readonly string[] } {
  const trained = new Set(hashesOf(fingerprint.packed));
  const found = new Set<string>();
  for (const word of words) if (trained.has(wordHash48(word))) found.add(normalizeWord(word));
  return { count: found.size, words: [...found] };
}

function* hashesOf(packed: Uint8Array): Generator<number> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  for (let at = 0; at < packed.length; at += bytesPerWord) yield view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}
