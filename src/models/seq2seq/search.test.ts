// Greedy and beam search over a model that is a table of random numbers: exhaustive search over all targets is possible,
// and every log-probability and every row of attention of a hypothesis can be looked up.

import { describe, expect, test } from "vitest";
import { END } from "../../text/vocabulary.ts";
import { lengthPenalty, searchBeams } from "./beam.ts";
import { searchGreedy } from "./greedy.ts";
import { checkDecodeOptions, checkSources, type DecodeOptions, type Hypothesis } from "./search.ts";
import { logProbOf, logProbsOf, symbols, tableModel, weightsOf, type Table } from "./table-model.cases.ts";

interface Settings {
  readonly beam: number;
  readonly nbest?: number;
  readonly alpha?: number;
}

const beams = (
  { functions, memory, initial }: Table,
  lengths: readonly number[],
  { beam, nbest = beam, alpha = 0.6 }: Settings,
): Promise<readonly (readonly Hypothesis[])[]> =>
  searchBeams(functions, memory, initial, lengths, { beam, nbest, alpha, batchSize: 1 });

/** Every target that fits, with its score, best first. */
function exhaustive(
  seed: number,
  source: number,
  longest: number,
  alpha: number,
): readonly { readonly target: readonly number[]; readonly score: number }[] {
  const all: { readonly target: readonly number[]; readonly score: number }[] = [];
  const visit = (target: readonly number[]): void => {
    all.push({ target, score: logProbOf(seed, source, target, true) / lengthPenalty(target.length + 1, alpha) });
    if (target.length + 1 < longest) for (const symbol of symbols) visit([...target, symbol]);
  };
  visit([]);
  return all.sort((a, b) => b.score - a.score);
}

/** Beam search without states, batches or stopping early, one source. */
function plainBeams(
  seed: number,
  source: number,
  longest: number,
  { beam, alpha = 0.6 }: Settings,
  ending: number,
): readonly string[] {
  type Open = { readonly target: readonly number[]; readonly logProb: number };
  let alive: readonly Open[] = [{ target: [], logProb: 0 }];
  const finished: { readonly target: readonly number[]; readonly score: number }[] = [];
  for (let t = 0; t < longest; t++) {
    const candidates = alive
      .flatMap(({ target, logProb }) => {
        const next = logProbsOf(seed, source, target, ending);
        return [END, ...symbols].map((symbol) => ({ target, symbol, logProb: logProb + next[symbol]! }));
      })
      .sort((a, b) => b.logProb - a.logProb);
    const kept: Open[] = [];
    for (const { target, symbol, logProb } of candidates) {
      if (kept.length === beam) break;
      if (symbol === END) finished.push({ target, score: logProb / lengthPenalty(target.length + 1, alpha) });
      else kept.push({ target: [...target, symbol], logProb });
    }
    alive = kept;
  }
  return finished
    .sort((a, b) => b.score - a.score)
    .slice(0, beam)
    .map(({ target }) => target.join());
}

const seeds = Array.from({ length: 25 }, (_, i) => i + 1);

describe("beam search", () => {
  test("with room for all finds what exhaustive search finds, in its order", async () => {
    for (const seed of seeds.slice(0, 8))
      for (const alpha of [0, 0.6, 2]) {
        const lengths = [2, 1];
        const found = await beams(tableModel(seed, lengths), lengths, { beam: 100, alpha });
        lengths.forEach((length, source) => {
          const all = exhaustive(seed, source, length + 2, alpha);
          expect(found[source]!.map((h) => h.target)).toEqual(all.map((h) => h.target));
          found[source]!.forEach((h, i) => expect(h.score).toBeCloseTo(all[i]!.score, 9));
        });
      }
  });

  test("stops early only where nothing can be overtaken: results equal those of a search to the end", async () => {
    let stopped = 0;
    for (const seed of seeds)
      for (const [beam, alpha, ending] of [
        [1, 0, 1],
        [2, 0.6, 3],
        [3, 1, 5],
        [4, 2, 2],
        [2, 0, 30],
      ] as const) {
        // prettier-ignore
        const table = tableModel(seed, [4], { ending, extra: 4 });
        const [found] = await beams(table, [4], { beam, alpha });
        if (table.rows.length < 8) stopped++;
        const wanted = plainBeams(seed, 0, 8, { beam, alpha }, ending);
        if (wanted.length > 0) expect(found!.map((h) => h.target.join())).toEqual(wanted.slice(0, found!.length));
        expect(found!.length).toBe(wanted.length > 0 ? wanted.length : beam);
      }
    expect(stopped).toBeGreaterThan(20);
  });

  test("log-probability, score, attention and state of each hypothesis follow its own parents", async () => {
    for (const seed of seeds) {
      const lengths = [3, 1, 2];
      const found = await beams(tableModel(seed, lengths), lengths, { beam: 4, alpha: 0.6 });
      found.forEach((list, source) => {
        for (const { target, logProb, score, weights, complete } of list) {
          expect(logProb).toBeCloseTo(logProbOf(seed, source, target, complete), 9);
          expect(score).toBeCloseTo(logProb / lengthPenalty(target.length + (complete ? 1 : 0), 0.6), 9);
          const rows = target.length + (complete ? 1 : 0);
          expect(weights).toEqual(
            Array.from({ length: rows }, (_, i) => weightsOf(seed, source, target.slice(0, i), lengths[source]!)),
          );
        }
      });
    }
  });

  test("hypotheses come best first, differ, and are at most as many as wanted", async () => {
    for (const seed of seeds) {
      const [found] = await beams(tableModel(seed, [3]), [3], { beam: 5, nbest: 3 });
      expect(found!.length).toBeLessThanOrEqual(3);
      expect(new Set(found!.map((h) => h.target.join())).size).toBe(found!.length);
      for (let i = 1; i < found!.length; i++) expect(found![i]!.score).toBeLessThanOrEqual(found![i - 1]!.score);
      const [more] = await beams(tableModel(seed, [3]), [3], { beam: 5 });
      expect(found).toEqual(more!.slice(0, 3));
    }
  });

  test("a source is answered as if it were alone, whatever the lengths of its neighbours", async () => {
    const lengths = [1, 5, 2, 3];
    for (const seed of seeds.slice(0, 10)) {
      const together = await beams(tableModel(seed, lengths, { ending: 3 }), lengths, { beam: 3 });
      const shuffled = [1, 5, 2, 3].map((length, i) => (i === 2 ? 2 : length + 1));
      const others = await beams(tableModel(seed, shuffled, { ending: 3 }), shuffled, { beam: 3 });
      // Source 2 has the same number and length in both batches.
      expect(others[2]).toEqual(together[2]);
      const first = await beams(tableModel(seed, [1], { ending: 3 }), [1], { beam: 3 });
      expect(first[0]).toEqual(together[0]);
    }
  });

  test("a larger alpha prefers longer targets", async () => {
    const mean = async (alpha: number): Promise<number> => {
      let total = 0;
      for (const seed of seeds)
        total += (await beams(tableModel(seed, [3], { ending: 2 }), [3], { beam: 40, alpha }))[0]![0]!.target.length;
      return total / seeds.length;
    };
    const lengths = [await mean(0), await mean(1), await mean(3)];
    expect(lengths[0]).toBeLessThan(lengths[1]!);
    expect(lengths[1]).toBeLessThan(lengths[2]!);
  });

  test("without an end in reach it answers with incomplete hypotheses of the longest length", async () => {
    const [found] = await beams(tableModel(1, [2], { ending: 1e-12 }), [2], { beam: 2 });
    expect(found!.map(({ complete, target }) => [complete, target.length])).toEqual([[false, 4], [false, 4]]); // prettier-ignore
    expect(found![0]!.weights.length).toBe(4);
    expect(found![0]!.score).toBeCloseTo(found![0]!.logProb / lengthPenalty(4, 0.6), 9);
  });

  test("without attention the history is empty", async () => {
    const [found] = await beams(tableModel(1, [2], { attention: false }), [2], { beam: 3 });
    expect(found!.every(({ weights }) => weights.length === 0)).toBe(true);
  });

  test("the length penalty is that of Wu et al. 2016, equation 14", () => {
    expect(lengthPenalty(1, 0.6)).toBe(1);
    expect(lengthPenalty(7, 1)).toBe(2);
    expect(lengthPenalty(19, 0.5)).toBe(2);
    expect(lengthPenalty(9, 0)).toBe(1);
  });
});

describe("greedy search", () => {
  test("equals a beam of one without length penalty, ends included", async () => {
    for (const seed of seeds)
      for (const ending of [0.2, 1, 4]) {
        const lengths = [2, 4, 1];
        const { functions, memory, initial } = tableModel(seed, lengths, { ending });
        const greedy = await searchGreedy(functions, memory, initial, lengths);
        const beam = await beams(tableModel(seed, lengths, { ending }), lengths, { beam: 1, alpha: 0 });
        expect(greedy).toEqual(beam);
      }
  });

  test("marks what ran to the longest length as incomplete, each source at its own", async () => {
    const lengths = [1, 3];
    const { functions, memory, initial } = tableModel(1, lengths, { ending: 1e-12 });
    const found = await searchGreedy(functions, memory, initial, lengths);
    expect(found.map(([h]) => [h!.complete, h!.target.length, h!.weights.length])).toEqual([[false, 3, 3], [false, 5, 5]]); // prettier-ignore
  });

  test("takes no step more than it must", async () => {
    const { functions, memory, initial, rows } = tableModel(1, [3, 3], { ending: 1e12 });
    const found = await searchGreedy(functions, memory, initial, [3, 3]);
    expect(found.map(([h]) => h!.target)).toEqual([[], []]);
    expect(rows).toEqual([2]);
  });
});

describe("options", () => {
  test("have defaults, and no more hypotheses than the beam", () => {
    expect(checkDecodeOptions({})).toEqual({ beam: 1, nbest: 1, alpha: 0, batchSize: 256 });
    expect(checkDecodeOptions({ beam: 2, nbest: 9 }).nbest).toBe(2);
  });

  test.each([
    [{ beam: 0 }, "decode: beam must be an integer >= 1, got 0"],
    [{ beam: 1.5 }, "got 1.5"],
    [{ nbest: 0 }, "nbest must be an integer >= 1, got 0"],
    [{ batchSize: 0 }, "batchSize must be an integer >= 1, got 0"],
    [{ alpha: -1 }, "alpha must be a number >= 0, got -1"],
    [{ alpha: NaN }, "got NaN"],
    [{ beams: 3 }, 'decode: options must be among beam, nbest, alpha, batchSize, signal, got "beams"'],
  ])("%o is refused", (options, message) => {
    expect(() => checkDecodeOptions(options as DecodeOptions)).toThrow(message);
  });

  test("ids that the alphabet does not have are refused", () => {
    expect(() => checkSources([[3], [4, -1]], 6)).toThrow(
      "decode: ids of a source must be integers from 0 to 5, got -1 in source 1",
    );
    for (const id of [6, 0.5, NaN]) expect(() => checkSources([[id]], 6)).toThrow(`got ${id} in source 0`);
    expect(() => checkSources([[0, 5], []], 6)).not.toThrow();
  });
});
