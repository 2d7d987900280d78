// From the events of a training, as `--events` writes them, to curves.

import { basename } from "node:path";
import { fileError, optionError } from "../core/errors.ts";
import type { Curve, CurvePanel } from "../draw/curves.ts";
import { quote } from "../files/scanner.ts";

/** The curves of a training by name, in the order of the panels. */
export interface TrainingCurves {
  /** What an event file told, by rising step. */
  readonly curves: readonly (Curve & { readonly unit: string })[];
  readonly panels: readonly CurvePanel[];
}

const devErrors = { title: "wrong words of dev, %", unit: "%", names: ["WER"] } as const;

/** The panels: which curves share a scale, and what it measures. */
const shown: readonly { readonly title: string; readonly unit: string; readonly names: readonly string[] }[] = [
  { title: "reward, nats a phoneme", unit: "nats", names: ["reward", "baseline"] },
  { title: "entropy of attention, nats", unit: "nats", names: ["entropy"] },
  { title: "loss, nats a phoneme", unit: "nats", names: ["loss"] },
  devErrors,
];

/**
 * Reads the lines of an event file.
 *
 * A training that was killed and resumed has told some steps twice: the later telling counts.
 *
 * @param name - the file's, for messages.
 * @throws HeedError "file" naming the line that is no event, or when no step was told.
 */
export function trainingCurves(text: string, name: string): TrainingCurves {
  const told = new Map<string, Map<number, number>>();
  const tell = (curve: string, step: number, value: unknown): void => {
    if (typeof value !== "number") return;
    const points = told.get(curve) ?? new Map<number, number>();
    told.set(curve, points.set(step, value));
  };
  text.split("\n").forEach((line, i) => {
    if (line.trim() === "") return;
    const { type, step, loss, metrics, score } = eventOf(line, `${name} line ${i + 1}`);
    if (type === "start")
      for (const points of told.values()) for (const past of points.keys()) if (past > step) points.delete(past);
    if (type === "validation") tell("WER", step, score);
    if (type !== "step") return;
    tell("loss", step, loss);
    for (const [metric, value] of Object.entries(metrics ?? {})) tell(metric, step, value);
  });
  // With rewards the loss is their negative average.
  if (told.has("reward")) told.delete("loss");
  const curvesOf = (names: readonly string[]): readonly Curve[] =>
    names.flatMap((curve) => {
      const points = [...(told.get(curve) ?? [])].sort(([a], [b]) => a - b);
      return points.length === 0 ? [] : [{ name: curve, points }];
    });
  const panels = shown
    .map(({ title, unit, names }) => ({ title, unit, curves: curvesOf(names) }))
    .filter(({ curves }) => curves.length > 0);
  if (panels.length === 0)
    throw fileError(
      name,
      "the events of a training that told at least one step are required",
      "none",
      "Train with --events FILE.",
    );
  return {
    curves: panels.flatMap(({ unit, curves }) => curves.map((curve) => ({ ...curve, unit }))),
    panels: panels.map(({ title, curves }) => ({ title, curves })),
  };
}

/** Files that are compared at most: as many as a panel tells apart. */
const mostFiles = 12;

/**
 * The dev errors of several trainings in one panel, each under the name of its file without folder and ending.
 *
 * @throws HeedError "file" for a training without dev errors, "option" for too many or two of one name.
 */
export function sideBySide(trainings: readonly (TrainingCurves & { readonly file: string })[]): TrainingCurves {
  if (trainings.length > mostFiles)
    throw optionError("curves", `at most ${mostFiles} trainings fit one panel`, String(trainings.length));
  const curves = trainings.map(({ file, curves: own }) => {
    const errors = own.find(({ name }) => name === devErrors.names[0]);
    if (!errors) throw fileError(file, "a training with dev errors is required to compare it", "one without");
    return { ...errors, name: basename(file).replace(/\.[^.]*$/, "") };
  });
  const twice = curves.find(({ name }, i) => curves.findIndex((other) => other.name === name) < i);
  if (twice) throw optionError("curves", "every file must have a name of its own", `${twice.name} twice`);
  return { curves, panels: [{ title: devErrors.title, curves: curves.map(({ name, points }) => ({ name, points })) }] };
}

type EventFacts = {
  readonly type: string;
  readonly step: number;
  readonly loss?: unknown;
  readonly score?: unknown;
  readonly metrics?: object;
};

/** An event's facts that curves are made of. */
function eventOf(line: string, where: string): EventFacts {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = null;
  }
  const event = (typeof value === "object" && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const { type, step, loss, score, metrics } = event;
  if (typeof type !== "string" || !Number.isSafeInteger(step))
    throw fileError(where, "an event of a training, as JSON, is required", quote(line.slice(0, 60)));
  return {
    type,
    step: step as number,
    loss,
    score,
    ...(typeof metrics === "object" && metrics !== null ? { metrics } : {}),
  };
}
