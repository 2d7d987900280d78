import { describe, expect, test } from "vitest";
import type { RuntimeSession } from "./runtime.ts";
import { SessionCache, type CachedSession } from "./session-cache.ts";

interface Fake extends CachedSession {
  readonly name: string;
}

/** A maker of entries that notes what is made and released. */
function maker(): { readonly log: string[]; readonly make: (name: string, bytes: number) => () => Promise<Fake> } {
  const log: string[] = [];
  const session = (name: string): RuntimeSession => ({
    run: async () => [],
    endProfile: () => [],
    release: async () => void log.push(`released ${name}`),
  });
  const make = (name: string, bytes: number) => async (): Promise<Fake> => {
    log.push(`made ${name}`);
    return { name, bytes, session: session(name) };
  };
  return { log, make };
}

const nameOf = async ({ name }: Fake): Promise<string> => name;

/** A promise and the function that settles it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

describe("SessionCache", () => {
  test("makes an entry once and keeps it", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(100);
    expect(await cache.use("a", make("a", 30), nameOf)).toBe("a");
    expect(await cache.use("a", make("other", 30), nameOf)).toBe("a");
    expect(log).toEqual(["made a"]);
    expect([cache.size, cache.bytes]).toEqual([1, 30]);
  });

  test("drops what was used longest ago once the bytes pass the limit", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(100);
    for (const name of ["a", "b", "c"]) await cache.use(name, make(name, 40), nameOf);
    expect(log).toEqual(["made a", "made b", "made c", "released a"]);
    await cache.use("b", make("b", 40), nameOf);
    await cache.use("d", make("d", 40), nameOf);
    expect(log.slice(4)).toEqual(["made d", "released c"]);
    expect([cache.size, cache.bytes]).toEqual([2, 80]);
    expect(cache.entries().map(({ name }) => name)).toEqual(["b", "d"]);
  });

  test("keeps one entry that is larger than the limit, until the next comes", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(100);
    await cache.use("large", make("large", 500), nameOf);
    expect([cache.size, cache.bytes]).toEqual([1, 500]);
    await cache.use("small", make("small", 1), nameOf);
    expect(log).toEqual(["made large", "made small", "released large"]);
  });

  test("calls that come while an entry is made share it", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(100);
    await Promise.all([1, 2, 3].map(() => cache.use("a", make("a", 1), nameOf)));
    expect(log).toEqual(["made a"]);
    expect(cache.bytes).toBe(1);
  });

  test("does not release an entry at work; its last user does", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(50);
    const first = gate();
    const second = gate();
    const a = cache.use("a", make("a", 40), () => first.passed);
    const again = cache.use("a", make("a", 40), () => second.passed);
    await cache.use("b", make("b", 40), nameOf);
    expect(log).toEqual(["made a", "made b"]);
    expect([cache.size, cache.bytes]).toEqual([1, 40]);
    first.open();
    await a;
    expect(log).toHaveLength(2);
    second.open();
    await again;
    expect(log).toEqual(["made a", "made b", "released a"]);
  });

  test("tries a failed making again, for all that waited for it", async () => {
    const { make } = maker();
    const cache = new SessionCache<Fake>(100);
    const fails = async (): Promise<Fake> => {
      throw new Error("no memory");
    };
    const both = [cache.use("a", fails, nameOf), cache.use("a", make("a", 1), nameOf)];
    for (const one of both) await expect(one).rejects.toThrow("no memory");
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
    expect(await cache.use("a", make("a", 1), nameOf)).toBe("a");
  });

  test("work that fails leaves the entry", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(100);
    const failing = cache.use("a", make("a", 1), () => Promise.reject(new Error("bad input")));
    await expect(failing).rejects.toThrow("bad input");
    await cache.use("a", make("a", 1), nameOf);
    expect(log).toEqual(["made a"]);
  });

  test("clear releases all, also what is still being made", async () => {
    const { log, make } = maker();
    const released: string[] = [];
    const cache = new SessionCache<Fake>(100, ({ name }) => released.push(name));
    await cache.use("a", make("a", 1), nameOf);
    const slow = gate();
    const b = cache.use("b", () => slow.passed.then(make("b", 1)), nameOf);
    await cache.clear();
    expect(log).toEqual(["made a", "released a"]);
    slow.open();
    expect(await b).toBe("b");
    expect(log).toEqual(["made a", "released a", "made b", "released b"]);
    expect(released).toEqual(["a", "b"]);
    expect([cache.size, cache.bytes]).toEqual([0, 0]);
  });

  test("a making that fails while nobody waits any more is forgotten: no rejection is left unhandled", async () => {
    const { make } = maker();
    const cache = new SessionCache<Fake>(100);
    const slow = gate();
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on("unhandledRejection", hear);
    try {
      const failing = cache.use("a", () => slow.passed.then(() => Promise.reject(new Error("no memory"))), nameOf);
      const settled = failing.catch((error: Error) => error.message);
      await cache.clear();
      // Another making under the same key is not harmed by the end of the first.
      expect(await cache.use("a", make("a", 7), nameOf)).toBe("a");
      slow.open();
      expect(await settled).toBe("no memory");
      const throwing = (): never => {
        throw new Error("at once");
      };
      await expect(cache.use("b", throwing, nameOf)).rejects.toThrow("at once");
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect([cache.size, cache.bytes, unheard]).toEqual([1, 7, []]);
    } finally {
      process.off("unhandledRejection", hear);
    }
  });

  test("a release that fails harms neither the call that pushed it out nor its last user", async () => {
    const unheard: unknown[] = [];
    const hear = (reason: unknown): void => void unheard.push(reason);
    process.on("unhandledRejection", hear);
    try {
      const { make } = maker();
      const stuck = (name: string) => async (): Promise<Fake> => ({
        ...(await make(name, 40)()),
        session: {
          run: async () => [],
          endProfile: () => [],
          release: () => Promise.reject(new Error(`${name} is stuck`)),
        },
      });
      const cache = new SessionCache<Fake>(50);
      await cache.use("a", stuck("a"), nameOf);
      expect(await cache.use("b", make("b", 40), nameOf)).toBe("b");
      const working = gate();
      const c = cache.use("c", stuck("c"), ({ name }) => working.passed.then(() => name));
      await cache.use("d", make("d", 40), nameOf);
      working.open();
      expect(await c).toBe("c");
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(unheard).toEqual([]);
      // Who asks for the release is told, when all have been tried.
      await cache.use("e", stuck("e"), nameOf);
      await expect(cache.clear()).rejects.toThrow("e is stuck");
      expect([cache.size, cache.bytes]).toEqual([0, 0]);
    } finally {
      process.off("unhandledRejection", hear);
    }
  });

  test("releases a session also where what comes before it fails", async () => {
    const { log, make } = maker();
    const cache = new SessionCache<Fake>(100, () => {
      throw new Error("no profile");
    });
    await cache.use("a", make("a", 1), nameOf);
    await expect(cache.clear()).rejects.toThrow("no profile");
    expect(log).toEqual(["made a", "released a"]);
  });
});
