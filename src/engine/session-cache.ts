// Compiled sessions, kept up to a bound in bytes; the least recently used goes first.

import type { RuntimeSession } from "./runtime.ts";

/** A cached session and what it is estimated to hold. */
export interface CachedSession {
  readonly session: RuntimeSession;
  readonly bytes: number;
}

/** A cache of sessions bounded by bytes, not by count. */
export class SessionCache<E extends CachedSession> {
  readonly limit: number;
  readonly #entries = new Map<string, Promise<E>>();
  readonly #sizes = new Map<string, number>();
  #total = 0;

  /** @param limit - bytes. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes held at present. */
  get bytes(): number {
    return this.#total;
  }

  /** Number of sessions held. */
  get size(): number {
    return this.#entries.size;
  }

  /** The entry of a key, made when it is not there. A failed making is not kept. */
  async get(key: string, make: () => Promise<E>): Promise<E> {
    const known = this.#entries.get(key);
    if (known) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return await known;
    }
    const made = make();
    this.#entries.set(key, made);
    try {
      const entry = await made;
      this.#sizes.set(key, entry.bytes);
      this.#total += entry.bytes;
      await this.#evict(key);
      return entry;
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
  }

  /** Every entry held, oldest use first. */
  async entries(): Promise<readonly E[]> {
    return await Promise.all(this.#entries.values());
  }

  /** Releases every session. */
  async clear(): Promise<void> {
    for (const key of [...this.#entries.keys()]) await this.#drop(key);
  }

  async #evict(keep: string): Promise<void> {
    for (const key of [...this.#entries.keys()]) {
      if (this.#total <= this.limit) return;
      if (key !== keep && this.#sizes.has(key)) await this.#drop(key);
    }
  }

  async #drop(key: string): Promise<void> {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    this.#total -= this.#sizes.get(key) ?? 0;
    this.#sizes.delete(key);
    if (entry) await (await entry).session.release();
  }
}
