// A stand-in for the model, for tests of the page alone: spelling rules and made-up weights, never shipped.

import type { AlignmentTrace } from "heed/draw";
import type { LoadPronouncer, Pronouncer, Pronunciation } from "../src/worker/pronouncer.ts";

/** Spelling, phonemes; longer spellings first. */
const rules: readonly (readonly [string, string])[] = [
  ["colonel", "K ER N AH L"],
  ["eigh", "EY"],
  ["tion", "SH AH N"],
  ["ough", "AO"],
  ["queue", "K Y UW"],
  ["choir", "K W AY ER"],
  ["igh", "AY"],
  ["kn", "N"],
  ["ph", "F"],
  ["sh", "SH"],
  ["ch", "CH"],
  ["th", "TH"],
  ["ng", "NG"],
  ["oe", "IY"],
  ["ee", "IY"],
  ["oo", "UW"],
  ["ou", "AW"],
  ["ai", "EY"],
  ["qu", "K W"],
  ["ck", "K"],
  ["a", "AE"],
  ["b", "B"],
  ["c", "K"],
  ["d", "D"],
  ["e", "IY"],
  ["f", "F"],
  ["g", "G"],
  ["h", "HH"],
  ["i", "IH"],
  ["j", "JH"],
  ["k", "K"],
  ["l", "L"],
  ["m", "M"],
  ["n", "N"],
  ["o", "OW"],
  ["p", "P"],
  ["q", "K"],
  ["r", "R"],
  ["s", "S"],
  ["t", "T"],
  ["u", "AH"],
  ["v", "V"],
  ["w", "W"],
  ["x", "K S"],
  ["y", "IY"],
  ["z", "Z"],
  ["'", ""],
  ["-", ""],
];

interface Sound {
  readonly symbol: string;
  readonly centre: number;
  readonly width: number;
}

function sounds(word: string): readonly Sound[] {
  const found: Sound[] = [];
  for (let at = 0; at < word.length;) {
    const [spelling, symbols] = rules.find(([candidate]) => word.toLowerCase().startsWith(candidate, at))!;
    const list = symbols.split(" ").filter((symbol) => symbol !== "");
    list.forEach((symbol, k) => {
      const centre = at + ((k + 0.5) / list.length) * spelling.length - 0.5;
      found.push({ symbol, centre, width: Math.max(0.42, (0.4 * spelling.length) / list.length) });
    });
    at += spelling.length;
  }
  return found;
}

function align(word: string, list: readonly Sound[]): AlignmentTrace {
  const columns = [...word];
  const weights = list.map(({ centre, width }) => {
    const raw = columns.map((_, j) => Math.exp(-((j - centre) ** 2) / (2 * width ** 2)) + 0.003);
    const total = raw.reduce((a, b) => a + b, 0);
    return raw.map((value) => value / total);
  });
  return { word, rows: list.map(({ symbol }) => symbol), columns, weights };
}

function nearby(list: readonly Sound[], rank: number): readonly Sound[] {
  if (rank === 0 || list.length === 0) return list;
  const at = (rank * 3 + 1) % list.length;
  return list.map((sound, i) => (i === at ? { ...sound, symbol: ["AH", "EH", "IH", "ER"][rank % 4]! } : sound));
}

async function pronounce(word: string, nbest: number): Promise<readonly Pronunciation[]> {
  // About as long as the model takes, so that stale answers really occur.
  await new Promise((resolve) => setTimeout(resolve, word === "SLOW" ? 600 : 12));
  if (word === "REFUSE") throw new Error("The word “refuse” is refused by the stand-in.");
  const list = sounds(word);
  const safe = list.length === 0 ? [{ symbol: "AH", centre: 0, width: 0.5 }] : list;
  return Array.from({ length: nbest }, (_, rank) => {
    const own = nearby(safe, rank);
    return {
      phonemes: own.map(({ symbol }) => symbol),
      score: Math.log([0.83, 0.08, 0.03, 0.012, 0.0006][rank] ?? 1e-5),
      attention: align(word, own),
      complete: word !== "ENDLESS",
    };
  });
}

const fake: Pronouncer = {
  alphabet: [..."'-ABCDEFGHIJKLMNOPQRSTUVWXYZ"],
  describe: { name: "stand-in", device: "wasm", parameterCount: 2_040_000 },
  pronounce: (word, { nbest }) => pronounce(word, nbest),
  prepare: () => Promise.resolve(false),
};

/** Loads at once; `?device=webgpu` fails, so that the error state can be seen. */
export const loadPronouncer: LoadPronouncer = async ({ device }) => {
  if (device === "webgpu") throw new Error("The stand-in has no WebGPU.");
  return fake;
};
