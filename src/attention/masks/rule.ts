// One rule as a mask: what differs from a mask that is known only when it runs, and what every `explain` checks.

import { checkOptions, inputError } from "../../core/errors.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { ExplainOptions, Mask, MaskCoordinates, MaskSizes, MaskStructure, Verdict } from "./mask.ts";
import { checkSizes } from "./sizes.ts";

/** One pair of positions. */
export interface MaskPair {
  readonly batch: number;
  readonly head: number;
  readonly query: number;
  readonly key: number;
  /** null where they were not given. */
  readonly sizes: MaskSizes | null;
}

/** What makes a mask: the first three members always, the others where more is known. */
export interface MaskRule {
  readonly name: string;
  readonly allowed: (at: MaskCoordinates, sizes: MaskSizes) => Tensor | null;
  readonly verdict: (pair: MaskPair) => { readonly allowed: Verdict; readonly why: string };
  readonly bias?: (at: MaskCoordinates, sizes: MaskSizes) => Tensor | null;
  readonly keyRange?: (query: number, sizes: MaskSizes) => readonly [from: number, to: number];
  readonly exactRange?: boolean;
  readonly keys?: (sizes: MaskSizes) => Tensor | null;
  readonly structure?: (sizes: MaskSizes) => MaskStructure;
  readonly check?: (sizes: MaskSizes) => void;
}

/** The structure of a mask of which kernels know nothing. */
export const noStructure: MaskStructure = Object.freeze({ causal: null, lengths: null, exact: false });

/** The mask of one rule. What is not given is the answer that is always right: every key, unknown, no structure. */
export function maskOf(rule: MaskRule): Mask {
  const { name, allowed, verdict, check = () => {} } = rule;
  return Object.freeze({
    name,
    addsBias: rule.bias !== undefined,
    allowed,
    bias: rule.bias ?? (() => null),
    keyRange: rule.keyRange ?? everyKey,
    exactRange: rule.exactRange ?? false,
    keys: rule.keys ?? (() => null),
    structure: rule.structure ?? (() => noStructure),
    check,
    explain(query: number, key: number, options: ExplainOptions = {}) {
      const pair = pairOf(name, query, key, options);
      if (pair.sizes) check(pair.sizes);
      const result = verdict(pair);
      return { allowed: result.allowed, rules: [{ rule: name, ...result }] };
    },
  });
}

/** The range of a mask of which no key is surely blocked. */
export function everyKey(_query: number, sizes: MaskSizes): readonly [from: number, to: number] {
  return [0, sizes.keyLength];
}

/** The positions that `explain` is asked about, checked. */
function pairOf(name: string, query: number, key: number, options: ExplainOptions): MaskPair {
  const where = `${name}.explain`;
  checkOptions(where, options, ["batch", "head", "sizes"]);
  const { batch = 0, head = 0, sizes = null } = options;
  if (sizes) checkSizes(where, sizes);
  const limits = [sizes?.batchSize, sizes?.headCount, sizes?.queryLength, sizes?.keyLength];
  for (const [i, [axis, position]] of Object.entries({ batch, head, query, key }).entries()) {
    const limit = limits[i] ?? Infinity;
    if (!Number.isInteger(position) || position < 0 || position >= limit)
      throw inputError(
        where,
        `${axis} must be an integer ${limit === Infinity ? ">= 0" : limit === 0 ? "of an axis that is empty" : `from 0 to ${limit - 1}`}`,
        String(position),
      );
  }
  return { batch, head, query, key, sizes };
}
