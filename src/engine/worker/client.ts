// The page's side: a runtime whose sessions live in a worker, and which outlives the worker.

import { HeedError } from "../../core/errors.ts";
import type { Feed, Runtime, RuntimeSession, SessionSettings } from "../runtime.ts";
import type { TypedArray } from "../../core/dtype.ts";
import type { WebSettings } from "../web.ts";
import { Connection, type WorkerPort } from "./connection.ts";
import { packArrays, packType, type OutputMessage, type Request, type RuntimeSettings } from "./messages.ts";

/** A runtime in a worker. */
export interface WorkerRuntime extends Runtime {
  /** Starts the worker and opens the device in it, where that has not been done. @throws HeedError when either fails. */
  open(): Promise<void>;
  /** Ends the worker at once. Calls under way reject with code `aborted`; the next call starts a new worker. */
  terminate(): void;
}

/**
 * A runtime in a worker, which starts with `open`.
 *
 * Inputs are copied to the worker (given ones move), outputs move back. A worker that fails, is silent for too long or
 * loses its WebGPU device is ended, and what it was asked rejects. The next call starts another, which loads its
 * session again from the model that is kept here.
 */
export function workerRuntime(
  device: "wasm" | "webgpu",
  { worker, silenceMs, ...settings }: WebSettings & { readonly worker: () => WorkerPort },
): WorkerRuntime {
  const workers = new Workers(worker, { type: "open", device, settings: absolute(settings) }, silenceMs ?? Infinity);
  return {
    device,
    open: async () => {
      await workers.current();
    },
    create: async (model, session) => {
      const made = new WorkerSession(workers, model, session);
      await made.load();
      return made;
    },
    terminate: () => workers.terminate(),
  };
}

/** The worker in use, and another one when that has ended. */
class Workers {
  readonly #spawn: () => WorkerPort;
  readonly #opening: Request;
  readonly #silenceMs: number;
  #current: Promise<Connection> | null = null;
  #last: Connection | null = null;

  constructor(spawn: () => WorkerPort, opening: Request, silenceMs: number) {
    this.#spawn = spawn;
    this.#opening = opening;
    this.#silenceMs = silenceMs;
  }

  current(): Promise<Connection> {
    if (!this.#current || this.#last?.ended) {
      const opened = this.#open();
      this.#current = opened;
      // A failed start may be tried again.
      opened.catch(() => this.#current === opened && (this.#current = null));
    }
    return this.#current;
  }

  terminate(): void {
    this.#last?.end(
      new HeedError({ code: "aborted", where: "engine.worker", expected: "the worker must not be ended" }),
    );
  }

  async #open(): Promise<Connection> {
    this.#last = null;
    const connection = new Connection(this.#spawn(), this.#silenceMs);
    this.#last = connection;
    try {
      await connection.ask(this.#opening);
    } catch (error) {
      connection.end(error as HeedError);
      throw error;
    }
    return connection;
  }
}

class WorkerSession implements RuntimeSession {
  readonly #workers: Workers;
  readonly #model: Uint8Array;
  readonly #settings: SessionSettings;
  #home: { readonly connection: Connection; readonly id: Promise<number> } | null = null;
  #released = false;

  constructor(workers: Workers, model: Uint8Array, settings: SessionSettings) {
    this.#workers = workers;
    this.#model = model;
    this.#settings = settings;
  }

  /** The session's number in the worker in use, where it is loaded if it is not there yet. */
  async load(): Promise<{ readonly connection: Connection; readonly id: number }> {
    const connection = await this.#workers.current();
    if (this.#home?.connection !== connection) {
      const request = { type: "create", model: this.#model, settings: this.#settings } as const;
      const home = { connection, id: connection.ask(request) as Promise<number> };
      this.#home = home;
      home.id.catch(() => this.#home === home && (this.#home = null));
    }
    return { connection, id: await this.#home.id };
  }

  async run(feeds: readonly Feed[], outputs: Parameters<RuntimeSession["run"]>[1]): Promise<readonly TypedArray[]> {
    if (this.#released)
      throw new HeedError({ code: "disposed", where: "engine.run", expected: "the session must not be released" });
    const { connection, id } = await this.load();
    const { data, transfer } = packArrays(feeds.map((feed) => ({ data: feed.data, keep: feed.given !== true })));
    const value = await connection.ask(
      {
        type: "run",
        session: id,
        feeds: feeds.map(({ name, type }, i) => ({ name, ...packType(type), data: data[i]! })),
        outputs: outputs.map(({ name, type }): OutputMessage => ({ name, ...packType(type) })),
      },
      transfer,
    );
    return value as readonly TypedArray[];
  }

  endProfile(): readonly [] {
    return [];
  }

  async release(): Promise<void> {
    const home = this.#home;
    this.#released = true;
    this.#home = null;
    if (!home) return;
    try {
      await home.connection.ask({ type: "release", session: await home.id });
    } catch (error) {
      // With its worker a session ends too.
      if (!home.connection.ended) throw error;
    }
  }
}

/** Addresses as seen from the page: a worker resolves relative ones against its own. */
function absolute(settings: RuntimeSettings): RuntimeSettings {
  const base = (globalThis as { location?: { href: string } }).location?.href;
  const entries = Object.entries(settings).map(([key, value]): [string, unknown] => [
    key,
    typeof value === "string" && base !== undefined ? new URL(value, base).href : value,
  ]);
  return Object.fromEntries(entries);
}
