// The page's side of the protocol: starts the worker, asks for words, drops answers that are no longer wanted.

import type { FromWorker, ModelFacts, ToWorker } from "./worker/messages.ts";
import type { Device, Pronunciation } from "./worker/pronouncer.ts";

/** The part of a Worker that the client needs. */
export interface WorkerLike {
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToWorker): void;
  terminate(): void;
}

/** What the client tells the app. */
export interface ClientEvents {
  readonly ready: (facts: ModelFacts) => void;
  readonly failed: (sentence: string) => void;
  readonly pronounced: (word: string, pronunciations: readonly Pronunciation[], milliseconds: number) => void;
  readonly refused: (sentence: string) => void;
}

/** How many hypotheses the page follows, and pronunciations it shows, unless told. */
export const usualBeam = 5;

export interface ClientOptions {
  readonly baseUrl: string;
  readonly device: Device;
  /** Hypotheses that are followed. Default 5. */
  readonly beam?: number;
  /** Pronunciations that are wanted. Default 5. */
  readonly nbest?: number;
}

export interface Client {
  /** Starts the worker and loads the model; again after a failure. @param words - what it may be asked first, best guess first. */
  load(words: readonly string[]): void;
  /** Asks for a word; an earlier word's answer will not arrive. */
  pronounce(word: string): void;
  /** Forgets the last word asked for. */
  cancel(): void;
}

/** A client over workers made by `start`. */
export function createClient(start: () => WorkerLike, options: ClientOptions, events: ClientEvents): Client {
  const { baseUrl, device, beam = usualBeam, nbest = usualBeam } = options;
  let worker: WorkerLike | undefined;
  let wanted = 0;

  function hear(message: FromWorker): void {
    if (message.type === "ready") events.ready(message.facts);
    else if (message.type === "failed") events.failed(message.sentence);
    else if (message.id !== wanted) return;
    else if (message.type === "refused") events.refused(message.sentence);
    else events.pronounced(message.word, message.pronunciations, message.milliseconds);
  }

  return {
    load(words) {
      worker?.terminate();
      const fresh = start();
      worker = fresh;
      fresh.onmessage = ({ data }) => hear(data);
      fresh.onerror = (event) =>
        events.failed(event.message || "The model's worker did not start. Is `heed studio` still running?");
      fresh.postMessage({ type: "load", baseUrl, device, search: { beam, nbest }, words });
    },
    pronounce(word) {
      wanted++;
      worker?.postMessage({ type: "pronounce", request: { id: wanted, word, beam, nbest } });
    },
    cancel() {
      wanted++;
    },
  };
}
