// What is measured of attention: problems that every side solves on the same numbers, and what each of them costs.
// Axes: B batch, S queries and as many keys, H heads, D head size.

/** One attention over sequences; as JSON it is what peers are asked. */
export interface Problem {
  /** `backward`: the context, and its gradients with respect to query, keys and values from a given one. */
  readonly pass: "forward" | "backward";
  readonly B: number;
  readonly S: number;
  readonly H: number;
  readonly D: number;
  readonly causal: boolean;
  /** Real positions of each row of the batch, the others being padding; null: all. */
  readonly lengths: readonly number[] | null;
  /** A file of float32: query, keys, values and gradient, each of two rows of (S, H, D), the first B of which count. */
  readonly data: string;
}

/** Heads and their size: those of BERT base. */
export const headCount = 12;
export const headSize = 64;

/** Rows in a file of operands. */
export const rowsInFile = 2;

const passes = { forward: [128, 512, 2048, 8192], backward: [128, 512, 2048, 4096] } as const;

/** All problems, those of one kind together, short ones first. @param dataOf - the file of a length. */
export function attentionProblems(dataOf: (S: number) => string): readonly Problem[] {
  const sizes = { H: headCount, D: headSize };
  return (["forward", "backward"] as const).flatMap((pass) =>
    (pass === "forward" ? [false, true] : [false]).flatMap((padded) =>
      [false, true].flatMap((causal) =>
        passes[pass].map((S): Problem => {
          const lengths = padded ? [S, S / 2] : null;
          return { pass, B: padded ? 2 : 1, S, ...sizes, causal, lengths, data: dataOf(S) };
        }),
      ),
    ),
  );
}

/** What a problem is called in a row, without its length: problems that differ only in it. */
export function kindOf({ pass, causal, lengths }: Problem): string {
  return [pass, causal ? "causal" : "unmasked", ...(lengths ? ["padded"] : [])].join(" ");
}

/** What a problem is called in a row. */
export function nameOf(problem: Problem): string {
  return `${kindOf(problem)} S ${problem.S}`;
}

/**
 * Operations that a problem cannot do without: two products forward, and five more backward, one of which makes the
 * scores again. Of pairs that a mask blocks, none.
 */
export function operations({ pass, B, S, H, D, causal, lengths }: Problem): number {
  const rows = lengths ?? Array.from({ length: B }, () => S);
  const pairs = rows.reduce((total, length) => total + (causal ? (length * (length + 1)) / 2 : length * length), 0);
  return 2 * (pass === "forward" ? 2 : 7) * H * D * pairs;
}
