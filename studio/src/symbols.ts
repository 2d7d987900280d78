// The letters and phonemes of a figure as things to reach: where each lies, and what it is called aloud.

import { boundsOf, markId, type AlignmentMark, type AlignmentTrace, type Box, type Scene } from "heed/draw";
import { describeSounds } from "./arpabet.ts";
import { sayMark } from "./session.ts";

export interface ReachableSymbol {
  readonly mark: AlignmentMark;
  /** Place in the scene. */
  readonly box: Box;
  /** Name, position and weights, in a sentence. */
  readonly name: string;
}

/** The letters of an alignment as they lie in its scene. */
export function letterSymbols(trace: AlignmentTrace, scene: Scene): readonly ReachableSymbol[] {
  return trace.columns.map((letter, column) =>
    reach(trace, scene, { kind: "column", column }, `Letter ${letter}, ${column + 1} of ${trace.columns.length}`),
  );
}

/** The phonemes of an alignment as they lie in its scene. */
export function phonemeSymbols(trace: AlignmentTrace, scene: Scene): readonly ReachableSymbol[] {
  return trace.rows.map((_, row) => reach(trace, scene, { kind: "row", row }, phonemeName(trace, row)));
}

/** A phoneme aloud: its symbol, its sound and its place. */
export function phonemeName({ rows }: AlignmentTrace, row: number): string {
  const sounds = describeSounds(rows[row]!);
  return `Phoneme ${rows[row]!}${sounds === "" ? "" : `, ${sounds}`}, ${row + 1} of ${rows.length}`;
}

function reach(trace: AlignmentTrace, scene: Scene, mark: AlignmentMark, what: string): ReachableSymbol {
  const box = boundsOf(scene, markId(mark)) ?? { x: 0, y: 0, width: 0, height: 0 };
  return { mark, box, name: `${what}. ${sayMark(trace, mark)}` };
}
