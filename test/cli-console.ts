// A console that remembers: commands run in this process against it.

import { Readable } from "node:stream";
import type { Console, InterruptSignal } from "../src/cli/console.ts";
import { readCommandLine, runCommandLine } from "../src/cli/run.ts";
import { Timing } from "../src/cli/timing.ts";

export interface Said {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  /** What standard input holds. Default: nothing. */
  readonly stdin?: string | Uint8Array;
  readonly env?: Console["env"];
  /** Columns of a terminal on both streams; without it they are no terminals. */
  readonly columns?: number;
  /** Gets the function that plays Ctrl+C, or another signal. */
  readonly interrupt?: (press: (signal?: InterruptSignal) => void) => void;
  /** Told of every text written. */
  readonly watch?: (text: string) => void;
}

/** Runs a command line and returns its exit code and what it wrote. */
export async function heed(args: readonly string[], around: Surroundings = {}): Promise<Said> {
  const { console, out, err } = consoleOf(around);
  const code = await runCommandLine(args, console);
  return { code, stdout: out.join(""), stderr: err.join("") };
}

/** The options of a command line as its command gets them, without running it. */
export async function readOptions<O>(args: readonly string[]): Promise<O> {
  const { console, err } = consoleOf({});
  const read = await readCommandLine(args, console);
  if (typeof read === "number") throw new Error(err.join(""));
  return read.options as O;
}

/** The console, and what will be written on it. */
function consoleOf(around: Surroundings): {
  readonly console: Console;
  readonly out: readonly string[];
  readonly err: readonly string[];
} {
  const out: string[] = [];
  const err: string[] = [];
  const listeners = new Set<(signal: InterruptSignal) => void>();
  around.interrupt?.((signal = "SIGINT") => listeners.forEach((listener) => listener(signal)));
  const terminal = around.columns === undefined ? {} : { isTTY: true, columns: around.columns };
  const stream = (into: string[]): Console["stdout"] => ({
    ...terminal,
    write: (text: unknown) => {
      into.push(String(text));
      around.watch?.(String(text));
      return true;
    },
  });
  const console: Console = {
    stdout: stream(out),
    stderr: stream(err),
    stdin: Readable.from(around.stdin === undefined ? [] : [Buffer.from(around.stdin)]),
    env: around.env ?? {},
    timing: new Timing(),
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { console, out, err };
}
