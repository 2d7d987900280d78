// The written rule: which lowering an attention gets.

import type { Mask, MaskSizes } from "../masks/mask.ts";
import type { ScoreRules } from "./rules.ts";

/**
 * How an attention is computed.
 *
 * * `fused`: one kernel of the runtime, for what it has: no mask, or a causal one over as many queries as keys.
 * * `plain`: primitives, with all scores at once.
 * * `blocked`: primitives, a block of queries at a time; the gradient computes the blocks again.
 */
export type Lowering = "fused" | "plain" | "blocked";

/** Bytes of scores (B, H, T, S) up to which they are held at once: they fit the caches, and a gradient reads them again. */
const plainBytes = 8 * 2 ** 20;

/** Bytes of the scores of one block: it and what the gradient makes of it stay in the caches of one core or two. */
const blockBytes = 4 * 2 ** 20;

/** What of an attention decides its lowering. */
export interface LoweringFacts {
  readonly rules: ScoreRules;
  readonly headSize: number;
  readonly valueSize: number;
}

/** Bytes of all scores in float32. */
export function scoreBytes({ batchSize, headCount, queryLength, keyLength }: MaskSizes): number {
  return 4 * batchSize * headCount * queryLength * keyLength;
}

/** The lowering that the rule gives. */
export function chooseLowering(facts: LoweringFacts): Lowering {
  const { rules } = facts;
  const way = rules.drop ? "plain" : inPrimitives(rules);
  return way === "blocked" && fusedKind(facts) ? "fused" : way;
}

/** The lowering without fused kernels: that of their gradient. */
export function inPrimitives({ sizes }: Pick<ScoreRules, "sizes">): Exclude<Lowering, "fused"> {
  return scoreBytes(sizes) <= plainBytes ? "plain" : "blocked";
}

/** Which fused kernel computes exactly this; null for none. */
export function fusedKind({ rules, headSize, valueSize }: LoweringFacts): "bidirectional" | "causal" | null {
  const { softCap, scoreMod, normalize, alterations, drop, guard, mask, sizes } = rules;
  const isPlain = softCap === null && !scoreMod && !normalize && !drop && !guard && alterations.length === 0;
  if (!isPlain || sizes.keyLength === 0) return null;
  if (!mask) return "bidirectional";
  // The kernel wants heads whose size is a multiple of 8.
  return headSize === valueSize && headSize % 8 === 0 && isSquareCausal(mask, sizes) ? "causal" : null;
}

function isSquareCausal(mask: Mask, sizes: MaskSizes): boolean {
  const { causal, lengths, exact } = mask.structure(sizes);
  return exact && causal === 0 && lengths === null && sizes.queryLength === sizes.keyLength;
}

/** Queries in a block. */
export function blockSizeOf(sizes: MaskSizes): number {
  const row = scoreBytes({ ...sizes, queryLength: 1 });
  return Math.min(sizes.queryLength, Math.max(16, Math.min(256, Math.floor(blockBytes / row))));
}
