// Measures of single rows, by hand; and steps as queries.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { NdArray } from "../../core/ndarray.ts";
import { meanDistance } from "./mean-distance.ts";
import { drawnWeights, elements, floats } from "./model.cases.ts";
import { sinkShare } from "./sink-share.ts";
import { weightsOfSteps } from "./steps.ts";
import { weightEntropy } from "./weight-entropy.ts";

const close = { rtol: 1e-6 };
// One row of the batch, one head, three queries, four keys.
const weights = floats([1, 1, 3, 4], [0.25, 0.25, 0.25, 0.25, 0, 1, 0, 0, 0.5, 0, 0.5, 0]);
const bools = (shape: readonly number[], data: readonly number[]): NdArray =>
  new NdArray("bool", shape, Uint8Array.from(data));

describe("weightEntropy", () => {
  test("is log n where all keys are alike, 0 for one key, log 2 for a coin", () => {
    const { entropy, share } = weightEntropy(weights);
    expect(entropy.shape).toEqual([1, 1, 3]);
    expectClose(elements(entropy), [Math.log(4), 0, Math.log(2)], close);
    // log 2 / log 4 = 1 / 2.
    expectClose(elements(share), [1, 0, 0.5], close);
  });

  test("counts allowed keys alone", () => {
    // Query 0 may see three keys: -3/4 log 1/4 of log 3. Query 1 one: share 0. Query 2 keys 0 and 2: a full coin.
    const allowed = bools([1, 1, 3, 4], [1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 0]);
    const { entropy, share } = weightEntropy(weights, { allowed });
    expectClose(elements(entropy), [0.75 * Math.log(4), 0, Math.log(2)], close);
    expectClose(elements(share), [(0.75 * Math.log(4)) / Math.log(3), 0, 1], close);
    // A mask of keys stretches over rows, heads and queries.
    const two = drawnWeights([2, 3, 2, 4], 3);
    const { entropy: masked } = weightEntropy(two, { allowed: bools([2, 1, 1, 4], [1, 1, 0, 1, 1, 0, 0, 0]) });
    const expected = Array.from({ length: 12 }, (_, row) =>
      elements(two)
        .slice(4 * row, 4 * row + 4)
        .reduce((sum, w, s) => ((row < 6 ? s !== 2 : s === 0) ? sum - w * Math.log(w) : sum), 0),
    );
    expectClose(elements(masked), expected, close);
  });

  test("a row without keys has none, NaN is passed on", () => {
    const none = weightEntropy(floats([1, 1, 1, 2], [0, 0]), { allowed: bools([1, 1, 1, 2], [0, 0]) });
    expect([elements(none.entropy), elements(none.share)]).toEqual([[0], [0]]);
    const odd = weightEntropy(floats([1, 1, 2, 1], [NaN, -1]));
    expect([elements(odd.entropy), elements(odd.share)]).toEqual([
      [NaN, NaN],
      [NaN, NaN],
    ]);
    expect(weightEntropy(floats([1, 1, 2, 0], [])).entropy.shape).toEqual([1, 1, 2]);
  });
});

test("meanDistance is the expected |query - key|", () => {
  // Query 0: (0 + 1 + 2 + 3) / 4. Query 1 looks at itself. Query 2: (2 + 0) / 2.
  expectClose(elements(meanDistance(weights)), [1.5, 0, 1], close);
  // With a cache the queries stand at the end: 1, 2, 3.
  expectClose(elements(meanDistance(weights, { queryPositions: [1, 2, 3] })), [1, 1, 2], close);
  // (5 + 10 + 20 + 40) / 4, |0 - 10| with the query at 1: 9, and 0.5 (|2 - 5| + |2 - 20|).
  expectClose(elements(meanDistance(weights, { keyPositions: [5, 10, 20, 40] })), [18.75, 9, 10.5], close);
});

test("sinkShare is the weight of the first key, or of those that are said", () => {
  expectClose(elements(sinkShare(weights)), [0.25, 0, 0.5], close);
  expectClose(elements(sinkShare(weights, { positions: [0, 1, 1] })), [0.5, 1, 0.5], close);
  expectClose(elements(sinkShare(weights, { positions: [] })), [0, 0, 0], close);
  // Special tokens stand elsewhere in each row of the batch.
  const two = floats([2, 1, 1, 3], [0.2, 0.3, 0.5, 0.1, 0.2, 0.7]);
  expectClose(elements(sinkShare(two, { positions: bools([2, 3], [0, 0, 1, 1, 1, 0]) })), [0.5, 0.3], close);
});

test("steps become queries, from a loop and one by one", () => {
  const steps = [1, 2, 3].map((seed) => drawnWeights([2, 1, 1, 4], seed));
  const whole = floats([3, 2, 1, 1, 4], steps.flatMap(elements)); // prettier-ignore
  const joined = weightsOfSteps(whole);
  expect(joined.shape).toEqual([2, 1, 3, 4]);
  const expected = [0, 1].flatMap((b) => steps.flatMap((step) => elements(step).slice(4 * b, 4 * b + 4)));
  expect(elements(joined)).toEqual(expected);
  expect(elements(weightsOfSteps(steps))).toEqual(expected);
});
