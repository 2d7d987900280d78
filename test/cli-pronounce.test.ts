import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pronounceText } from "../src/cli/pronounce-output.ts";
import { heed } from "./cli-console.ts";
import { saveSmallModel } from "./cli-model.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-pronounce-"));
const model = join(folder, "model");
const flags = ["--model", model];

interface WordJson {
  readonly word: string;
  readonly phonemes: readonly string[];
  readonly score: number;
  readonly attention: {
    readonly rows: readonly string[];
    readonly columns: readonly string[];
    readonly weights: readonly (readonly number[])[];
  };
  readonly complete: boolean;
  readonly alternatives?: readonly WordJson[];
  readonly error?: { readonly code: string; readonly message: string };
}

beforeAll(() => saveSmallModel(model));
afterAll(() => rmSync(folder, { recursive: true }));

describe("heed pronounce", () => {
  test("prints the word, its phonemes, the probability and the heat map", async () => {
    const { code, stdout, stderr } = await heed(["pronounce", "ab", ...flags]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const [head = "", empty, letters, ...rows] = stdout.split("\n");
    expect(head).toMatch(/^ab {2}(AA|B|CH|D|EY|F)( (AA|B|CH|D|EY|F))*( \(stopped at .*\))? {2}(<|\d+\.\d) ?/);
    expect(empty).toBe("");
    expect(letters!.trim().split(/ +/)).toEqual(["A", "B"]);
    expect(rows.length).toBeGreaterThan(2);
    expect(stdout).not.toContain("\u001b");
  });

  test("colours appear on a terminal alone, and not where NO_COLOR is set", async () => {
    const args = ["pronounce", "ab", ...flags];
    expect((await heed(args, { columns: 80, env: { COLORTERM: "truecolor" } })).stdout).toContain("\u001b[48;2;");
    expect((await heed(args, { columns: 80 })).stdout).toContain("\u001b[48;5;");
    expect((await heed(args, { columns: 80, env: { NO_COLOR: "1" } })).stdout).not.toContain("\u001b");
    expect((await heed(args, { columns: 80, env: { TERM: "dumb" } })).stdout).not.toContain("\u001b");
  });

  test("--json is one document with what was asked for", async () => {
    const { code, stdout } = await heed(["pronounce", "phoebe", "Ab", "--json", "--nbest", "2", ...flags]);
    expect(code).toBe(0);
    const words = JSON.parse(stdout) as readonly WordJson[];
    expect(words.map(({ word }) => word)).toEqual(["phoebe", "Ab"]);
    for (const { word, phonemes, score, attention, alternatives } of words) {
      expect(score).toBeLessThan(0);
      expect(attention.rows).toEqual(phonemes);
      expect(attention.columns).toEqual([...word.toUpperCase()]);
      expect(attention.weights.length).toBe(phonemes.length);
      for (const row of attention.weights) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 4);
      expect(alternatives?.length).toBe(1);
      expect(alternatives![0]!.alternatives).toBeUndefined();
      expect(alternatives![0]!.phonemes).not.toEqual(phonemes);
    }
  });

  test("a pronunciation that was cut short says so", async () => {
    // The small model is not trained, and comes to no end of its own accord here.
    const { stdout } = await heed(["pronounce", "a", "ab", "--json", "--nbest", "2", "--beam", "4", ...flags]);
    const words = (JSON.parse(stdout) as readonly WordJson[]).flatMap((word) => [word, ...(word.alternatives ?? [])]);
    for (const { word, phonemes, complete } of words) expect(complete).toBe(phonemes.length < 2 * word.length + 10);
    const result = (complete: boolean): Parameters<typeof pronounceText>[0] => ({
      word: "ab",
      pronunciations: [
        { phonemes: ["B"], score: -1, attention: { rows: ["B"], columns: ["A"], weights: [[1]] }, complete },
      ],
    });
    const look = { width: 80, colors: "none" } as const;
    expect(pronounceText(result(false), look)).toContain("ab  B (stopped at the longest length allowed)  36.8 %");
    expect(pronounceText(result(true), look)).toContain("ab  B  36.8 %");
  });

  test("a bad word is named with the alphabet, the others are answered, and the exit code is 1", async () => {
    const bad = [
      "",
      "r2d2",
      "na\u00efve",
      "\u{1f600}",
      "\u0441\u043b\u043e\u0432\u043e",
      "a".repeat(10_000),
      "a b",
      "\u001b[31m",
    ];
    const { code, stdout, stderr } = await heed(["pronounce", "ab", ...bad, "ba", "--json", ...flags]);
    expect(code).toBe(1);
    const words = JSON.parse(stdout) as readonly WordJson[];
    expect(words.map(({ word }) => word)).toEqual(["ab", ...bad, "ba"]);
    expect(words.filter(({ error }) => error === undefined).map(({ word }) => word)).toEqual(["ab", "ba"]);
    expect(words[1]!.error!.code).toBe("input");
    expect(stderr.trimEnd().split("\n").length).toBe(bad.length);
    expect(stderr).toContain("A to Z and '");
    expect(stderr).toContain('"r2d2" with "2"');
    expect(stderr).toContain("a word may have at most 64 letters of A to Z and '");
    expect(stderr).toContain('aaa..." with 10000');
    expect(stderr).toContain("an empty word");
    expect(stderr).not.toContain("\u001b");
    expect(stderr.length).toBeLessThan(3000);
  });

  test("a letter that is foreign is named whole, however it was typed, with the repair", async () => {
    const { stderr } = await heed(["pronounce", "cafe\u0301", "caf\u00e9", "don\u2019t", ...flags]);
    const [typed, composed, ...others] = stderr.trimEnd().split("\n");
    for (const line of [typed, composed]) expect(line).toMatch(/with "\u00c9"\. Write the word without accents\.$/);
    expect(others).toEqual([]);
  });

  test("--alpha orders by length as well", async () => {
    const found = async (...more: readonly string[]): Promise<readonly string[]> => {
      const { stdout } = await heed(["pronounce", "phoebe", "--nbest", "20", "--json", ...more, ...flags]);
      const [best] = JSON.parse(stdout) as readonly WordJson[];
      return [best!, ...best!.alternatives!].map(({ phonemes }) => phonemes.join(" "));
    };
    const usual = await found();
    expect(await found("--alpha", "0")).toEqual(usual);
    expect(await found("--alpha", "5")).not.toEqual(usual);
  });

  test("- reads words from standard input, within bounds", async () => {
    const { code, stdout } = await heed(["pronounce", "ab", "-", "--json", ...flags], { stdin: "ba\n  abba\t\nb" });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as readonly WordJson[]).map(({ word }) => word)).toEqual(["ab", "ba", "abba", "b"]);
    expect((await heed(["pronounce", "-", ...flags], { stdin: " \n" })).stderr).toContain("at least one word");
    const large = await heed(["pronounce", "-", ...flags], { stdin: "a ".repeat(600_000) });
    expect(large).toMatchObject({ code: 1, stdout: "" });
    expect(large.stderr).toContain("at most 1048576 bytes");
    expect((await heed(["pronounce", "-", ...flags], { stdin: "a ".repeat(10_001) })).stderr).toContain("10000 words");
    expect((await heed(["pronounce", "-", ...flags], { stdin: Uint8Array.of(0xff) })).stderr).toContain("UTF-8");
    expect((await heed(["pronounce", "-", "-", ...flags])).stderr).toContain("once");
  });

  test("--figure writes one figure of all words, as SVG or PNG", async () => {
    const svg = join(folder, "out.svg");
    expect(await heed(["pronounce", "ab", "bad", "--figure", svg, ...flags])).toMatchObject({ code: 0, stderr: "" });
    const text = readFileSync(svg, "utf8");
    expect(text.match(/<svg/g)?.length).toBe(1);
    expect(text).toContain(">ab<");
    expect(text).toContain(">bad<");
    const png = join(folder, "out.png");
    expect((await heed(["pronounce", "ab", "--figure", png, ...flags])).code).toBe(0);
    expect([...readFileSync(png).subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
  });

  test("a figure that cannot be written is an error beside the answers", async () => {
    const none = await heed(["pronounce", "ab", "--json", "--figure", join(folder, "no", "x.svg"), ...flags]);
    expect(none.code).toBe(1);
    expect(JSON.parse(none.stdout)).toHaveLength(1);
    expect(none.stderr).toContain("no such file or folder");
    const plain = join(folder, "plain");
    await saveSmallModel(plain, { attention: "none" });
    const blind = await heed(["pronounce", "ab", "--figure", join(folder, "y.svg"), "--model", plain]);
    expect(blind.code).toBe(1);
    expect(blind.stderr).toContain("a pronunciation with attention is required");
    expect(blind.stdout).toMatch(/^ab {2}/);
    expect(existsSync(join(folder, "y.svg"))).toBe(false);
  });

  test("wrong usage ends with 2 and says what is right", async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [[], "missing required argument 'word'"],
      [["a", "--bean", "3"], "unknown option '--bean'"],
      [["a", "--beam", "0"], "whole number from 1 to 100"],
      [["a", "--beam", "1e1"], "whole number from 1 to 100"],
      [["a", "--beam"], "argument missing"],
      [["a", "--nbest", "3", "--beam", "2"], "--nbest must not exceed --beam"],
      [["a", "--alpha", "11"], "a number from 0 to 10"],
      [["a", "--figure", "a.gif"], "must end in .svg or .png"],
      [["a", "--device", "tpu"], "must be one of cpu, wasm"],
    ];
    for (const [args, sentence] of wrong) {
      const { code, stdout, stderr } = await heed(["pronounce", ...args]);
      expect({ args, code, stdout }).toEqual({ args, code: 2, stdout: "" });
      expect(stderr).toContain(sentence);
    }
  });

  test("a missing or damaged model is a sentence that names the file", async () => {
    const missing = await heed(["pronounce", "a", "--model", join(folder, "nothing"), "--json"]);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain("heed train g2p");
    expect((JSON.parse(missing.stdout) as WordJson).error!.code).toBe("file");
    const damaged = join(folder, "damaged");
    await saveSmallModel(damaged);
    const weights = join(damaged, "model.safetensors");
    const whole = readFileSync(weights);
    const config = join(damaged, "config.json");
    const breaks: readonly (readonly [string, () => void])[] = [
      ["model.safetensors", () => writeFileSync(weights, whole.subarray(0, whole.length - 10))],
      ["model.safetensors", () => writeFileSync(weights, Buffer.alloc(100))],
      ["model.safetensors", () => rmSync(weights)],
      ["config.json", () => writeFileSync(config, "{")],
      ["config.json", () => writeFileSync(config, "[]")],
      ["config.json", () => writeFileSync(config, '{"kind":"pronounce","version":1,"model":{"sourceCount":-1}}')],
      ["config.json", () => (rmSync(config), mkdirSync(config))],
    ];
    for (const [name, damage] of breaks) {
      writeFileSync(weights, whole);
      damage();
      const { code, stderr, stdout } = await heed(["pronounce", "a", "--model", damaged]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain(name);
      expect(stderr).not.toContain("    at ");
    }
  });

  test("--timing says on stderr where the time went", async () => {
    const { stderr } = await heed(["pronounce", "a", "--timing", ...flags]);
    expect(stderr).toMatch(/imports +\d+ ms\nmodel and runtime +\d+ ms\nsessions and decoding +\d+ ms/);
  });
});
