// What the ARPABET symbols mean: an IPA letter and a word in which the sound is heard.

/** A sound. */
export interface Sound {
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

/** Vowels that sound otherwise where they carry no stress. */
const unstressed: Readonly<Record<string, readonly [ipa: string, example: string]>> = {
  AH: ["ə", "about"],
  ER: ["ɚ", "letter"],
};

const vowel = /^[AEIOU].\d?$/;
/** A vowel that does not say its stress. */
const unmarked = /^[AEIOU].$/;

/** The sounds that a symbol may stand for: two where it does not say whether it is stressed; none when it is not ARPABET. */
export function soundsOf(symbol: string): readonly Sound[] {
  const name = symbol.replace(/[012]$/, "");
  const stress = symbol.slice(name.length);
  const weak = stress === "" || stress === "0" ? unstressed[name] : undefined;
  const strong = stress !== "0" || weak === undefined ? table[name] : undefined;
  return [weak, strong].filter((entry) => entry !== undefined).map(([ipa, example]) => ({ ipa, example }));
}

/** The sounds of a symbol in words: `/ə/ as in “about” or /ʌ/ as in “hut”`; empty when it is not ARPABET. */
export function describeSounds(symbol: string): string {
  return soundsOf(symbol)
    .map(({ ipa, example }) => `/${ipa}/ as in “${example}”`)
    .join(" or ");
}

/** A pronunciation in IPA. */
export interface Ipa {
  /** Between slashes. */
  readonly written: string;
  /** Whether a stress is unknown that would change how a vowel is written, or where it stands. */
  readonly approximate: boolean;
}

/**
 * A pronunciation in IPA; undefined when a symbol is not ARPABET.
 *
 * A vowel that does not say its stress is written as unstressed, which most are; the only one of a word as stressed.
 */
export function toIpa(symbols: readonly string[]): Ipa | undefined {
  const single = symbols.filter((symbol) => vowel.test(symbol)).length === 1;
  const letters = symbols.map((symbol) => soundsOf(symbol).at(single ? -1 : 0)?.ipa);
  if (letters.length === 0 || letters.includes(undefined)) return undefined;
  return { written: `/${letters.join("")}/`, approximate: !single && symbols.some((symbol) => unmarked.test(symbol)) };
}
