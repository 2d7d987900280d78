// npm run bench -- decode [--json] [--rounds N]: words a second, and the command line's start.
//
// The model is the one that ships, models/pronounce, or one of its size with random parameters: that one never comes to an
// end, so every word takes the longest decoding allowed and the speeds are the lowest possible.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rng } from "../src/core/random.ts";
import { pronounceFiles, type PronounceModel } from "../src/models/pronounce/model.ts";
import { loadPronounceModel, savePronounceModel } from "../src/models/pronounce/node.ts";
import { loadCmudict } from "../src/recipes/g2p/cmudict.ts";
import { pronounceDecoder } from "../src/models/pronounce/network.ts";
import { g2pNetwork } from "../src/recipes/g2p/network.ts";
import { g2pSettings } from "../src/recipes/g2p/settings.ts";
import { createVocabulary, encode } from "../src/text/vocabulary.ts";
import { printRows, row, type Row } from "./support/rows.ts";
import { interleave, median } from "./support/statistics.ts";
import { stopwatch } from "./support/stopwatch.ts";

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "9" } },
});
const rounds = Number(options.rounds);
const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What decoding is asked for: words a second, greedy at batch 256, and milliseconds of `heed pronounce`, its start included. */
const aims = { wordsPerSecond: 2000, commandMs: 1500 } as const;

/** Letters of the words that are decoded: those of most words. */
const wordLengths = [6, 7, 8, 9];

const shipped = existsSync(join(fromRoot("models/pronounce"), pronounceFiles.weights));
const model = shipped ? await loadPronounceModel(fromRoot("models/pronounce")) : randomModel();
const { split } = await loadCmudict();
const note = shipped ? "" : " (random parameters, never ending)";
printRows([...(await decodeRows()), ...(await commandRows())], options.json);

/** A model of the size of the recipe's own, with the alphabets of English. */
function randomModel(): PronounceModel {
  const letters = createVocabulary([..."ABCDEFGHIJKLMNOPQRSTUVWXYZ'"]);
  const phonemes = createVocabulary(Array.from({ length: 39 }, (_, i) => `P${i}`));
  const network = g2pNetwork(g2pSettings("additive"), { letters, phonemes });
  return { ...network.withParams(network.init(rng(1))), letters, phonemes };
}

/** Words of one length from the dictionary's test part, as ids. */
function words(count: number, length: number): readonly (readonly number[])[] {
  const fitting = split.test.entries.filter(({ word }) => word.length === length);
  return fitting.slice(0, count).map(({ word }) => encode(model.letters, [...word]));
}

async function decodeRows(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { batch, beam } of [
    { batch: 256, beam: 1 },
    { batch: 32, beam: 1 },
    { batch: 1, beam: 1 },
    { batch: 32, beam: 5 },
    { batch: 1, beam: 5 },
  ]) {
    // A decoder for each batch size, so that the sessions of one size alone are held.
    const decoder = pronounceDecoder(model);
    const sources = wordLengths.flatMap((length) => words(batch, length));
    let symbols = 0;
    const times = await interleave(
      [
        {
          name: "decode",
          measure: async () => {
            const watch = stopwatch();
            const found = await decoder.decode(sources, { beam, batchSize: batch });
            symbols = found.reduce((total, [best]) => total + best!.target.length, 0);
            return watch().ms;
          },
        },
      ],
      { rounds },
    );
    await decoder.dispose();
    const seconds = median(times.get("decode")!) / 1000;
    const search = beam === 1 ? "greedy" : `beam ${beam}`;
    const length = (symbols / sources.length).toFixed(1);
    const aim = batch === 256 ? { peer: "aim", theirs: aims.wordsPerSecond, better: "more" as const } : {};
    const name = `${search}, batch ${batch}, ${length} symbols a word${note}`;
    rows.push(row(name, sources.length / seconds, "words/s", aim));
  }
  return rows;
}

/** The time of `heed pronounce` from the shell, and the parts that it tells itself. */
async function commandRows(): Promise<readonly Row[]> {
  const program = fromRoot("dist/cli/main.js");
  const name = "heed pronounce, one word, from the shell";
  if (!existsSync(program)) return [row(name, null, "ms", { peer: "dist/cli/main.js is missing" })];
  const folder = mkdtempSync(join(tmpdir(), "heed-bench-"));
  try {
    await savePronounceModel(folder, model);
    const args = [program, "pronounce", "phoebe", "--model", folder];
    const whole: number[] = [];
    const parts = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      const watch = stopwatch();
      call(args);
      whole.push(watch().ms);
      for (const [, part, ms] of call([...args, "--timing"]).matchAll(/^(\S.*?) {2,}(\d+) ms$/gm))
        parts.set(part!, [...(parts.get(part!) ?? []), Number(ms)]);
    }
    parts.delete("total");
    return [
      row(`${name}${note}`, median(whole), "ms", { peer: "aim", theirs: aims.commandMs }),
      ...[...parts].map(([part, times]) => row(`  ${part}`, median(times), "ms")),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs Node and gives what it wrote to stderr. */
function call(args: readonly string[]): string {
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stderr;
}
