import { describe, expect, test } from "vitest";
import {
  createVocabulary,
  decode,
  encode,
  vocabularyFromJson,
  vocabularySize,
  vocabularyToJson,
} from "./vocabulary.ts";

const letters = createVocabulary(["A", "B", "'"]);

describe("vocabulary", () => {
  test("numbers the symbols after pad 0, begin 1 and end 2", () => {
    expect(encode(letters, ["B", "'", "A"])).toEqual([4, 5, 3]);
    expect(encode(letters, [])).toEqual([]);
    expect(vocabularySize(letters)).toBe(6);
  });

  test("decodes up to the first end and passes over pad and begin", () => {
    expect(decode(letters, [1, 4, 0, 3, 2, 5])).toEqual(["B", "A"]);
    expect(decode(letters, Int32Array.of(3, 5))).toEqual(["A", "'"]);
    expect(decode(letters, [2, 99])).toEqual([]);
  });

  test("decode(encode(x)) is x", () => {
    const word = ["'", "A", "B", "B", "A"];
    expect(decode(letters, encode(letters, word))).toEqual(word);
  });

  test("names an unknown symbol, its place and the alphabet", () => {
    expect(() => encode(letters, ["A", "É"])).toThrow(
      'encode: every symbol must be one of A B \', got "É" at position 2 of "A É". Respell it',
    );
    expect(() => encode(letters, ["constructor"])).toThrow('"constructor" at position 1');
    expect(() => encode(letters, ["__proto__"])).toThrow('"__proto__" at position 1');
  });

  test("shortens a long alphabet in the message", () => {
    const many = createVocabulary(Array.from({ length: 70 }, (_, i) => `s${i}`));
    expect(() => encode(many, ["x"])).toThrow("s63 and 6 more");
  });

  test.each([6, -1, 3.5, Number.NaN])("refuses the id %s", (id) => {
    expect(() => decode(letters, [3, id])).toThrow(
      `decode: every id must be a whole number from 0 to 5, got ${id} at index 1`,
    );
  });

  test("refuses an empty, repeated or overlong alphabet", () => {
    expect(() => createVocabulary([])).toThrow("needs 1 to 65536 symbols, got 0");
    expect(() => createVocabulary(["A", "A"])).toThrow('symbols must differ, got "A" twice, again at index 1');
    expect(() => createVocabulary([""])).toThrow('1 to 64 characters, got "" at index 0');
    expect(() => createVocabulary(["x".repeat(65)])).toThrow("1 to 64 characters");
  });
});

describe("vocabulary as JSON", () => {
  test("round trip", () => {
    const text = JSON.stringify(vocabularyToJson(letters));
    expect(text).toBe('{"symbols":["A","B","\'"]}');
    expect(vocabularyFromJson(JSON.parse(text), "v.json")).toEqual(letters);
    expect(structuredClone(letters)).toEqual(letters);
  });

  test.each([
    ["null", "v.json: the vocabulary must be an object"],
    ['["A"]', 'an object with the one key "symbols", got an array'],
    ["{}", 'the one key "symbols", got none'],
    ['{"symbols":["A"],"more":1}', 'got "symbols more"'],
    ['{"__proto__":{"symbols":["A"]}}', 'got "__proto__"'],
    ['{"symbols":{"length":1}}', '"symbols" must be an array, got object'],
    ['{"symbols":["A",3]}', "got number at index 1"],
    ['{"symbols":[null]}', "got null at index 0"],
    ['{"symbols":["A","A"]}', "symbols must differ"],
    ['{"symbols":[]}', "1 to 65536 symbols, got 0"],
  ])("refuses %s", (text, message) => {
    expect(() => vocabularyFromJson(JSON.parse(text), "v.json")).toThrow(message);
  });

  test("symbols named like object members are ordinary", () => {
    const odd = vocabularyFromJson(JSON.parse('{"symbols":["__proto__","toString"]}'), "v.json");
    expect(encode(odd, ["toString", "__proto__"])).toEqual([4, 3]);
  });

  test("refuses more symbols than the bound", () => {
    const symbols = Array.from({ length: 65_537 }, (_, i) => String(i));
    expect(() => vocabularyFromJson({ symbols }, "v.json")).toThrow("got 65537");
  });
});
