// Reads a text file from outside, strictly: UTF-8, LF, no empty line, bounded; every refusal says which line and what to do.

import { readFile, stat } from "node:fs/promises";
import { fileError } from "../../core/errors.ts";

/** The largest data file that is read, in bytes: 64 MiB, about 25 times the g014b2b training file. */
export const maxFileBytes: number = 64 * 1024 * 1024;

/** One line of a file; `number` counts from 1. */
export type Line = { readonly number: number; readonly text: string };

/**
 * The lines of a file without their line ends. A byte order mark at the start is passed over.
 *
 * @param path - the file to read.
 * @param name - what messages call it.
 * @throws HeedError "file" when it is not a file, is empty, is larger than `maxFileBytes`, is not UTF-8,
 *   or has CR line ends or an empty line.
 */
export async function readLines(path: string, name: string): Promise<readonly Line[]> {
  const facts = await stat(path).catch((error: unknown) => unreadable(name, error));
  if (!facts.isFile())
    throw fileError(name, "must be a regular file", facts.isDirectory() ? "a folder" : "a special file");
  if (facts.size > maxFileBytes)
    throw fileError(
      name,
      `must have at most ${maxFileBytes} bytes`,
      `${facts.size} bytes`,
      "Split the data, or leave words out.",
    );
  const text = decodeUtf8(await readFile(path).catch((error: unknown) => unreadable(name, error)), name);
  if (text.length === 0)
    throw fileError(name, "must have at least one line", "an empty file", "Put one word a line in it.");
  const texts = text.split("\n");
  if (texts.at(-1) === "") texts.pop();
  return texts.map((line, i) => {
    const where = lineName(name, i + 1);
    if (line.includes("\r"))
      throw fileError(
        where,
        "lines must end in LF alone",
        "a carriage return (CR)",
        "Convert the file to Unix line ends.",
      );
    if (line.trim() === "") throw fileError(where, "must not be empty", JSON.stringify(line), "Delete the line.");
    return { number: i + 1, text: line };
  });
}

/** How messages name a line. */
export function lineName(name: string, number: number): string {
  return `${name} line ${number}`;
}

function unreadable(name: string, error: unknown): never {
  const got = error instanceof Error ? error.message : String(error);
  throw fileError(name, "must be a readable file", got, "Check the path and its permissions.");
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    // The decoder does not say where. No byte of a longer UTF-8 character is 0x0A, so lines can be tried one by one.
    throw fileError(
      lineName(name, firstInvalidLine(bytes)),
      "must be valid UTF-8",
      "bytes that are not",
      "Save the file as UTF-8.",
    );
  }
}

function firstInvalidLine(bytes: Uint8Array): number {
  let start = 0;
  for (let number = 1; ; number++) {
    const newline = bytes.indexOf(0x0a, start);
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, newline < 0 ? bytes.length : newline));
    } catch {
      return number;
    }
    if (newline < 0) return number;
    start = newline + 1;
  }
}
