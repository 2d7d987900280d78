// The names of the mechanisms, apart from the mechanisms: who only reads or lists names need not load them.

/**
 * The names of the mechanisms.
 *
 * `marginal` and `monotonic` have the additive cell, whose weights are a prior over positions: what sets them apart is that
 * the decoder reads every position and sums the alignment out, by the objectives `marginal` and `monotonicMarginal`.
 */
export const mechanismNames = [
  "additive",
  "coverage",
  "dot",
  "general",
  "local-m",
  "local-p",
  "location",
  "entmax",
  "hard",
  "marginal",
  "monotonic",
] as const;

/** The name of a mechanism. */
export type MechanismName = (typeof mechanismNames)[number];
