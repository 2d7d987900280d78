import { expect, test } from "vitest";
import { wordHash, wordHash48, wordHashHex } from "./word-hash.ts";

test("SHA-256 of the word in upper case", () => {
  // printf ABC | sha256sum; the first block of FIPS 180-4 examples uses lower-case abc, so case matters here.
  const abc = "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78";
  expect(wordHashHex("ABC")).toBe(abc);
  expect(wordHashHex("abc")).toBe(abc);
  expect(wordHash("ABC")).toHaveLength(32);
  expect(wordHash48("ABC")).toBe(0xb5d4045c3f46);
});
