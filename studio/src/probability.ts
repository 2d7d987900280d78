// The probability of a pronunciation as a person reads it.

/** A log-probability in nats as a percentage: `52 %`, `8.1 %`, `< 0.1 %`. */
export function probability(score: number): string {
  const share = 100 * Math.exp(score);
  return share >= 10 ? `${share.toFixed(0)} %` : share >= 0.1 ? `${share.toFixed(1)} %` : "< 0.1 %";
}
