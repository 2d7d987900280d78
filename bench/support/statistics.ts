// Medians of interleaved repeats: what is compared is measured in turn, so that a change of the machine's load meets all alike.

/** One thing that is measured: each call gives the milliseconds of one repeat. */
export interface Contestant {
  readonly name: string;
  /** At most so many repeats, without warm-ups: for what takes long. Default: one a round. */
  readonly atMost?: number;
  measure(): Promise<number>;
}

/** The repeats of every contestant, by name, those of the first rounds where there are fewer. */
export type Repeats = ReadonlyMap<string, readonly number[]>;

/** The middle of some numbers; the mean of the two in the middle of an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/**
 * Measures every contestant `rounds` times, one after the other in every round.
 *
 * @param warmUps - rounds before those that count.
 */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds, warmUps = 1 }: { readonly rounds: number; readonly warmUps?: number },
): Promise<Repeats> {
  const repeats = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = -warmUps; round < rounds; round++)
    for (const { name, measure, atMost } of contestants) {
      if (atMost !== undefined && (round < 0 || round >= atMost)) continue;
      const ms = await measure();
      if (round >= 0) repeats.get(name)!.push(ms);
    }
  return repeats;
}

/** Median of the quotients of two contestants' repeats, round by round, over the rounds that both have. */
export function medianRatio(above: readonly number[], below: readonly number[]): number {
  return median(above.slice(0, below.length).map((value, round) => value / below[round]!));
}
