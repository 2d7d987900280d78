// The worker's side: it loads the runtime, holds the sessions and runs them, one after the other.

import { graphError } from "../../core/errors.ts";
import type { Runtime, RuntimeSession } from "../runtime.ts";
import { webRuntime } from "../web.ts";
import {
  packArrays,
  packError,
  type Answer,
  type FromWorker,
  type RuntimeSettings,
  type ToWorker,
} from "./messages.ts";

/** The part of a worker's global object that the host uses. */
export interface HostPort {
  postMessage(message: FromWorker, transfer: Transferable[]): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}

/** Loads the runtime of a device. */
export type LoadRuntime = (device: "wasm" | "webgpu", settings: RuntimeSettings) => Promise<Runtime>;

/**
 * Serves the page that started this worker: to be called once, in the worker's module.
 *
 * ```ts
 * // engine.worker.ts
 * import { serveRuntime } from "heed/engine/worker";
 * serveRuntime();
 * // the page
 * configureWeb({ worker: () => new Worker(new URL("./engine.worker.ts", import.meta.url), { type: "module" }) });
 * ```
 *
 * @param port - default: the worker's own global object.
 */
export function serveRuntime(
  port: HostPort = globalThis as unknown as HostPort,
  load: LoadRuntime = (device, settings) => webRuntime(device, settings),
): void {
  const host = new Host(port, load);
  port.addEventListener("message", ({ data }) => void host.answer(data as ToWorker));
}

class Host {
  readonly #port: HostPort;
  readonly #load: LoadRuntime;
  readonly #sessions = new Map<number, RuntimeSession>();
  #runtime: Runtime | null = null;
  #next = 1;

  constructor(port: HostPort, load: LoadRuntime) {
    this.#port = port;
    this.#load = load;
  }

  /** Answers one request, always: with a value or with an error. The runtime's own queue keeps requests apart. */
  async answer(request: ToWorker): Promise<void> {
    try {
      const value = await this.#perform(request);
      const sent = Array.isArray(value) ? packArrays(value.map((data) => ({ data, keep: false }))) : null;
      this.#port.postMessage(
        { type: "done", id: request.id, value: sent ? sent.data : value },
        sent ? [...sent.transfer] : [],
      );
    } catch (error) {
      this.#port.postMessage({ type: "failed", id: request.id, error: packError(error) }, []);
    }
  }

  async #perform(request: ToWorker): Promise<Answer> {
    switch (request.type) {
      case "open": {
        this.#runtime = await this.#load(request.device, request.settings);
        void this.#runtime.lost?.then((reason) => this.#port.postMessage({ type: "lost", reason }, []));
        return null;
      }
      case "create": {
        if (!this.#runtime) throw graphError("engine.worker", "open must come before create");
        const session = await this.#runtime.create(request.model, request.settings);
        this.#sessions.set(this.#next, session);
        return this.#next++;
      }
      case "run":
        return await this.#session(request.session).run(
          request.feeds.map(({ name, dtype, shape, data }) => ({ name, type: { dtype, shape }, data })),
          request.outputs.map(({ name, dtype, shape }) => ({ name, type: { dtype, shape } })),
        );
      case "release": {
        const session = this.#session(request.session);
        this.#sessions.delete(request.session);
        await session.release();
        return null;
      }
    }
  }

  #session(id: number): RuntimeSession {
    const session = this.#sessions.get(id);
    if (!session) throw graphError("engine.worker", "the session must exist", String(id));
    return session;
  }
}
