// The written rule: which lowering an attention gets.

import type { MaskSizes } from "../masks/mask.ts";
import type { FusedKernel } from "./fused.ts";
import type { ScoreRules } from "./rules.ts";

/**
 * How an attention is computed.
 *
 * * `fused`: kernels of the runtime, for what they have: no mask, or a causal one over as many queries as keys; with lengths
 *   each row of the batch has a kernel of its own.
 * * `plain`: primitives, with all scores at once.
 * * `blocked`: primitives, a block of queries at a time; the gradient computes the blocks again.
 */
export type Lowering = (typeof lowerings)[number];

/** The names of all lowerings. */
export const lowerings = ["fused", "plain", "blocked"] as const;

/** Bytes of scores (B, H, T, S) up to which they are held at once: they fit the caches, and a gradient reads them again. */
const plainBytes = 8 * 2 ** 20;

/** Bytes of the scores of one block: it and what the gradient makes of it stay in the caches that cores share; fewer rows make slow products. */
const blockBytes = 8 * 2 ** 20;

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
  return way === "blocked" && fusedKernel(facts) ? "fused" : way;
}

/** The lowering without fused kernels: that of their gradient. */
export function inPrimitives({ sizes }: Pick<ScoreRules, "sizes">): Exclude<Lowering, "fused"> {
  return scoreBytes(sizes) <= plainBytes ? "plain" : "blocked";
}

/** Rows of a batch up to which each gets a kernel of its own; more would make a large graph. */
const mostRows = 256;

/** Which fused kernel computes exactly this; null for none. */
export function fusedKernel({ rules, headSize, valueSize }: LoweringFacts): FusedKernel | null {
  const { softCap, scoreMod, normalize, alterations, drop, guard, mask, sizes, emptyRows } = rules;
  const isPlain = softCap === null && !scoreMod && !normalize && !drop && !guard && alterations.length === 0;
  if (!isPlain || sizes.keyLength === 0) return null;
  if (!mask) return { kind: "bidirectional", lengths: null };
  const { causal, lengths, exact } = mask.structure(sizes);
  if (!exact || (lengths && (emptyRows === "uniform" || sizes.batchSize > mostRows))) return null;
  if (causal === null) return { kind: "bidirectional", lengths };
  // The kernel wants as many queries as keys, and heads whose size is a multiple of 8.
  const fits = causal === 0 && sizes.queryLength === sizes.keyLength && headSize === valueSize && headSize % 8 === 0;
  return fits ? { kind: "causal", lengths } : null;
}

/** Queries in a block. */
export function blockSizeOf(sizes: MaskSizes): number {
  const row = scoreBytes({ ...sizes, queryLength: 1 });
  return Math.min(sizes.queryLength, Math.max(16, Math.min(256, Math.floor(blockBytes / row))));
}
