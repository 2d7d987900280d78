import { svg, themes, type AlignmentTrace } from "heed/draw";
import { expect, suite, test } from "vitest";
import { commandFor, commands } from "./commands/index.ts";
import { examples } from "./examples.ts";
import { fileName, figure } from "./figure.ts";
import { readLink, writeLink } from "./link.ts";
import * as change from "./session.ts";
import type { Session } from "./session.ts";
import type { Pronunciation } from "./worker/pronouncer.ts";

const facts = { alphabet: [..."'-ABCDEFGHIJKLMNOPQRSTUVWXYZ"], describe: { name: "test", device: "wasm" } } as const;

function reading(word: string, phonemes: readonly string[], score = -0.1): Pronunciation {
  const columns = [...word];
  const weights = phonemes.map((_, i) => columns.map((_, j) => (j === Math.min(i, columns.length - 1) ? 1 : 0)));
  const attention: AlignmentTrace = { rows: phonemes, columns, weights };
  return { phonemes, score, attention, complete: true };
}

const ready = (): Session => change.modelReady(change.firstSession, facts);
const phoebe = (): Session =>
  change.answered(
    change.type(ready(), "phoebe"),
    "PHOEBE",
    [reading("PHOEBE", ["F", "IY", "B", "IY"]), reading("PHOEBE", ["P"], -3)],
    12,
  );

suite("session", () => {
  test("a word is asked for once the model is ready and the word is in its alphabet", () => {
    expect(change.wordToAsk(change.firstSession)).toBeUndefined();
    expect(change.wordToAsk(ready())).toBe(examples[0].toUpperCase());
    expect(change.wordToAsk(change.type(ready(), " Knight "))).toBe("KNIGHT");
    expect(change.wordToAsk(change.type(ready(), "h3llo"))).toBeUndefined();
  });
  test("an answer stays, stale, while a newer word is typed; a bad word removes it", () => {
    const typing = change.type(phoebe(), "phoeb");
    expect(typing.answer?.word).toBe("PHOEBE");
    expect(change.isStale(typing)).toBe(true);
    expect(change.isStale(phoebe())).toBe(false);
    const bad = change.type(phoebe(), "ph0ebe");
    expect(bad.answer).toBeUndefined();
    expect(bad.problem).toContain("“0” is not in the alphabet.");
    expect(change.type(bad, "phoebe").problem).toBeUndefined();
  });
  test("a lock holds against the pointer and is released by the same click", () => {
    const locked = change.toggleLock(phoebe(), { kind: "row", row: 1 });
    expect(change.mark(change.point(locked, { kind: "column", column: 0 }))).toEqual({ kind: "row", row: 1 });
    expect(locked.announcement).toBe("Locked. IY reads H 1.00.");
    expect(change.mark(change.toggleLock(locked, { kind: "row", row: 1 }))).toBeUndefined();
    expect(change.mark(change.clear(locked))).toBeUndefined();
  });
  test("typing lets go of choice and lock; the same text changes nothing", () => {
    const locked = change.toggleLock(change.choose(phoebe(), 1), { kind: "row", row: 0 });
    const typed = change.type(locked, "knight");
    expect([typed.choice, typed.locked]).toEqual([0, undefined]);
    expect(change.type(locked, "phoebe")).toBe(locked);
  });
  test("a choice outside the beam and a mark outside the alignment are dropped with the answer", () => {
    const waiting: Session = { ...ready(), choice: 9, locked: { kind: "row", row: 3 } };
    const answer = change.answered(waiting, "PHOEBE", [reading("PHOEBE", ["F", "IY"])], 5);
    expect([answer.choice, answer.locked]).toEqual([0, undefined]);
    expect(change.choose(answer, 1)).toBe(answer);
  });
  test("a mark that waits for its answer lights nothing yet", () => {
    expect(change.mark({ ...ready(), locked: { kind: "row", row: 1 } })).toBeUndefined();
  });
  test("an empty beam is a problem in words", () => {
    expect(change.answered(ready(), "PHOEBE", [], 1).problem).toBe("The model found no pronunciation for “phoebe”.");
  });
  test("a failure is said and can be retried", () => {
    const failed = change.modelFailed(change.firstSession, "No network.");
    expect(failed.announcement).toBe("The model did not load. No network.");
    expect(change.modelLoading(failed).model.status).toBe("loading");
  });
  test("marks are said in words", () => {
    const { attention } = change.shown(phoebe())!;
    expect(change.sayMark(attention, { kind: "column", column: 0 })).toBe("P is read by F 1.00.");
    expect(change.sayMark(attention, { kind: "cell", row: 0, column: 1 })).toBe("F reads H: 0.0000.");
    expect(change.sayMark(attention, { kind: "row", row: 40 })).toBe("");
  });
});

suite("links", () => {
  test("carry word, view, reading, mark and links, and come back the same", () => {
    const session: Session = {
      ...phoebe(),
      typed: "o'clock & más",
      view: "matrix",
      choice: 1,
      locked: { kind: "cell", row: 1, column: 2 },
      allLinks: true,
    };
    const back = readLink(writeLink(session), change.firstSession);
    for (const field of ["typed", "view", "choice", "locked", "allLinks"] as const)
      expect(back[field]).toEqual(session[field]);
  });
  test("leave defaults out, and survive nonsense", () => {
    expect(writeLink(change.firstSession)).toBe(`#word=${examples[0]}`);
    const odd = readLink(`#word=${"a".repeat(999)}&view=cube&reading=-3&mark=row:x&links=some`, change.firstSession);
    expect([odd.typed.length, odd.view, odd.choice, odd.locked, odd.allLinks]).toEqual([
      65,
      "lines",
      0,
      undefined,
      false,
    ]);
    expect(readLink("", change.firstSession).typed).toBe(examples[0]);
  });
  test("to a word on screen take effect at once, dropping what does not fit", () => {
    const linked = change.followLink(readLink("#word=phoebe&reading=2&mark=row:3", phoebe()));
    expect([linked.choice, linked.locked]).toEqual([1, undefined]);
  });
});

suite("figures", () => {
  const written = (session: Session): string => svg(figure(session, { theme: themes.print, headline: true })!);
  test("bear the word as typed, the phonemes, and which reading they show", () => {
    const typed = change.type(phoebe(), " Phoebe ");
    expect(written(typed)).toContain(">Phoebe</text>");
    expect(written(typed)).toContain(">F IY B IY  ·  reading 1 of 2, 90 %</text>");
    expect(written(change.choose(typed, 1))).toContain(">P  ·  reading 2 of 2, 5.0 %</text>");
    expect(written(change.type(phoebe(), "knight"))).toContain(">phoebe</text>");
  });
  test("are saved under word, view and, after the first, reading", () => {
    expect(fileName(phoebe())).toBe("phoebe-lines");
    expect(fileName({ ...change.choose(phoebe(), 1), view: "matrix" })).toBe("phoebe-matrix-2");
  });
});

suite("commands", () => {
  test("names and keys are unique", () => {
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
    expect(new Set(commands.map(({ key }) => key)).size).toBe(commands.length);
  });
  test("keys mean nothing while writing, with a modifier, or when switched off; Escape always does", () => {
    const locked = change.toggleLock(phoebe(), { kind: "row", row: 0 });
    const press = { key: "2", modified: false, inField: false };
    expect(commandFor(press, locked)?.name).toBe("show-matrix");
    expect(commandFor({ ...press, inField: true }, locked)).toBeUndefined();
    expect(commandFor({ ...press, modified: true }, locked)).toBeUndefined();
    expect(commandFor(press, { ...locked, shortcuts: false })).toBeUndefined();
    expect(commandFor({ key: "Escape", modified: false, inField: true }, locked)?.name).toBe("clear-mark");
  });
  test("under the help only what closes it acts", () => {
    const open: Session = { ...change.toggleLock(phoebe(), { kind: "row", row: 0 }), helpOpen: true };
    const meant = (key: string): string | undefined => commandFor({ key, modified: false, inField: false }, open)?.name;
    expect(["1", "2", "/", "]", "e", "l", "d", "t"].map(meant)).toEqual(Array(8).fill(undefined));
    expect([meant("?"), meant("Escape")]).toEqual(["toggle-help", "toggle-help"]);
    const closed = commandFor({ key: "Escape", modified: false, inField: false }, open)!.perform(open);
    expect([closed.helpOpen, closed.locked]).toEqual([false, { kind: "row", row: 0 }]);
  });
  test("each makes sense only when it says so", () => {
    const names = (session: Session): readonly string[] =>
      commands.filter(({ when }) => when(session)).map(({ name }) => name);
    expect(names(change.firstSession)).not.toContain("save-svg");
    expect(names(phoebe())).toEqual(expect.arrayContaining(["save-svg", "next-reading", "toggle-links"]));
    expect(names(change.modelFailed(ready(), "x"))).toContain("retry");
  });
  test("perform is pure: the session before is untouched", () => {
    const before = phoebe();
    const copy = structuredClone(before);
    for (const { perform } of commands) perform(before);
    expect(before).toEqual(copy);
  });
});
