// The worker's side of the protocol: one model, one request at a time, the newest request first.

import type { FromWorker, PronounceRequest, ToWorker } from "./messages.ts";
import type { LoadPronouncer, Pronouncer } from "./pronouncer.ts";

/** How long nobody must have asked anything before the model gets ready for more. */
const idleMilliseconds = 1000;

/**
 * Makes the function that a worker calls for each message. While nobody asks, the model gets ready for words of other
 * lengths, one at a time.
 *
 * @param post - sends a message to the page.
 * @param load - gets the model.
 */
export function servePronouncer(
  post: (message: FromWorker) => void,
  load: LoadPronouncer,
): (message: ToWorker) => Promise<void> {
  let pronouncer: Pronouncer | undefined;
  let waiting: PronounceRequest | undefined;
  let working = false;
  let idle: ReturnType<typeof setTimeout> | undefined;

  async function work(): Promise<void> {
    if (working || pronouncer === undefined) return;
    clearTimeout(idle);
    working = true;
    while (waiting !== undefined) {
      const request = waiting;
      waiting = undefined;
      post(await answer(pronouncer, request));
      // The engine blocks this thread: let messages in that came meanwhile, so that only the newest is answered next.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    working = false;
    idle = setTimeout(() => void prepare(), idleMilliseconds);
  }

  async function prepare(): Promise<void> {
    working = true;
    // A length that cannot be prepared is no failure yet: its words will say why.
    const more = await pronouncer!.prepare().catch(() => false);
    working = false;
    if (more || waiting !== undefined) await work();
  }

  return async (message) => {
    if (message.type === "pronounce") {
      waiting = message.request;
      return work();
    }
    try {
      pronouncer = await load(message);
      post({ type: "ready", facts: { alphabet: pronouncer.alphabet, describe: pronouncer.describe } });
    } catch (error) {
      post({ type: "failed", sentence: sentenceOf(error) });
    }
    return work();
  };
}

async function answer(pronouncer: Pronouncer, { id, word, beam, nbest }: PronounceRequest): Promise<FromWorker> {
  try {
    const start = performance.now();
    const pronunciations = await pronouncer.pronounce(word, { beam, nbest });
    return { type: "pronounced", id, word, pronunciations, milliseconds: performance.now() - start };
  } catch (error) {
    return { type: "refused", id, sentence: sentenceOf(error) };
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
