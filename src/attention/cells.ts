// The mechanisms by name: what a model's configuration may ask for.

import { checkOptions, optionError } from "../core/errors.ts";
import type { AttentionCell } from "./contract.ts";
import { mechanismNames, type MechanismName } from "./mechanism-names.ts";
import { entmaxNormalizer } from "./normalizers/entmax.ts";
import { softmaxNormalizer } from "./normalizers/softmax.ts";
import { additive } from "./scores/additive.ts";
import { coverage } from "./scores/coverage.ts";
import { dot } from "./scores/dot.ts";
import { general } from "./scores/general.ts";
import { location } from "./scores/location.ts";
import { hard } from "./selections/hard.ts";
import { soft } from "./selections/soft.ts";
import { localM } from "./windows/local-m.ts";
import { localP } from "./windows/local-p.ts";

/** Numbers that some of the mechanisms need; the others take no notice. */
export interface CellOptions {
  /** `local-m`, `local-p`: D, in positions to either side. Default 10, as Luong et al. */
  readonly reach?: number;
  /** `location`: the largest number of positions of a source. Default 64. */
  readonly longest?: number;
  /** `hard`: probability that a step of training attends softly instead. Default 0. */
  readonly semiSampling?: number;
}

/**
 * The mechanism of a name, with numbers of its own.
 *
 * @throws HeedError for a name that none has, and when an option is unknown or out of its range.
 */
export function cellOf(name: MechanismName, options: CellOptions = {}): AttentionCell {
  checkOptions("cellOf", options, ["reach", "longest", "semiSampling"]);
  const { reach = 10, longest = 64, semiSampling = 0 } = options;
  const softly = { normalizer: softmaxNormalizer, selection: soft } as const;
  switch (name) {
    case "additive":
    case "marginal":
    case "monotonic":
      return { score: additive, ...softly };
    case "coverage":
      return { score: coverage, ...softly };
    case "dot":
      return { score: dot, ...softly };
    case "general":
      return { score: general, ...softly };
    case "local-m":
      return { score: general, window: localM({ reach }), ...softly };
    case "local-p":
      return { score: general, window: localP({ reach }), ...softly };
    case "location":
      return { score: location({ longest }), ...softly };
    case "entmax":
      return { score: additive, normalizer: entmaxNormalizer({ alpha: 1.5 }), selection: soft };
    case "hard":
      return { score: additive, normalizer: softmaxNormalizer, selection: hard({ semiSampling }) };
    default:
      throw optionError("cellOf", `the mechanism must be among ${mechanismNames.join(", ")}`, JSON.stringify(name));
  }
}

/** The mechanisms by name, with the defaults of `cellOf`. Any other combination of stages is an `AttentionCell` too. */
export const cells: { readonly [name in MechanismName]: AttentionCell } = Object.fromEntries(
  mechanismNames.map((name) => [name, cellOf(name)]),
) as { readonly [name in MechanismName]: AttentionCell };
