// A peer that solves the problems of the bench of attention, as far as it can.

import { difference, readFloats } from "./attention-data.ts";
import { kindOf, type Problem } from "./attention-problems.ts";
import type { Peer } from "./peer.ts";

/** What came of a first try: how long it took, or why there is nothing to be timed. */
export type Try = { readonly ms: number } | { readonly reason: string };

/** What is known of a peer before it runs: how to start it, or why that cannot be. */
export type Start = (() => Peer) | { readonly reason: string };

/** A peer with its process, which is started when it is needed, and again when a problem ended it. */
export class Rival {
  readonly name: string;
  readonly #start: Start;
  readonly #capMs: number;
  /** The last time of each kind of problem. */
  readonly #last = new Map<string, { readonly S: number; readonly ms: number }>();
  #peer: Peer | null = null;
  #label: string | null = null;

  /** @param capSeconds - what is likely to take longer, by what a shorter problem took, is not tried. */
  constructor(name: string, start: Start, capSeconds: number) {
    this.name = name;
    this.#start = start;
    this.#capMs = 1000 * capSeconds;
  }

  /** What it calls itself, once it was started. */
  get label(): string {
    return this.#label ?? this.name;
  }

  /** Solves a problem once and holds the result to `ours`. @param out - where it may write. */
  async try(problem: Problem, ours: Float32Array, out: string): Promise<Try> {
    const last = this.#last.get(kindOf(problem));
    const likely = last ? last.ms * (problem.S / last.S) ** 2 : 0;
    if (likely > this.#capMs)
      return { reason: `not run: S ${last!.S} took ${seconds(last!.ms)} s, this would take ${seconds(likely)} s` };
    try {
      const peer = await this.#running();
      const { ms } = await peer.ask(`solve ${JSON.stringify({ ...problem, out })}`);
      this.#last.set(kindOf(problem), { S: problem.S, ms: ms as number });
      const wrong = difference(problem, ours, readFloats(out));
      return wrong === "" ? { ms: ms as number } : { reason: `WRONG: ${wrong}` };
    } catch (error) {
      return { reason: (error as Error).message.split("\n")[0]! };
    }
  }

  /** Milliseconds of a problem that was tried, the mean of `repeats`. */
  async time(problem: Problem, repeats: number, clock: "ms" | "cpuMs"): Promise<number> {
    return await (await this.#running()).askNumber(`solve ${JSON.stringify({ ...problem, repeats })}`, clock);
  }

  async close(): Promise<void> {
    await this.#peer?.close();
  }

  async #running(): Promise<Peer> {
    if (this.#peer && !this.#peer.ended) return this.#peer;
    if (typeof this.#start !== "function") throw new Error(this.#start.reason);
    this.#peer = this.#start();
    try {
      this.#label = String((await this.#peer.ask("label"))["label"]);
    } catch (cause) {
      throw new Error("not installed", { cause });
    }
    return this.#peer;
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toPrecision(2);
}
