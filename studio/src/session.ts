// The one state of the studio, and the small pure functions that change it.

import { strongest, type AlignmentMark, type AlignmentTrace } from "heed/draw";
import { examples } from "./examples.ts";
import type { ModelFacts } from "./worker/messages.ts";
import type { Pronunciation } from "./worker/pronouncer.ts";
import { readTyped } from "./word.ts";

export type View = "lines" | "matrix";
export type ThemeChoice = "system" | "light" | "dark";

export type ModelState =
  | { readonly status: "loading" }
  | { readonly status: "ready"; readonly facts: ModelFacts }
  | { readonly status: "failed"; readonly sentence: string };

/** The model's answer to a word. */
export interface Answer {
  readonly word: string;
  /** Best first; at least one. */
  readonly pronunciations: readonly Pronunciation[];
  readonly milliseconds: number;
}

export interface Session {
  /** As it stands in the field. */
  readonly typed: string;
  readonly model: ModelState;
  /** The last answer; it stays on screen while a newer word is being read. */
  readonly answer: Answer | undefined;
  /** Why the typed word is not read, in a sentence. */
  readonly problem: string | undefined;
  /** Which pronunciation is shown. */
  readonly choice: number;
  readonly view: View;
  /** Under the pointer or the keyboard's focus. */
  readonly pointed: AlignmentMark | undefined;
  /** Held by a click. */
  readonly locked: AlignmentMark | undefined;
  /** Whether links of any weight are drawn. */
  readonly allLinks: boolean;
  readonly theme: ThemeChoice;
  readonly helpOpen: boolean;
  /** Whether single keys are commands. */
  readonly shortcuts: boolean;
  /** The last thing worth saying aloud. */
  readonly announcement: string;
}

export const firstSession: Session = {
  typed: examples[0],
  model: { status: "loading" },
  answer: undefined,
  problem: undefined,
  choice: 0,
  view: "lines",
  pointed: undefined,
  locked: undefined,
  allLinks: false,
  theme: "system",
  helpOpen: false,
  shortcuts: true,
  announcement: "",
};

/** The word to ask the model for, in its normal form; undefined when there is none. */
export function wordToAsk(session: Session): string | undefined {
  if (session.model.status !== "ready") return undefined;
  const read = readTyped(session.typed, session.model.facts.alphabet);
  return "word" in read ? read.word : undefined;
}

/** Whether the answer on screen belongs to an earlier word. */
export function isStale(session: Session): boolean {
  return session.answer !== undefined && session.answer.word !== wordToAsk(session);
}

/** The pronunciation on screen. */
export function shown(session: Session): Pronunciation | undefined {
  return session.answer?.pronunciations[session.choice];
}

/** A word of an upper-case alphabet as it is written in a sentence; a screen reader would spell capitals out. */
export function spoken(word: string): string {
  return word.toLowerCase();
}

/** The word on screen as a person typed it; an earlier word, which is no longer in the field, in small letters. */
export function wordShown(session: Session): string {
  return isStale(session) ? spoken(session.answer?.word ?? "") : session.typed.trim();
}

/** What is lit: a click holds against the pointer; a mark outside the alignment on screen lights nothing. */
export function mark(session: Session): AlignmentMark | undefined {
  const lit = session.locked ?? session.pointed;
  return fits(shown(session)?.attention, lit) ? lit : undefined;
}

export function type(session: Session, typed: string): Session {
  if (typed === session.typed) return session;
  return check({ ...session, typed, choice: 0, pointed: undefined, locked: undefined });
}

export function modelReady(session: Session, facts: ModelFacts): Session {
  return check({ ...session, model: { status: "ready", facts }, announcement: "The model is ready." });
}

export function modelFailed(session: Session, sentence: string): Session {
  return { ...session, model: { status: "failed", sentence }, announcement: `The model did not load. ${sentence}` };
}

export function modelLoading(session: Session): Session {
  return { ...session, model: { status: "loading" } };
}

/** Takes over a session that a link describes; a choice or mark waits for the word's answer when it is not there yet. */
export function followLink(session: Session): Session {
  const checked = check(session);
  return checked.answer === undefined || isStale(checked) ? checked : keepMarks(checked);
}

/** Shows an answer; a choice or mark that does not exist in it is dropped. */
export function answered(
  session: Session,
  word: string,
  pronunciations: readonly Pronunciation[],
  milliseconds: number,
): Session {
  if (pronunciations.length === 0) return refused(session, `The model found no pronunciation for “${spoken(word)}”.`);
  const next = keepMarks({ ...session, answer: { word, pronunciations, milliseconds }, problem: undefined });
  return { ...next, announcement: `${spoken(word)}: ${shown(next)!.phonemes.join(" ")}` };
}

export function refused(session: Session, sentence: string): Session {
  return {
    ...session,
    answer: undefined,
    problem: sentence,
    announcement: sentence,
    pointed: undefined,
    locked: undefined,
  };
}

export function point(session: Session, pointed: AlignmentMark | undefined): Session {
  return sameMark(session.pointed, pointed) ? session : { ...session, pointed };
}

/** Holds a mark, or lets go of the one held. */
export function toggleLock(session: Session, target: AlignmentMark): Session {
  const trace = shown(session)?.attention;
  if (trace === undefined) return session;
  if (sameMark(session.locked, target)) return { ...session, locked: undefined, announcement: "Unlocked." };
  return { ...session, locked: target, announcement: `Locked. ${sayMark(trace, target)}` };
}

/** Lets go of every mark. */
export function clear(session: Session): Session {
  return { ...session, locked: undefined, pointed: undefined };
}

export function choose(session: Session, choice: number): Session {
  const count = session.answer?.pronunciations.length ?? 0;
  if (choice < 0 || choice >= count || choice === session.choice) return session;
  const next = { ...session, choice, pointed: undefined, locked: undefined };
  return { ...next, announcement: `Reading ${choice + 1} of ${count}: ${shown(next)!.phonemes.join(" ")}` };
}

/** A mark in a sentence: what a phoneme reads, or who reads a letter; empty for a mark outside the alignment. */
export function sayMark(trace: AlignmentTrace, target: AlignmentMark): string {
  if (!fits(trace, target)) return "";
  const list = (names: readonly string[], weights: readonly number[]): string =>
    strongest(weights)
      .filter(({ weight }, k) => k === 0 || weight >= 0.05)
      .slice(0, 4)
      .map(({ index, weight }) => `${names[index]!} ${weight.toFixed(2)}`)
      .join(", ");
  if (target.kind === "row")
    return `${trace.rows[target.row]!} reads ${list(trace.columns, trace.weights[target.row]!)}.`;
  if (target.kind === "column")
    return `${trace.columns[target.column]!} is read by ${list(
      trace.rows,
      trace.weights.map((row) => row[target.column]!),
    )}.`;
  return `${trace.rows[target.row]!} reads ${trace.columns[target.column]!}: ${trace.weights[target.row]![target.column]!.toFixed(4)}.`;
}

function check(session: Session): Session {
  if (session.model.status !== "ready") return session;
  const read = readTyped(session.typed, session.model.facts.alphabet);
  if ("word" in read) return { ...session, problem: undefined };
  return { ...session, answer: undefined, problem: read.sentence, announcement: read.sentence };
}

function keepMarks(given: Session): Session {
  const session = { ...given, choice: Math.min(given.choice, given.answer!.pronunciations.length - 1) };
  const trace = shown(session)!.attention;
  return {
    ...session,
    pointed: fits(trace, session.pointed) ? session.pointed : undefined,
    locked: fits(trace, session.locked) ? session.locked : undefined,
  };
}

function fits(trace: AlignmentTrace | undefined, target: AlignmentMark | undefined): boolean {
  if (trace === undefined || target === undefined) return false;
  return (
    (target.kind === "column" || target.row < trace.rows.length) &&
    (target.kind === "row" || target.column < trace.columns.length)
  );
}

function sameMark(a: AlignmentMark | undefined, b: AlignmentMark | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === "row") return b.kind === "row" && a.row === b.row;
  if (a.kind === "column") return b.kind === "column" && a.column === b.column;
  return b.kind === "cell" && a.row === b.row && a.column === b.column;
}
