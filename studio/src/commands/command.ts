// A user action as one object: button, shortcut and help all read the same one.

import type { Session } from "../session.ts";

/** What an action may do beyond changing the session. */
export interface Tools {
  /** Saves the figure on screen; resolves to the sentence to announce. */
  readonly saveFigure: (format: "svg" | "png") => Promise<string>;
  /** Copies the link of the session. */
  readonly copyLink: () => Promise<string>;
  readonly focusWord: () => void;
  /** Starts the worker again. */
  readonly reload: () => void;
}

export interface Command {
  /** Kebab-case; the name of its file. */
  readonly name: string;
  readonly label: string;
  /** `KeyboardEvent.key`; undefined when there is no shortcut. */
  readonly key?: string;
  /** Whether the action makes sense now. */
  readonly when: (session: Session) => boolean;
  readonly perform: (session: Session) => Session;
  /** Runs after `perform`. */
  readonly effect?: (tools: Tools) => void | Promise<string>;
}

export const always = (): boolean => true;
export const unchanged = (session: Session): Session => session;
export const hasAnswer = (session: Session): boolean => session.answer !== undefined;
