// The algebra of masks: both, either, the opposite.

import { inputError } from "../../core/errors.ts";
import { add, minimum } from "../../core/ops/binary.ts";
import { and as both, not as opposite, or as either } from "../../core/ops/compare.ts";
import { fill } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { everything, nothing } from "./everything.ts";
import type { Mask, MaskSizes, MaskStructure, Verdict } from "./mask.ts";
import { requireMask } from "./require-mask.ts";
import { everyKey, noStructure } from "./rule.ts";

/**
 * Allows what all masks allow; their biases add up. Without any: `everything`.
 *
 * This is how a causal mask and another one come together: none is dropped, whatever the sizes.
 */
export function and(...masks: readonly Mask[]): Mask {
  checkMasks("and", masks);
  if (masks.length < 2) return masks[0] ?? everything;
  const sumUp = (tensors: readonly (Tensor | null)[], fn: (a: Tensor, b: Tensor) => Tensor): Tensor | null =>
    present(tensors).reduce<Tensor | null>((total, x) => (total ? fn(total, x) : x), null);
  return Object.freeze({
    name: nameOf("and", masks),
    addsBias: masks.some((mask) => mask.addsBias),
    parts: Object.freeze([...masks]),
    exactRange: masks.every((mask) => mask.exactRange),
    allowed: (at, sizes) =>
      sumUp(
        masks.map((mask) => mask.allowed(at, sizes)),
        both,
      ),
    bias: (at, sizes) =>
      sumUp(
        masks.map((mask) => mask.bias(at, sizes)),
        add,
      ),
    keyRange(query, sizes) {
      const ranges = masks.map((mask) => mask.keyRange(query, sizes));
      const from = Math.max(...ranges.map((range) => range[0]));
      const to = Math.min(...ranges.map((range) => range[1]));
      return from < to ? [from, to] : [0, 0];
    },
    keys: (sizes) =>
      sumUp(
        masks.map((mask) => mask.keys(sizes)),
        both,
      ),
    structure: (sizes) => structureOfAll(masks, sizes),
    check: (sizes) => masks.forEach((mask) => mask.check(sizes)),
    explain(query, key, options) {
      const verdicts = masks.map((mask) => mask.explain(query, key, options));
      return { allowed: allOf(verdicts.map((v) => v.allowed)), rules: verdicts.flatMap((v) => v.rules) };
    },
  } satisfies Mask);
}

/**
 * Allows what any mask allows. Without any: `nothing`.
 *
 * @throws HeedError for a mask that adds a bias: there would be no saying when it is added.
 */
export function or(...masks: readonly Mask[]): Mask {
  checkMasks("or", masks);
  refuseBias("or", masks);
  if (masks.length < 2) return masks[0] ?? nothing;
  // Where one says nothing (null: all is allowed, or unknown), neither does the union.
  const unite = (tensors: readonly (Tensor | null)[]): Tensor | null =>
    tensors.includes(null) ? null : present(tensors).reduce((total, x) => either(total, x));
  return Object.freeze({
    name: nameOf("or", masks),
    addsBias: false,
    allowed: (at, sizes) => unite(masks.map((mask) => mask.allowed(at, sizes))),
    bias: () => null,
    keyRange(query, sizes) {
      const ranges = masks.map((mask) => mask.keyRange(query, sizes)).filter(([from, to]) => from < to);
      if (ranges.length === 0) return [0, 0];
      return [Math.min(...ranges.map((range) => range[0])), Math.max(...ranges.map((range) => range[1]))];
    },
    keys: (sizes) => unite(masks.map((mask) => mask.keys(sizes))),
    structure: () => noStructure,
    check: (sizes) => masks.forEach((mask) => mask.check(sizes)),
    explain(query, key, options) {
      const verdicts = masks.map((mask) => mask.explain(query, key, options));
      return { allowed: anyOf(verdicts.map((v) => v.allowed)), rules: verdicts.flatMap((v) => v.rules) };
    },
  } satisfies Mask);
}

/**
 * Allows what the mask blocks. What `explain` says of its rules is turned round rule by rule.
 *
 * @throws HeedError for a mask that adds a bias: a sum has no opposite that blocks.
 */
export function not(mask: Mask): Mask {
  checkMasks("not", [mask]);
  refuseBias("not", [mask]);
  return Object.freeze({
    name: nameOf("not", [mask]),
    addsBias: false,
    allowed(at, sizes) {
      const allowed = mask.allowed(at, sizes);
      return allowed ? opposite(allowed) : fill([1, 1, 1, 1], 0, "bool");
    },
    bias: () => null,
    keyRange: everyKey,
    keys: () => null,
    structure: () => noStructure,
    check: mask.check,
    explain(query, key, options) {
      const { allowed, rules } = mask.explain(query, key, options);
      return {
        allowed: turned(allowed),
        rules: rules.map((r) => ({ rule: `not(${r.rule})`, allowed: turned(r.allowed), why: r.why })),
      };
    },
  } satisfies Mask);
}

/** All causal rules of a conjunction are the tightest of them, all lengths the shortest. */
function structureOfAll(masks: readonly Mask[], sizes: MaskSizes): MaskStructure {
  const parts = masks.map((mask) => mask.structure(sizes));
  const offsets = parts.flatMap(({ causal }) => (causal === null ? [] : [causal]));
  const lengths = present(parts.map((part) => part.lengths));
  return {
    causal: offsets.length > 0 ? Math.min(...offsets) : null,
    lengths: lengths.length > 0 ? lengths.reduce((shortest, x) => minimum(shortest, x)) : null,
    exact: parts.every((part) => part.exact),
  };
}

function nameOf(word: string, masks: readonly Mask[]): string {
  return `${word}(${masks.map((mask) => mask.name).join(", ")})`;
}

function present(tensors: readonly (Tensor | null)[]): readonly Tensor[] {
  return tensors.filter((x) => x !== null);
}

function allOf(verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes(false) ? false : verdicts.includes("depends") ? "depends" : true;
}

function anyOf(verdicts: readonly Verdict[]): Verdict {
  return verdicts.includes(true) ? true : verdicts.includes("depends") ? "depends" : false;
}

function turned(verdict: Verdict): Verdict {
  return verdict === "depends" ? verdict : !verdict;
}

function checkMasks(where: string, masks: readonly unknown[]): void {
  for (const mask of masks) requireMask(where, "every operand", mask);
}

function refuseBias(where: string, masks: readonly Mask[]): void {
  const biased = masks.find((mask) => mask.addsBias);
  if (biased)
    throw inputError(
      where,
      "a mask that adds to the scores has no union and no opposite, for it blocks nothing by adding",
      biased.name,
      "Combine the masks that block first, and add the bias with and(..., bias(x)).",
    );
}
