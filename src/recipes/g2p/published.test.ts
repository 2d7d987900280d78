import { expect, test } from "vitest";
import { evidenceMarks, publishedAim, publishedRows } from "./published.ts";

test("rows are distinct, in percent and in order of years", () => {
  expect(new Set(publishedRows.map(({ system, source }) => system + source)).size).toBe(publishedRows.length);
  for (const { per, wer } of publishedRows) {
    expect(wer).toBeGreaterThan(20);
    expect(wer).toBeLessThan(33);
    expect(per ?? 0).toBeLessThan(wer / 2);
  }
  const years = publishedRows.map(({ year }) => year);
  expect(years).toEqual([...years].sort());
});

test("the row to hold a model against is there, with its mark", () => {
  expect(publishedAim).toMatchObject({ per: 5.04, wer: 21.69, year: 2016, evidence: "unverified" });
  expect(evidenceMarks[publishedAim.evidence].mark).toBe("?");
});

test("figures of a leaked test set or a later dictionary are not there", () => {
  const figures = publishedRows.flatMap(({ per, wer }) => [per, wer]);
  for (const figure of [4.16, 19.91, 23.8, 39.61, 31.14, 30.2, 33.89, 9.1]) expect(figures).not.toContain(figure);
});
