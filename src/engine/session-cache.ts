// Compiled sessions, kept up to a bound in bytes; the least recently used goes first.

import type { RuntimeSession } from "./runtime.ts";

/** A cached session and what it is estimated to hold. */
export interface CachedSession {
  readonly session: RuntimeSession;
  readonly bytes: number;
}

interface Slot<E> {
  readonly entry: Promise<E>;
  /** Set when the entry is made. */
  made: E | null;
  /** Calls that wait for the entry or work with it. */
  users: number;
  /** No longer in the cache; released when the last user is done. */
  dropped: boolean;
  released: boolean;
}

/** A cache of sessions bounded by bytes, not by count. A session is never released while somebody works with it. */
export class SessionCache<E extends CachedSession> {
  readonly limit: number;
  readonly #slots = new Map<string, Slot<E>>();
  readonly #beforeRelease: (entry: E) => void;
  #bytes = 0;

  /**
   * @param limit - bytes. One session may be larger: the one used last is kept in any case.
   * @param beforeRelease - called with each entry that is about to be released.
   */
  constructor(limit: number, beforeRelease: (entry: E) => void = () => undefined) {
    this.limit = limit;
    this.#beforeRelease = beforeRelease;
  }

  /** Bytes held at present. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of sessions held. */
  get size(): number {
    return this.#slots.size;
  }

  /** The entries that are made, least recently used first. */
  entries(): readonly E[] {
    return [...this.#slots.values()].flatMap(({ made }) => (made ? [made] : []));
  }

  /**
   * What `work` gives for the entry of a key, made when it is not there. A failed making is not kept. A session that
   * was dropped meanwhile is released behind it: whether that succeeds is nothing that `work` has to do with.
   */
  async use<R>(key: string, make: () => Promise<E>, work: (entry: E) => Promise<R>): Promise<R> {
    const slot = this.#slots.get(key) ?? this.#add(key, make);
    // The last in the map is the one used last.
    this.#slots.delete(key);
    this.#slots.set(key, slot);
    slot.users++;
    try {
      return await work(await slot.entry);
    } finally {
      slot.users--;
      await this.#releaseQuietly(slot);
    }
  }

  /**
   * Drops every session; those at work are released when they are done.
   *
   * @throws what the first release threw that failed, when all have been tried.
   */
  async clear(): Promise<void> {
    const slots = [...this.#slots.entries()];
    for (const [key, slot] of slots) this.#drop(key, slot);
    const ends = await Promise.allSettled(slots.map(([, slot]) => this.#releaseIdle(slot)));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  #add(key: string, make: () => Promise<E>): Slot<E> {
    const entry = make();
    const slot: Slot<E> = { entry, made: null, users: 0, dropped: false, released: false };
    entry.then(
      (made) => {
        slot.made = made;
        if (slot.dropped) return;
        this.#bytes += made.bytes;
        this.#evict(slot);
      },
      () => {
        slot.released = true;
        if (this.#slots.get(key) === slot) this.#slots.delete(key);
      },
    );
    return slot;
  }

  #evict(keep: Slot<E>): void {
    for (const [key, slot] of this.#slots) {
      if (this.#bytes <= this.limit) return;
      if (slot === keep || !slot.made) continue;
      this.#drop(key, slot);
      void this.#releaseQuietly(slot);
    }
  }

  #drop(key: string, slot: Slot<E>): void {
    this.#slots.delete(key);
    this.#bytes -= slot.made?.bytes ?? 0;
    slot.dropped = true;
  }

  async #releaseIdle(slot: Slot<E>): Promise<void> {
    if (!slot.dropped || slot.released || slot.users > 0 || !slot.made) return;
    slot.released = true;
    try {
      this.#beforeRelease(slot.made);
    } finally {
      await slot.made.session.release();
    }
  }

  /** For releases that nobody asked for: there is nobody to tell that one failed, and the session is gone anyway. */
  async #releaseQuietly(slot: Slot<E>): Promise<void> {
    await this.#releaseIdle(slot).catch(() => undefined);
  }
}
