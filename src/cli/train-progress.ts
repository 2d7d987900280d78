// Training as it is seen in a terminal: one live line, or plain lines where the output is kept.

import type { TrainEvent } from "../train/loop/task.ts";
import { colorsOf, widthOf, type Console } from "./console.ts";

/** What the line says. */
export interface TrainView {
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly loss: number | null;
  /** Losses of the reports so far, oldest first. */
  readonly losses: readonly number[];
  readonly perSecond: number | null;
  readonly etaSeconds: number | null;
  /** Word error rates on the dev words, in percent. */
  readonly wer: number | null;
  readonly best: number | null;
}

/** Nothing seen yet. */
export const emptyView: TrainView = {
  step: 0,
  totalSteps: 0,
  epoch: 0,
  loss: null,
  losses: [],
  perSecond: null,
  etaSeconds: null,
  wer: null,
  best: null,
};

/** The view after an event. */
export function seeEvent(view: TrainView, event: TrainEvent): TrainView {
  switch (event.type) {
    case "start":
      return { ...view, step: event.step, totalSteps: event.totalSteps };
    case "step": {
      const { step, totalSteps, epoch, loss, perSecond, etaSeconds } = event;
      return { ...view, step, totalSteps, epoch, loss, perSecond, etaSeconds, losses: [...view.losses, loss] };
    }
    case "validation":
      return { ...view, step: event.step, wer: event.score, best: event.best ? event.score : view.best };
    case "checkpoint":
      return view;
    case "done":
      return { ...view, step: event.step, best: event.best?.score ?? view.best };
  }
}

/** The line of a view, at most `width` columns. */
export function progressLine(view: TrainView, width: number): string {
  const share = view.totalSteps === 0 ? 0 : view.step / view.totalSteps;
  const parts = [
    `${bar(share, 16)} ${Math.floor(100 * share)} %`,
    `step ${view.step}/${view.totalSteps}`,
    ...(view.loss === null ? [] : [`loss ${view.loss.toFixed(3)} ${sparkline(view.losses, 12)}`]),
    ...(view.wer === null ? [] : [`dev WER ${view.wer.toFixed(2)} %, best ${(view.best ?? view.wer).toFixed(2)} %`]),
    ...(view.perSecond === null ? [] : [`${Math.round(view.perSecond)} words/s`]),
    ...(view.etaSeconds === null ? [] : [`${duration(view.etaSeconds)} left`]),
  ];
  let line = parts[0]!;
  // What does not fit is left out from the end, whole.
  for (const part of parts.slice(1)) if ([...line].length + 2 + [...part].length <= width) line += `  ${part}`;
  return [...line].slice(0, width).join("");
}

/** The last `count` values as blocks, lowest to highest. */
export function sparkline(values: readonly number[], count: number): string {
  const shown = values.slice(-count).filter(Number.isFinite);
  const low = Math.min(...shown);
  const span = Math.max(...shown) - low;
  const blocks = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";
  return shown.map((value) => blocks[span === 0 ? 0 : Math.round(((value - low) / span) * 7)]!).join("");
}

/** Seconds as a person says them: 42 s, 3:07, 1:02:09. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Shows events on stderr as they come. */
export interface ProgressPrinter {
  show(event: TrainEvent): void;
  /** Says a sentence without spoiling the live line. */
  say(sentence: string): void;
  /** Leaves the live line behind. */
  end(): void;
}

/** Seconds between plain lines about steps. */
const plainSeconds = 10;

/** A printer for the console: a live line on a terminal, plain lines elsewhere. */
export function createPrinter({ stderr, env }: Console): ProgressPrinter {
  const live = stderr.isTTY === true && env["TERM"] !== "dumb";
  const bold = (text: string): string => (colorsOf(stderr, env) === "none" ? text : `\u001b[1m${text}\u001b[22m`);
  let view = emptyView;
  let printed = -Infinity;
  const clear = (): void => void (live && stderr.write("\r\u001b[K"));
  const draw = (): void => void (live && stderr.write(`\r\u001b[K${progressLine(view, widthOf(stderr) - 1)}`));
  return {
    show(event) {
      view = seeEvent(view, event);
      if (event.type === "validation") {
        clear();
        const line = `epoch ${event.epoch + 1}  step ${event.step}  dev WER ${event.score.toFixed(2)} %  PER ${(event.metrics["per"] ?? NaN).toFixed(2)} %`;
        stderr.write(`${event.best ? bold(`${line}  best`) : line}  ${duration(event.seconds)}\n`);
      } else if (!live && event.type === "step" && event.seconds - printed >= plainSeconds) {
        printed = event.seconds;
        stderr.write(`${plainLine(event)}\n`);
      }
      draw();
    },
    say(sentence) {
      clear();
      stderr.write(`${sentence}\n`);
      draw();
    },
    end: clear,
  };
}

function plainLine(event: Extract<TrainEvent, { readonly type: "step" }>): string {
  const { step, totalSteps, epoch, loss, rate, perSecond, etaSeconds } = event;
  return `epoch ${epoch + 1}  step ${step}/${totalSteps}  loss ${loss.toFixed(4)}  rate ${rate.toExponential(2)}  ${Math.round(perSecond)} words/s  ${duration(etaSeconds)} left`;
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, share) * width);
  return `[${"=".repeat(full)}${" ".repeat(width - full)}]`;
}
