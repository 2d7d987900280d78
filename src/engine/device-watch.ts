// Loss of a WebGPU device: noticed, and told from every other reason for which a run may fail.

import { HeedError } from "../core/errors.ts";
import type { RuntimeSession } from "./runtime.ts";

/** The part of a `GPUDevice` that heed reads. */
interface LosableDevice {
  readonly lost?: Promise<{ readonly reason: string; readonly message: string }>;
}

/** The error of everything that was under way on a device that is lost. */
export function deviceLost(reason: string, hint: string, cause?: unknown): HeedError {
  return new HeedError({
    code: "engine",
    where: "engine.webgpu",
    expected: "the WebGPU device must stay",
    got: reason,
    hint,
    cause,
  });
}

/** Watches the device under living sessions. The one that the runtime drops with its last session is not lost. */
export class DeviceWatch {
  /** Resolves with the reason when the device is lost. */
  readonly lost: Promise<string>;
  readonly #known = new WeakSet<object>();
  #report: (reason: string) => void = () => undefined;
  #living = 0;

  constructor() {
    this.lost = new Promise((resolve) => (this.#report = resolve));
  }

  /** The session, counted as long as it is not released; its runs say when they failed because the device is lost. */
  over(session: RuntimeSession, device: unknown): RuntimeSession {
    this.#living++;
    if (typeof device === "object" && device !== null) this.#watch(device);
    let released = false;
    return {
      ...session,
      run: async (feeds, outputs) => {
        try {
          return await session.run(feeds, outputs);
        } catch (error) {
          const reason = await this.#lostByNow();
          throw reason === null ? error : deviceLost(reason, "Reload the page, or run models in a worker.", error);
        }
      },
      release: async () => {
        if (!released) this.#living--;
        released = true;
        await session.release();
      },
    };
  }

  #watch(device: object): void {
    if (this.#known.has(device)) return;
    this.#known.add(device);
    void (device as LosableDevice).lost?.then(({ reason, message }) => {
      if (this.#living > 0)
        this.#report(
          [reason, message]
            .filter((part) => part !== "")
            .join(": ")
            .trim(),
        );
    });
  }

  /** The reason when the device is lost. A run may fail a moment before the loss is told. */
  async #lostByNow(): Promise<string | null> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), 100)));
    try {
      return await Promise.race([this.lost, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
