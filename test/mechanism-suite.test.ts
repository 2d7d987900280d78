// Every mechanism of heed/attention on the native CPU and on WebAssembly, watched and unwatched.

import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import * as attention from "../src/attention/index.ts";
import { mechanismCases } from "./mechanism-cases/index.ts";
import {
  compareBits,
  compareWithReference,
  prepareCases,
  runCases,
  type Mechanism,
  type PreparedCases,
} from "./mechanism-suite.ts";

/** What `heed/attention` exports that no graph is made of. */
const onTheHost: readonly Mechanism[] = [
  // Measures of arrays.
  "alignmentErrorRate",
  "attentionFlow",
  "coveragePenalty",
  "gradientTimesWeights",
  "leaveOneOutChange",
  "linksOf",
  "meanDistance",
  "relevanceRollout",
  "rollout",
  "sinkShare",
  "spearman",
  "valueNormWeights",
  "weightCoverage",
  "weightEntropy",
  "weightsOfSteps",
  // Importers and exporters of parameters.
  "multiHeadFromKeras",
  "multiHeadFromTorch",
  "multiHeadToKeras",
  "multiHeadToTorch",
  // Numbers and lists.
  "alibiSlopes",
  "relativeBuckets",
  "sites",
];

const groups = Object.entries(mechanismCases);
const all = Object.values(mechanismCases).flat();

describe("the cases", () => {
  test("are of everything that heed/attention exports", () => {
    const covered = new Set<string>([...onTheHost, ...all.flatMap(({ covers }) => covers)]);
    expect(Object.keys(attention).filter((name) => !covered.has(name))).toEqual([]);
    expect([...covered].filter((name) => !(name in attention))).toEqual([]);
    expect(onTheHost.filter((name) => all.some(({ covers }) => covers.includes(name)))).toEqual([]);
  });

  test("are of every model", () => {
    const folders = readdirSync(new URL("../src/models/", import.meta.url), { withFileTypes: true });
    // The pronouncer is the recurrent network with its files.
    const models = folders.filter((f) => f.isDirectory() && f.name !== "pronounce").map((f) => f.name);
    const { models: cases = [] } = mechanismCases;
    expect(models.filter((model) => !cases.some(({ name }) => name.startsWith(model)))).toEqual([]);
  });

  test("have names of their own", () => {
    const names = all.map(({ name }) => name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe.each(groups)("%s", { timeout: 120_000 }, (_group, cases) => {
  let prepared: PreparedCases;
  beforeAll(() => void (prepared = prepareCases(cases)));

  test.each(["cpu", "wasm"] as const)(
    "equal the reference on %s, and keep their bits when observed",
    async (device) => {
      const results = await runCases(prepared, device);
      expect(compareWithReference(prepared, results)).toEqual([]);
      if (prepared.observable)
        expect(compareBits(prepared, results, await runCases(prepared, device, true))).toEqual([]);
    },
  );
});
