import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countOverlap, fingerprintSize, fingerprintWords, readFingerprint } from "./fingerprint.ts";

describe("fingerprint", () => {
  test("is the first 6 bytes of each SHA-256, ascending", () => {
    // sha256: A 559aead08264..., C 6b23c0d5f35d..., ABC b5d4045c3f46...
    const { packed } = fingerprintWords(["ABC", "A", "c", "A"]);
    expect(Buffer.from(packed).toString("hex")).toBe("559aead082646b23c0d5f35db5d4045c3f46");
    expect(fingerprintSize({ packed })).toBe(3);
  });

  test("finds exactly the words that were put in", () => {
    const word = fc.stringMatching(/^[A-Z']{1,6}$/);
    fc.assert(
      fc.property(fc.array(word), fc.array(word), (trained, tested) => {
        const { count, words } = countOverlap(fingerprintWords(trained), tested);
        const expected = [...new Set(tested)].filter((name) => trained.includes(name));
        expect(words).toEqual(expected);
        expect(count).toBe(expected.length);
      }),
    );
  });

  test("finds a word however it is written", () => {
    const taught = fingerprintWords(["don\u2019t", "cafe\u0301"]);
    expect(countOverlap(taught, ["don't", "caf\u00e9", "cafe"])).toEqual({ count: 2, words: ["DON'T", "CAF\u00c9"] });
  });

  test("an empty fingerprint overlaps with nothing", () => {
    expect(countOverlap(fingerprintWords([]), ["A"])).toEqual({ count: 0, words: [] });
  });

  test("reads its own bytes back, from the middle of a buffer too", () => {
    const { packed } = fingerprintWords(["A", "B", "C"]);
    const padded = new Uint8Array(packed.length + 3);
    padded.set(packed, 3);
    const read = readFingerprint(padded.subarray(3), "words.bin");
    expect(countOverlap(read, ["b", "D", "B"])).toEqual({ count: 1, words: ["B"] });
  });

  test("refuses damaged bytes", () => {
    const { packed } = fingerprintWords(["A", "B"]);
    expect(() => readFingerprint(packed.subarray(1), "words.bin")).toThrow(
      "words.bin: must have 6 bytes a word and at most 10000000 words, got 11 bytes. The file is damaged",
    );
    expect(() => readFingerprint(Buffer.concat([packed.subarray(6), packed.subarray(0, 6)]), "words.bin")).toThrow(
      "words.bin: hashes must ascend strictly",
    );
    expect(() => readFingerprint(new Uint8Array(12), "words.bin")).toThrow("hashes must ascend strictly");
  });
});
