// Alignment error rate: how far links are from those that people drew.

import { checkOptions, inputError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";
import type { Link } from "./links.ts";

/** What people say of one sentence pair. */
export interface ReferenceLinks {
  /** Links that must be there. */
  readonly sure: readonly Link[];
  /** Links that may be there; sure links may too, whether or not they stand here. Default none beyond those. */
  readonly possible?: readonly Link[];
}

/** How links compare with the reference, over all sentences together. */
export type AlignmentScore = {
  /** 1 - (|A and S| + |A and P|) / (|A| + |S|): 0 is best. 0 where neither a link nor a sure link is. */
  readonly errorRate: number;
  /** |A and P| / |A|; 1 without links. */
  readonly precision: number;
  /** |A and S| / |S|; 1 without sure links. */
  readonly recall: number;
  /** |A|. */
  readonly linkCount: number;
  /** |S|. */
  readonly sureCount: number;
};

/**
 * The alignment error rate of links A against sure links S and possible links P, S being part of P. A link that is given
 * twice counts once; counts are added over the sentences before they are divided.
 *
 * @param links - a list of links for each sentence; from weights, `linksOf`.
 * @param references - the reference for each sentence, in the same order.
 * @throws HeedError when the counts of sentences differ, or a link is no pair of positions.
 * Source: Och and Ney 2003, "A Systematic Comparison of Various Statistical Alignment Models", Computational Linguistics
 *   29(1), section 6 (its evaluation: recall, precision and AER).
 */
export function alignmentErrorRate(
  links: readonly (readonly Link[])[],
  references: readonly ReferenceLinks[],
): AlignmentScore {
  const where = "alignmentErrorRate";
  for (const [name, list] of Object.entries({ links, references }))
    if (!Array.isArray(list)) throw inputError(where, `${name} must be a list, one entry a sentence`, kindOf(list));
  if (links.length !== references.length)
    throw inputError(where, "there must be a reference for each sentence", `${links.length} lists of links and ${references.length} references`); // prettier-ignore
  let [linkCount, sureCount, foundSure, foundPossible] = [0, 0, 0, 0];
  links.forEach((own, i) => {
    const reference = references[i]!;
    checkOptions(where, reference, ["sure", "possible"]);
    const found = setOf(where, `links ${i}`, own);
    const sure = setOf(where, `sure links ${i}`, reference.sure);
    const possible = new Set([...sure, ...setOf(where, `possible links ${i}`, reference.possible ?? [])]);
    linkCount += found.size;
    sureCount += sure.size;
    for (const link of found) {
      if (sure.has(link)) foundSure++;
      if (possible.has(link)) foundPossible++;
    }
  });
  const all = linkCount + sureCount;
  return {
    errorRate: all === 0 ? 0 : 1 - (foundSure + foundPossible) / all,
    precision: linkCount === 0 ? 1 : foundPossible / linkCount,
    recall: sureCount === 0 ? 1 : foundSure / sureCount,
    linkCount,
    sureCount,
  };
}

/** Links as texts, so that equal ones are one. */
function setOf(where: string, name: string, links: readonly Link[]): ReadonlySet<string> {
  if (!Array.isArray(links)) throw inputError(where, `${name} must be a list of [source, target]`, kindOf(links));
  return new Set(
    links.map((link: unknown) => {
      const isPair = Array.isArray(link) && link.length === 2 && link.every((p) => Number.isInteger(p) && p >= 0);
      if (!isPair)
        throw inputError(where, `${name} must be pairs [source, target] of positions from 0`, JSON.stringify(link));
      return link.join("-");
    }),
  );
}
