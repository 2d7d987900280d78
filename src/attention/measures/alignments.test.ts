// Links, their error rate, coverage and rank correlation, by hand.

import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { alignmentErrorRate } from "./alignment-error-rate.ts";
import { linksOf, type Link } from "./links.ts";
import { elements, floats } from "./model.cases.ts";
import { spearman } from "./spearman.ts";
import { coveragePenalty, weightCoverage } from "./weight-coverage.ts";

// Two heads over three targets and three sources; their mean is
// (1/2, 1/4, 1/4), (1/2, 1/2, 0), (0, 0, 0).
const weights = floats([1, 2, 3, 3], [1, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0]);

describe("linksOf", () => {
  test("takes the heaviest source of each target, the first of equals, none of an empty row", () => {
    expect(linksOf(weights)).toEqual([[[0, 0], [0, 1]]]); // prettier-ignore
    // The least of the heads: (0, 0, 0), (1/2, 1/2, 0).
    expect(linksOf(weights, { heads: "min" })).toEqual([[[0, 1]]]);
    expect(linksOf(floats([1, 1, 1, 2], [NaN, 0.5]))).toEqual([[[1, 0]]]);
  });

  test("or all at a threshold, within lengths", () => {
    expect(linksOf(weights, { threshold: 0.25 })).toEqual([[[0, 0], [1, 0], [2, 0], [0, 1], [1, 1]]]); // prettier-ignore
    expect(linksOf(weights, { threshold: 0.25, keyLengths: [2], queryLengths: [1] })).toEqual([[[0, 0], [1, 0]]]); // prettier-ignore
    expect(linksOf(weights, { queryLengths: [0] })).toEqual([[]]);
  });
});

describe("alignmentErrorRate", () => {
  const found: readonly Link[] = [[0, 0], [1, 1], [2, 1]]; // prettier-ignore

  test("of one sentence", () => {
    // A = 3 links, S = 2, P = S and one more. A and S = {00}, A and P = {00, 11}: 1 - (1 + 2) / (3 + 2) = 2/5.
    const got = alignmentErrorRate([found], [{ sure: [[0, 0], [2, 2]], possible: [[1, 1]] }]); // prettier-ignore
    expect(got).toEqual({ errorRate: 2 / 5, precision: 2 / 3, recall: 1 / 2, linkCount: 3, sureCount: 2 });
  });

  test("is 0 for the sure links with any possible ones, 1 for none of them", () => {
    const reference = { sure: [[0, 0]], possible: [[1, 1], [2, 1], [5, 5]] } satisfies { sure: Link[]; possible: Link[] }; // prettier-ignore
    expect(alignmentErrorRate([found], [reference]).errorRate).toBe(0);
    expect(alignmentErrorRate([[[3, 3]]], [reference]).errorRate).toBe(1);
    expect(alignmentErrorRate([[]], [{ sure: [] }])).toMatchObject({ errorRate: 0, precision: 1, recall: 1 });
    expect(alignmentErrorRate([[]], [reference])).toMatchObject({ errorRate: 1, precision: 1, recall: 0 });
  });

  test("adds counts over sentences, and counts a link once", () => {
    // Sentence 1 as above (A 3, S 2, found 1 and 2), sentence 2: A 1, S 1, found 1 and 1. 1 - (2 + 3) / (4 + 3) = 2/7.
    const got = alignmentErrorRate(
      [found, [[4, 4], [4, 4]]], // prettier-ignore
      [{ sure: [[0, 0], [2, 2]], possible: [[1, 1]] }, { sure: [[4, 4]] }], // prettier-ignore
    );
    expect(got.errorRate).toBeCloseTo(2 / 7, 12);
    expect([got.linkCount, got.sureCount]).toEqual([4, 3]);
  });

  test("is that of nltk's example", () => {
    // reference 0-0 1-1 2-2, hypothesis 0-0 1-2 2-1: 1 - 2 / 6.
    const got = alignmentErrorRate([[[0, 0], [1, 2], [2, 1]]], [{ sure: [[0, 0], [1, 1], [2, 2]] }]); // prettier-ignore
    expect(got.errorRate).toBeCloseTo(0.6666666666666667, 15);
  });
});

describe("coverage", () => {
  test("sums the weights of each source over the steps", () => {
    const { coverage, under, over } = weightCoverage(weights);
    expect(coverage.shape).toEqual([1, 3]);
    expectClose(elements(coverage), [1, 0.75, 0.25], { rtol: 1e-6 });
    expect([under, over]).toEqual([[[2]], [[]]]);
    const tighter = weightCoverage(weights, { under: 0.25, over: 0.75 });
    expect([tighter.under, tighter.over]).toEqual([[[]], [[0]]]);
    const short = weightCoverage(weights, { queryLengths: [1], keyLengths: [2] });
    expectClose(elements(short.coverage), [0.5, 0.25, 0.25], { rtol: 1e-6 });
    expect(short.under).toEqual([[1]]);
  });

  test("its penalty counts what is missing to 1", () => {
    // 0.2 (log 1/2 + log 1 + log 1): more than 1 is no merit.
    const coverage = floats([2, 3], [0.5, 1, 1.5, 0.25, 0.5, 0]);
    const got = coveragePenalty(coverage, { keyLengths: [3, 2] });
    expectClose(elements(got), [0.2 * Math.log(0.5), 0.2 * (Math.log(0.25) + Math.log(0.5))], { rtol: 1e-6 });
    expect(elements(coveragePenalty(coverage, { beta: 1 }))[1]).toBe(-Infinity);
    expect(elements(coveragePenalty(coverage, { beta: 0 }))).toEqual([0, 0]);
  });
});

describe("spearman", () => {
  test("sees the order alone", () => {
    expect(spearman([1, 2, 3], [10, 200, 3000])).toBe(1);
    expect(spearman([1, 2, 3], [-1, -20, -300])).toBe(-1);
    // 1 - 6 sum d² / (n (n² - 1)), d = (0, 1, 1, 0): 1 - 12 / 60.
    expect(spearman([1, 2, 3, 4], [0.1, 0.3, 0.2, 0.4])).toBeCloseTo(0.8, 12);
  });

  test("equal values share their rank, a list without order has no correlation", () => {
    // Ranks (1.5, 1.5, 3) and (1, 2, 3), less 2: (-.5, -.5, 1) and (-1, 0, 1): 1.5 / sqrt(1.5 * 2).
    expect(spearman([0, 0, 1], Float32Array.of(1, 2, 3))).toBeCloseTo(1.5 / Math.sqrt(3), 12);
    expect(spearman([1, 1], [1, 2])).toBe(NaN);
    expect(spearman([-Infinity, 0, Infinity], [1, 2, 3])).toBe(1);
  });
});
