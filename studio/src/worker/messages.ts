// The protocol between page and worker; plain data only, so that every message can be cloned.

import type { LoadRequest, ModelDescription, Pronunciation } from "./pronouncer.ts";

/** Page to worker. */
export type ToWorker =
  ({ readonly type: "load" } & LoadRequest) | { readonly type: "pronounce"; readonly request: PronounceRequest };

/** A newer request replaces an older one that has not begun; the older one gets no answer. */
export interface PronounceRequest {
  readonly id: number;
  readonly word: string;
  readonly beam: number;
  readonly nbest: number;
}

/** Worker to page. */
export type FromWorker =
  | { readonly type: "ready"; readonly facts: ModelFacts }
  | { readonly type: "failed"; readonly sentence: string }
  | {
      readonly type: "pronounced";
      readonly id: number;
      readonly word: string;
      readonly pronunciations: readonly Pronunciation[];
      readonly milliseconds: number;
    }
  | { readonly type: "refused"; readonly id: number; readonly sentence: string };

/** What the page knows of a loaded model. */
export interface ModelFacts {
  /** Every symbol that the model reads. */
  readonly alphabet: readonly string[];
  readonly describe: ModelDescription;
}
