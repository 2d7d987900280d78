// The answering side of a peer, for programs in TypeScript.

import { createInterface } from "node:readline";
import type { Answer } from "./peer.ts";

/** Answers every line of stdin, one after the other, until stdin ends. */
export async function serve(answer: (question: readonly string[]) => Promise<Answer>): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    let reply: Answer;
    try {
      reply = await answer(line.split(" "));
    } catch (error) {
      reply = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }
}
