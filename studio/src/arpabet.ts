// What the ARPABET symbols mean: an IPA letter and a word in which the sound is heard.

export interface Phoneme {
  /** General American, as in the CMU dictionary. */
  readonly ipa: string;
  /** A word with the sound. */
  readonly example: string;
}

const table: Readonly<Record<string, readonly [ipa: string, example: string]>> = {
  AA: ["ɑ", "odd"],
  AE: ["æ", "at"],
  AH: ["ʌ", "hut"],
  AO: ["ɔ", "ought"],
  AW: ["aʊ", "cow"],
  AY: ["aɪ", "hide"],
  B: ["b", "be"],
  CH: ["tʃ", "cheese"],
  D: ["d", "dee"],
  DH: ["ð", "thee"],
  EH: ["ɛ", "red"],
  ER: ["ɝ", "hurt"],
  EY: ["eɪ", "ate"],
  F: ["f", "fee"],
  G: ["ɡ", "green"],
  HH: ["h", "he"],
  IH: ["ɪ", "it"],
  IY: ["i", "eat"],
  JH: ["dʒ", "gee"],
  K: ["k", "key"],
  L: ["l", "lee"],
  M: ["m", "me"],
  N: ["n", "knee"],
  NG: ["ŋ", "ping"],
  OW: ["oʊ", "oat"],
  OY: ["ɔɪ", "toy"],
  P: ["p", "pee"],
  R: ["ɹ", "read"],
  S: ["s", "sea"],
  SH: ["ʃ", "she"],
  T: ["t", "tea"],
  TH: ["θ", "theta"],
  UH: ["ʊ", "hood"],
  UW: ["u", "two"],
  V: ["v", "vee"],
  W: ["w", "we"],
  Y: ["j", "yield"],
  Z: ["z", "zee"],
  ZH: ["ʒ", "seizure"],
};

/** The meaning of a symbol, its stress digit ignored; undefined for a symbol that is not ARPABET. */
export function phoneme(symbol: string): Phoneme | undefined {
  const entry = table[symbol.replace(/[012]$/, "")];
  return entry === undefined ? undefined : { ipa: entry[0], example: entry[1] };
}

/** A pronunciation in IPA between slashes; an unstressed AH is a schwa. Undefined when a symbol is not ARPABET. */
export function toIpa(symbols: readonly string[]): string | undefined {
  const letters = symbols.map((symbol) => (symbol === "AH0" ? "ə" : phoneme(symbol)?.ipa));
  return letters.length === 0 || letters.includes(undefined) ? undefined : `/${letters.join("")}/`;
}
