import { expect, test } from "vitest";
import { wordHash, wordHash48, wordHashHex } from "./word-hash.ts";

test("SHA-256 of the word in its normal form", () => {
  // printf ABC | sha256sum; the first block of FIPS 180-4 examples uses lower-case abc, so case matters here.
  const abc = "b5d4045c3f466fa91fe2cc6abe79232a1a57cdf104f7a26e716e0a1e2789df78";
  expect(wordHashHex("ABC")).toBe(abc);
  expect(wordHashHex("abc")).toBe(abc);
  // printf "DON'T" | sha256sum, and of CAFÉ with É as one character.
  for (const word of ["don't", "don\u2019t"])
    expect(wordHashHex(word)).toBe("7fd60b7a1cd7b33979cc88cb5d8f1ac08436ebbe9033c0ce642a64a4c31d5ed9");
  for (const word of ["caf\u00e9", "cafe\u0301"])
    expect(wordHashHex(word)).toBe("264977a5234665644138d51f00742b814445153e7792f6dd08dfb9968261d4f2");
  expect(wordHash("ABC")).toHaveLength(32);
  expect(wordHash48("ABC")).toBe(0xb5d4045c3f46);
});
