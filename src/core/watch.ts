// Watching while a function is traced: values offer themselves by name, and whoever traces may take something of them
// along, or put another value in their place. What nobody asks for is never made.

import { optionError } from "./errors.ts";
import { currentScope } from "./scope.ts";
import type { Tensor } from "./tensor.ts";

/** Something with a name in the function that is traced. */
export interface Offer {
  /** Scope and name, dotted. The second of one name is `name#1`, and so on. */
  readonly site: string;
  /** What it is, for instance `attention`; it says what `facts` are. */
  readonly kind: string;
  readonly facts: unknown;
}

/** Tensors by name. */
export type Taken = Readonly<Record<string, Tensor>>;

/** Somebody who watches. */
export interface Watcher {
  /** What to take along, made in the graph at this place; null for nothing. */
  take?(offer: Offer): Taken | null;
  /** What was taken, as it is known outside of loops: there it has a new first axis for the steps. */
  give?(site: string, taken: Taken): void;
  /** What changes the value of an offer, by the rules of its kind; null for nothing. */
  alter?(offer: Offer): unknown;
}

interface Watch {
  readonly watcher: Watcher;
  readonly counts: Map<string, number>;
  /** Where what is taken goes: to the watcher, or to the loop whose body is traced. */
  readonly hand: (site: string, taken: Taken) => void;
}

// Mutable module state, of the kind of the scopes' stack (scope.ts): tracing is synchronous.
let watches: readonly Watch[] = [];

function withWatches<R>(during: readonly Watch[], body: () => R): R {
  const before = watches;
  watches = during;
  try {
    return body();
  } finally {
    watches = before;
  }
}

/** Traces `body` before the eyes of `watcher`, and of those who watch already. */
export function watched<R>(watcher: Watcher, body: () => R): R {
  const hand = (site: string, taken: Taken): void => watcher.give?.(site, taken);
  return withWatches([...watches, { watcher, counts: new Map(), hand }], body);
}

/** What was taken in the body of a loop, with whom it is for. */
export interface TakenInLoop {
  readonly taken: Taken;
  readonly hand: (taken: Taken) => void;
}

/** Traces the body of a loop: what is taken there has to leave the loop before it is handed on. */
export function watchedInLoop<R>(body: () => R): { readonly result: R; readonly inLoop: readonly TakenInLoop[] } {
  const inLoop: TakenInLoop[] = [];
  const inside = watches.map(({ hand, ...watch }): Watch => {
    const keep = (site: string, taken: Taken): void => {
      inLoop.push({ taken, hand: (stacked) => hand(site, stacked) });
    };
    return { ...watch, hand: keep };
  });
  return { result: withWatches(inside, body), inLoop };
}

/**
 * Offers something under a name; the scope is put in front.
 *
 * @param factsOf - the facts of the value as it is altered: those who take see what is used, those who alter see it as it was.
 * @returns what the watchers alter it by, in the order in which they came; empty where nobody does.
 */
export function offer(
  name: string,
  kind: string,
  factsOf: (alterations: readonly unknown[]) => unknown,
): readonly unknown[] {
  if (typeof name !== "string" || name === "")
    throw optionError(kind, "site must be a name", JSON.stringify(name) ?? String(name));
  if (watches.length === 0) return [];
  const scope = currentScope();
  const whole = scope === "" ? name : `${scope}.${name}`;
  const offered = watches.map(({ counts, ...watch }) => {
    const count = counts.get(whole) ?? 0;
    counts.set(whole, count + 1);
    return { ...watch, site: count === 0 ? whole : `${whole}#${count}` };
  });
  const original = factsOf([]);
  const alterations = offered.flatMap(({ watcher, site }) => {
    const alteration = watcher.alter?.({ site, kind, facts: original }) ?? null;
    return alteration === null ? [] : [alteration];
  });
  const facts = alterations.length === 0 ? original : factsOf(alterations);
  for (const { watcher, site, hand } of offered) {
    // Nobody watches what a watcher makes.
    const taken = withWatches([], () => watcher.take?.({ site, kind, facts }) ?? null);
    if (taken) hand(site, taken);
  }
  return alterations;
}
