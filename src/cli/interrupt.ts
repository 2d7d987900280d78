// Ctrl+C and requests to end, for commands that have something to bring to safety first.

import { HeedError } from "../core/errors.ts";
import type { Console, InterruptSignal } from "./console.ts";

/** The exit codes of a command that a signal ended, as shells count them. */
const codes: Readonly<Record<InterruptSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** The wish of a person or a system that a command ends. */
export interface Interrupt {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** The exit code of a command that ended for it. */
  exitCode(): number;
  /** Gives the signals back to the system. */
  release(): void;
}

/** Takes the first signal as a wish; a second one ends the process at once, which a training survives as well. */
export function watchInterrupts(console: Console): Interrupt {
  const controller = new AbortController();
  let came: InterruptSignal = "SIGINT";
  const release = console.onInterrupt((name) => {
    // From now on the system's own way to end a process is back.
    release();
    came = name;
    controller.abort(
      new HeedError({ code: "aborted", where: "heed", expected: "the command must not be stopped", got: name }),
    );
  });
  return { signal: controller.signal, exitCode: () => codes[came], release };
}

/** Says a sentence when the signal comes; the function returned takes that back. */
export function onStop({ signal }: Interrupt, say: (sentence: string) => void): () => void {
  const tell = (): void => say("Stopping with a checkpoint; Ctrl+C again ends at once.");
  signal.addEventListener("abort", tell, { once: true });
  return () => signal.removeEventListener("abort", tell);
}
