// The state that a link carries: word, view, reading and locked mark, in the address's hash.

import { markId, parseMark } from "heed/draw";
import { longestWord } from "heed/models";
import type { Session } from "./session.ts";

type Linked = Pick<Session, "typed" | "view" | "choice" | "locked" | "allLinks">;

/** The hash of a session, for instance `#word=phoebe&view=matrix`; what is at its default is left out. */
export function writeLink({ typed, view, choice, locked, allLinks }: Linked): string {
  const fields = new URLSearchParams();
  fields.set("word", typed);
  if (view !== "lines") fields.set("view", view);
  if (choice !== 0) fields.set("reading", String(choice + 1));
  if (locked !== undefined) fields.set("mark", markId(locked));
  if (allLinks) fields.set("links", "all");
  return `#${fields.toString()}`;
}

/** Reads a hash into a session; a field that is missing or makes no sense takes its default, a missing word keeps the session's. */
export function readLink(hash: string, session: Session): Session {
  const fields = new URLSearchParams(hash.replace(/^#/, ""));
  const reading = Number(fields.get("reading") ?? 1);
  return {
    ...session,
    // One more than the longest word, so that a longer one is still refused as too long.
    typed: [...(fields.get("word") ?? session.typed)].slice(0, longestWord + 1).join(""),
    view: fields.get("view") === "matrix" ? "matrix" : "lines",
    choice: Number.isInteger(reading) && reading >= 1 && reading <= 100 ? reading - 1 : 0,
    locked: parseMark(fields.get("mark") ?? undefined),
    pointed: undefined,
    allLinks: fields.get("links") === "all",
  };
}
