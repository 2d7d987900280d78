// The words of a command line; `-` stands for those of standard input.

import { inputError } from "../core/errors.ts";
import type { Console } from "./console.ts";

/** Bounds of what is read from standard input, and of all words together. */
const maxBytes = 1 << 20;
const maxWords = 10_000;

/**
 * The words to work on, in order.
 *
 * @param operands - words, among them at most one `-`, which is replaced by the words of standard input (separated by
 *   white space, UTF-8).
 * @throws HeedError "input" when standard input is too long, not UTF-8 or without a word, or there are too many words.
 */
export async function readWords(operands: readonly string[], stdin: Console["stdin"]): Promise<readonly string[]> {
  const dashes = operands.filter((word) => word === "-").length;
  if (dashes > 1) throw inputError("pronounce", "- must be given once", `${dashes} times`);
  const piped = dashes === 1 ? await wordsOf(stdin) : [];
  const words = operands.flatMap((word) => (word === "-" ? piped : [word]));
  if (words.length > maxWords)
    throw inputError("pronounce", `at most ${maxWords} words are read at once`, `${words.length}`, "Split them.");
  return words;
}

async function wordsOf(stdin: Console["stdin"]): Promise<readonly string[]> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    size += bytes.length;
    if (size > maxBytes)
      throw inputError("standard input", `at most ${maxBytes} bytes are read`, "more", "Split the words.");
    chunks.push(bytes);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw inputError("standard input", "words must be valid UTF-8", cause instanceof Error ? cause.message : "others");
  }
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) throw inputError("standard input", "at least one word is required", "none");
  return words;
}
