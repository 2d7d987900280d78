// One training under a command's eyes: events to the screen and to files, a stop to a checkpoint, the end to a model folder.

import { closeSync, openSync, writeSync } from "node:fs";
import { fileError } from "../core/errors.ts";
import type { G2pCard } from "../recipes/g2p/card.ts";
import { usualThreads } from "../recipes/g2p/settings.ts";
import { shipG2p } from "../recipes/g2p/ship.ts";
import { trainG2p, type G2pTraining } from "../recipes/g2p/train.ts";
import type { TrainEvent } from "../train/loop/task.ts";
import type { Console } from "./console.ts";
import { onStop, type Interrupt } from "./interrupt.ts";
import { createPrinter } from "./train-progress.ts";

/** How a training is shown and stopped. */
export interface TrainView {
  readonly console: Console;
  readonly interrupt: Interrupt;
  /** Write events to stderr as JSON lines instead of drawing progress. */
  readonly lines: boolean;
  /** A file that gets the events as JSON lines: those of a resumed training after those that are there. */
  readonly events?: string;
}

/** How it ended: the step, and the card of the model folder unless it was stopped. */
export interface TrainedModel {
  readonly step: number;
  readonly card: G2pCard | null;
}

/** A training, and the model that it ends in. */
export interface ModelTraining extends Omit<G2pTraining, "signal"> {
  /** The model folder to write. */
  readonly into: string;
  /** Score the test words too. Default: the dev words only. */
  readonly test?: boolean;
}

/** Trains until the end or the first signal, then scores the best parameters and writes the model folder. */
export async function trainModel(
  { into, test = false, threads = usualThreads(), ...training }: ModelTraining,
  view: TrainView,
): Promise<TrainedModel> {
  const { signal } = view.interrupt;
  const { done, totalSteps } = await runTraining({ ...training, threads, signal }, view);
  const { step } = done;
  if (done.reason === "aborted") return { step, card: null };
  const say = (sentence: string): void => void view.console.stderr.write(`${view.lines ? "heed: " : ""}${sentence}\n`);
  if (!view.lines) say(`Scoring the best parameters on ${test ? "dev and test" : "dev"} words ...`);
  const quiet = onStop(view.interrupt, say);
  const { data, settings, folder } = training;
  const stepsPerEpoch = totalSteps / settings.epochs;
  try {
    const card = await shipG2p({ data, settings, folder, into, done, stepsPerEpoch, threads, test, signal });
    return { step, card };
  } catch (error) {
    if (signal.aborted && error === signal.reason) return { step, card: null };
    throw error;
  } finally {
    quiet();
  }
}

async function runTraining(
  training: G2pTraining,
  { console, interrupt, lines, events }: TrainView,
): Promise<{ readonly done: Extract<TrainEvent, { readonly type: "done" }>; readonly totalSteps: number }> {
  const printer = createPrinter(console);
  const say = (sentence: string): void =>
    lines ? void console.stderr.write(`heed: ${sentence}\n`) : printer.say(sentence);
  const quiet = onStop(interrupt, say);
  let file: number | null = null;
  let done: Extract<TrainEvent, { readonly type: "done" }> | undefined;
  let totalSteps = 0;
  try {
    for await (const event of trainG2p(training)) {
      if (event.type === "start") {
        // Not before: a training that is refused must leave the log of the one before it alone.
        if (events !== undefined) file = openEvents(events, event.resumed);
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
    quiet();
    if (!lines) printer.end();
    if (file !== null) closeSync(file);
  }
  return { done: done!, totalSteps };
}

function openEvents(path: string, resumed: boolean): number {
  try {
    return openSync(path, resumed ? "a" : "w");
  } catch (cause) {
    throw fileError(path, "the events file must be writable", cause instanceof Error ? cause.message : String(cause));
  }
}
