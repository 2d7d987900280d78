// One training under a command's eyes: events to the screen and to files, Ctrl+C to a checkpoint.

import { closeSync, openSync, writeSync } from "node:fs";
import { fileError } from "../core/errors.ts";
import { trainG2p, type G2pTraining } from "../recipes/g2p/train.ts";
import type { TrainEvent } from "../train/loop.ts";
import type { Console } from "./console.ts";
import { createPrinter } from "./train-progress.ts";

/** The exit code of a training that was stopped by Ctrl+C, as shells count it. */
export const interruptedCode = 130;

/** How a training ended. */
export interface TrainedRun {
  readonly done: Extract<TrainEvent, { readonly type: "done" }>;
  readonly totalSteps: number;
  readonly interrupted: boolean;
}

/**
 * Trains until the end or the first Ctrl+C; a second one ends the process at once, which a training survives as well.
 *
 * @param options.lines - write events to stderr as JSON lines instead of drawing progress.
 * @param options.events - a file that gets the events as JSON lines.
 */
export async function runTraining(
  training: Omit<G2pTraining, "signal">,
  { console, lines, events }: { readonly console: Console; readonly lines: boolean; readonly events?: string },
): Promise<TrainedRun> {
  const controller = new AbortController();
  const printer = createPrinter(console);
  const say = (sentence: string): void =>
    lines ? void console.stderr.write(`heed: ${sentence}\n`) : printer.say(sentence);
  const release = console.onInterrupt(() => {
    // From now on the system's own way to end a process is back.
    release();
    controller.abort();
    say("Stopping with a checkpoint; Ctrl+C again ends at once.");
  });
  const file = events === undefined ? null : openEvents(events);
  let done: TrainedRun["done"] | undefined;
  let totalSteps = 0;
  try {
    for await (const event of trainG2p({ ...training, signal: controller.signal })) {
      if (event.type === "start") {
        totalSteps = event.totalSteps;
        if (event.resumed) say(`Resumed at step ${event.step} of ${event.totalSteps}.`);
      }
      if (event.type === "done") done = event;
      const text = `${JSON.stringify(event)}\n`;
      if (file !== null) writeSync(file, text);
      if (lines) console.stderr.write(text);
      else printer.show(event);
    }
  } finally {
    release();
    if (!lines) printer.end();
    if (file !== null) closeSync(file);
  }
  return { done: done!, totalSteps, interrupted: done!.reason === "aborted" };
}

function openEvents(path: string): number {
  try {
    return openSync(path, "w");
  } catch (cause) {
    throw fileError(path, "the events file must be writable", cause instanceof Error ? cause.message : String(cause));
  }
}
