// The world outside a command: streams, environment, signals. Commands get it as an argument, so that tests can stand in for it.

import type { Readable, Writable } from "node:stream";
import type { Timing } from "./timing.ts";

/** How many colours the terminal shows. */
export type Colors = "truecolor" | "256" | "none";

/** What asks a command to end: Ctrl+C, or the system. */
export type InterruptSignal = "SIGINT" | "SIGTERM";

/** A stream to write on. */
export type Output = Pick<Writable, "write"> & { readonly isTTY?: boolean; readonly columns?: number };

/** What a command may touch of its surroundings. */
export interface Console {
  /** Results, and nothing else. */
  readonly stdout: Output;
  /** Errors, warnings and progress. */
  readonly stderr: Output;
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the time of the process goes, from its start. */
  readonly timing: Timing;
  /** Calls `listener` on each Ctrl+C or request to end, until the function it returns is called. */
  onInterrupt(listener: (signal: InterruptSignal) => void): () => void;
}

/** The colours to use on a stream: none unless it is a terminal, and none where NO_COLOR is set (no-color.org) or TERM is dumb. */
export function colorsOf(stream: Output, env: Console["env"]): Colors {
  if (stream.isTTY !== true || (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return "none";
  return /^(truecolor|24bit)$/.test(env["COLORTERM"] ?? "") ? "truecolor" : "256";
}

/** Columns of a stream: those of the terminal, from 20 to 200; 80 elsewhere. */
export function widthOf(stream: Output): number {
  return Math.min(200, Math.max(20, stream.columns ?? 80));
}

/** Text for a terminal: control characters, which could move the cursor or hide words, become visible. Line ends stay. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (sign) => {
    return `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
