// One worker, from its start to its end: requests with numbers, answers, and every way in which it can fail.

import { HeedError } from "../../core/errors.ts";
import { deviceLost } from "../device-watch.ts";
import { unpackError, type Answer, type FromWorker, type Request } from "./messages.ts";

/** The part of a `Worker` that heed uses. */
export interface WorkerPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  terminate(): void;
  addEventListener(type: "message" | "messageerror" | "error", listener: (event: Event) => void): void;
}

interface Pending {
  readonly resolve: (value: Answer) => void;
  readonly reject: (error: HeedError) => void;
}

/** A worker that answers requests until it ends. */
export class Connection {
  readonly #worker: WorkerPort;
  readonly #silenceMs: number;
  readonly #pending = new Map<number, Pending>();
  #next = 0;
  #end: HeedError | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param silenceMs - how long it may be silent while it has something to do. */
  constructor(worker: WorkerPort, silenceMs: number) {
    this.#worker = worker;
    this.#silenceMs = silenceMs;
    worker.addEventListener("message", (event) => this.#receive((event as MessageEvent<FromWorker>).data));
    worker.addEventListener("error", (event) => {
      // Without this a page reports it once more, as an error nobody handled.
      event.preventDefault?.();
      const { message } = event as ErrorEvent;
      this.end(failure("the worker must run", message || "a module that does not load"));
    });
    worker.addEventListener("messageerror", () => this.end(failure("the worker's messages must be readable")));
  }

  /** Whether it is of no use any more. */
  get ended(): boolean {
    return this.#end !== null;
  }

  /** Sends a request. @param transfer - buffers that move. @throws HeedError of the worker, or of the worker's end. */
  ask(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    if (this.#end) return Promise.reject(this.#end);
    const id = this.#next++;
    return new Promise<Answer>((resolve, reject) => {
      this.#worker.postMessage({ ...request, id }, [...transfer]);
      this.#pending.set(id, { resolve, reject });
      if (this.#pending.size === 1) this.#watch();
    });
  }

  /** Ends the worker; what it was asked rejects with `error`. */
  end(error: HeedError): void {
    if (this.#end) return;
    this.#end = error;
    clearTimeout(this.#timer);
    this.#worker.terminate();
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of waiting) reject(error);
  }

  #receive(message: FromWorker): void {
    if (this.#end) return;
    if (message.type === "lost") {
      this.end(deviceLost(message.reason, "The next call opens another one."));
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    this.#watch();
    if (message.type === "done") pending?.resolve(message.value);
    else pending?.reject(unpackError(message.error));
  }

  /** Begins to wait for the next message, if there is one to come. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#pending.size === 0 || this.#silenceMs === Infinity) return;
    this.#timer = setTimeout(
      () =>
        this.end(
          failure(
            `the worker must answer within ${this.#silenceMs} ms`,
            "nothing",
            "The next call starts another one.",
          ),
        ),
      this.#silenceMs,
    );
  }
}

function failure(expected: string, got?: string, hint?: string): HeedError {
  return new HeedError({
    code: "engine",
    where: "engine.worker",
    expected,
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
  });
}
