import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { folderNote, loadFolder } from "./folder.ts";
import { maxFileBytes } from "./lines.ts";

let root = "";
let folderCount = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "heed-g2p-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folderOf(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = join(root, String(folderCount++));
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const train = "READ\tR IY D\nA\tAH\nREAD\tR EH D\nHAT\tHH AE T\n";
const ref = "DATA\tD EY T AH\tD AE T AH\nRAT\tR AE T\n";

describe("loadFolder", () => {
  test("reads both files and holds the dev words out", async () => {
    const { split, report } = await loadFolder(await folderOf({ "x.train": train, "x.ref": ref, "notes.txt": "?" }));
    // sha256: A 559a..., HAT aab8..., READ 3f56...: one word of three is held out, READ with both pronunciations.
    expect(split.dev.entries).toEqual([
      {
        word: "READ",
        pronunciations: [
          ["R", "IY", "D"],
          ["R", "EH", "D"],
        ],
      },
    ]);
    expect(split.train.entries.map(({ word }) => word)).toEqual(["A", "HAT"]);
    expect(split.test.entries.map(({ pronunciations }) => pronunciations.length)).toEqual([2, 1]);
    expect(report).toEqual({
      trainFile: "x.train",
      referenceFile: "x.ref",
      trainLineCount: 4,
      trainWordCount: 3,
      duplicateCount: 0,
      devWordCount: 1,
      testWordCount: 2,
      testPronunciationCount: 3,
      unseenLetters: [],
      unseenPhonemes: ["EY"],
    });
  });

  test("takes lower case, a byte order mark, a missing last line end and repeated lines", async () => {
    const { split, report } = await loadFolder(
      await folderOf({ "x.train": "\uFEFFcat\tK AE T\nCat\tK AE T\na\tAH", "x.ref": "éa\tEY", "._x.train": "?" }),
    );
    expect([...split.train.entries, ...split.dev.entries].map(({ word }) => word).sort()).toEqual(["A", "CAT"]);
    expect(report.duplicateCount).toBe(1);
    expect(report.unseenLetters).toEqual(["É"]);
    expect(folderNote(report)).toBe(
      "left out: 1 repeated training lines; letters in test words only: É; phonemes in test words only: EY",
    );
  });

  test("joins the lines of a repeated test word", async () => {
    const { split } = await loadFolder(await folderOf({ "x.train": train, "x.ref": "RAT\tR AE T\nRAT\tR AA T\n" }));
    expect(split.test.entries).toHaveLength(1);
    expect(split.test.entries[0]?.pronunciations).toHaveLength(2);
  });
});

describe("a data folder is refused for", () => {
  test("a path that is not a folder", async () => {
    const folder = await folderOf({ "x.train": train });
    await expect(loadFolder(join(folder, "none"))).rejects.toThrow(
      "none: must be a folder with one *.train and one *.ref file, got nothing there. Check the path given as --data.",
    );
    await expect(loadFolder(join(folder, "x.train"))).rejects.toThrow("got a file. Check");
  });

  test("a missing file and several candidates", async () => {
    await expect(loadFolder(await folderOf({ "x.ref": ref }))).rejects.toThrow(
      "must hold exactly one *.train file, got none. Add one",
    );
    await expect(loadFolder(await folderOf({ "x.train": train, "y.train": train, "x.ref": ref }))).rejects.toThrow(
      "must hold exactly one *.train file, got 2: x.train, y.train. Keep one",
    );
    await expect(loadFolder(await folderOf({ "x.train": train }))).rejects.toThrow("exactly one *.ref file, got none");
  });

  test.each<[string, string | Uint8Array, string]>([
    ["an empty file", "", "x.train: must have at least one line, got an empty file."],
    ["an empty line", "A\tAH\n\nB\tB IY\n", 'x.train line 2: must not be empty, got "". Delete the line.'],
    ["an empty last line", "A\tAH\n\n", "x.train line 2: must not be empty"],
    ["CRLF", "A\tAH\r\nB\tB IY\r\n", "x.train line 1: lines must end in LF alone, got a carriage return (CR). Convert"],
    ["no tab", "A\tAH\nB B IY\n", 'x.train line 2: must have a tab after the word, got "B B IY". Put a tab'],
    ["two tabs", "A\tAH\tEY\n", 'x.train line 1: must have one tab, got 2 in "A\\tAH\\tEY". Put each'],
    ["no pronunciation", "A\t\n", 'x.train line 1: the pronunciation must not be empty, got "". Write its phonemes'],
    ["no word", "\tAH\n", 'x.train line 1: the word must be letters without spaces, got "".'],
    ["a word with a space", "A B\tAH\n", 'the word must be letters without spaces, got "A B".'],
    ["two spaces", "A\tAH  B\n", 'x.train line 1: phonemes must be separated by single spaces, got "AH  B".'],
    ["a space at the end", "A\tAH \n", "phonemes must be separated by single spaces"],
    ["a long word", `${"A".repeat(65)}\tAH\n`, "x.train line 1: the word must have at most 64 letters, got 65."],
    ["a long pronunciation", `A\t${"AH ".repeat(101).trim()}\n`, "at most 100 phonemes, got 101."],
    ["a long phoneme", `A\t${"A".repeat(17)}\n`, "a phoneme must have at most 16 characters"],
    ["one word only", "A\tAH\nA\tEY\n", "x.train: must have at least 2 different words, got 1. Add words."],
    [
      "bytes that are not UTF-8",
      Uint8Array.of(0x41, 0x09, 0x41, 0x0a, 0x42, 0x09, 0xff, 0x0a),
      "x.train line 2: must be valid UTF-8, got bytes that are not. Save the file as UTF-8.",
    ],
    ["a character cut off at the end", Uint8Array.of(0x41, 0x09, 0xc3), "x.train line 1: must be valid UTF-8"],
  ])("%s", async (_, content, message) => {
    await expect(loadFolder(await folderOf({ "x.train": content, "x.ref": ref }))).rejects.toThrow(message);
  });

  test("a malformed reference file, with its own format", async () => {
    await expect(loadFolder(await folderOf({ "x.train": train, "x.ref": "RAT\tR AE T\t\n" }))).rejects.toThrow(
      'x.ref line 1: the pronunciation must not be empty, got "". Write its phonemes or delete it. ' +
        "The format is: word TAB phonemes [TAB phonemes ...].",
    );
  });

  test("overlap of the training and the reference file", async () => {
    const shared = "RAT\tR AE T\nhat\tHH AE T\nREAD\tR IY D\nHAT\tHH AH T\n";
    await expect(loadFolder(await folderOf({ "x.train": train, "x.ref": shared }))).rejects.toThrow(
      'x.ref line 2: test words must not be in x.train, got 2 that are, first "HAT", "READ". Remove these words',
    );
  });

  test("overlap of words that are spelled alike and written otherwise", async () => {
    const files = {
      "x.train": "don\u2019t\tD OW N T\ncafe\u0301\tK AE F EY\n",
      "x.ref": "don't\tD OW N\ncaf\u00e9\tK AE F\n",
    };
    await expect(loadFolder(await folderOf(files))).rejects.toThrow(
      'x.ref line 1: test words must not be in x.train, got 2 that are, first "DON\'T", "CAF\u00c9".',
    );
  });

  test("a file that is too large, a folder in place of a file, a broken link", async () => {
    const large = await folderOf({ "x.train": train, "x.ref": ref });
    await truncate(join(large, "x.train"), maxFileBytes + 1);
    await expect(loadFolder(large)).rejects.toThrow(`x.train: must have at most ${maxFileBytes} bytes, got`);

    const nested = await folderOf({ "x.train": train });
    await mkdir(join(nested, "x.ref"));
    await expect(loadFolder(nested)).rejects.toThrow("x.ref: must be a regular file, got a folder");

    const linked = await folderOf({ "x.ref": ref });
    await symlink(join(linked, "gone"), join(linked, "x.train"));
    await expect(loadFolder(linked)).rejects.toThrow("x.train: must be a readable file, got ENOENT");
  });
});
