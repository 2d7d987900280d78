// Objectives for alignments that are chosen, each baseline, and the enumerations that estimators are held against.

import {
  alignmentKl,
  exactGradient,
  expectedSubsetValue,
  expectedValue,
  learnedBaseline,
  leaveOneOut,
  marginal,
  marginalLogLikelihood,
  monotonicLogLikelihood,
  monotonicMarginal,
  movingAverage,
  noBaseline,
  reinforce,
  sampledVariational,
  selfCritical,
  variational,
  type Baseline,
  type PositionObjective,
  type SampleObjective,
} from "../../src/attention/index.ts";
import type { NdArray } from "../../src/core/ndarray.ts";
import { mul } from "../../src/core/ops/binary.ts";
import { sum } from "../../src/core/ops/reduce.ts";
import { rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import type { Tree } from "../../src/core/tree.ts";
import { leaves } from "../../src/core/tree.ts";
import { mechanismCase, type Mechanism, type MechanismCase } from "../mechanism-suite.ts";
import { bools, distributions, floats, S } from "./samples.ts";

const [B, U, F] = [4, 3, 2] as const;
const steps = bools([B, U], [1, 1, 1, 1, 1, 0, 1, 0, 0, 1, 1, 1]);
const mask = bools([B, S], [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1]);

const positions = {
  distributions: distributions([B, U, S], 71),
  logLikelihoods: floats([B, U, S], 72),
  posteriors: distributions([B, U, S], 73),
  mask,
  steps,
};

function overPositions(
  name: string,
  covers: readonly Mechanism[],
  objective: PositionObjective<Record<never, never>>,
): MechanismCase {
  return mechanismCase(name, covers, positions, (given) => {
    const { loss, metrics } = objective.loss({}, given, {});
    return { loss, ...metrics };
  });
}

function overSamples<P>(
  name: string,
  covers: readonly Mechanism[],
  objective: SampleObjective<P>,
  more: Readonly<Record<string, NdArray>> = {},
): MechanismCase {
  const inputs = {
    params: objective.init(rng(74)) as Tree<NdArray>,
    state: objective.begin(),
    given: { logLikelihood: floats([B, U], 75), logProb: floats([B, U], 76), entropy: floats([B, U], 77), steps, ...more },
  }; // prettier-ignore
  return mechanismCase(name, covers, inputs, ({ params, state, given }) => {
    const result = objective.loss(params as never, given as never, state as Tree<Tensor>);
    const kept = leaves<Tensor>(result.state).map(([path, t]) => [`state ${path}`, t] as const);
    return { loss: result.loss, ...result.metrics, ...Object.fromEntries(kept) };
  });
}

const withBaseline = <P>(baseline: Baseline<P>): SampleObjective<P> => reinforce({ baseline, entropyBonus: 0.1 });

/** All of them. */
export const objectiveCases: readonly MechanismCase[] = [
  overPositions("marginal", ["marginal"], marginal),
  overPositions("monotonicMarginal, stay", ["monotonicMarginal"], monotonicMarginal()),
  overPositions("monotonicMarginal, advance", ["monotonicMarginal"], monotonicMarginal({ movement: "advance" })),
  overPositions("variational", ["variational"], variational),
  mechanismCase(
    "log-likelihoods",
    ["marginalLogLikelihood", "monotonicLogLikelihood", "alignmentKl"],
    positions,
    (given) => ({
      marginal: marginalLogLikelihood(given),
      monotonic: monotonicLogLikelihood(given),
      kl: alignmentKl(given.posteriors, given.distributions, given.mask),
    }),
  ),
  overSamples("reinforce", ["reinforce", "noBaseline"], withBaseline(noBaseline)),
  overSamples("reinforce, movingAverage", ["reinforce", "movingAverage"], withBaseline(movingAverage())),
  overSamples("reinforce, learnedBaseline", ["reinforce", "learnedBaseline"], withBaseline(learnedBaseline({ featureSize: F })), { features: floats([B, U, F], 78) }), // prettier-ignore
  overSamples("reinforce, selfCritical", ["reinforce", "selfCritical"], withBaseline(selfCritical), { greedyReward: floats([B, U], 79) }), // prettier-ignore
  overSamples("reinforce, leaveOneOut", ["reinforce", "leaveOneOut"], reinforce({ baseline: leaveOneOut({ samples: 2 }), credit: "sequence" }), { steps: bools([B, U], [1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0]) }), // prettier-ignore
  overSamples("sampledVariational", ["sampledVariational"], sampledVariational({ credit: "step" }), { distributions: positions.distributions, posteriors: positions.posteriors, mask }), // prettier-ignore
  mechanismCase(
    "expectations by enumeration",
    ["expectedValue", "exactGradient", "expectedSubsetValue"],
    { distribution: distributions([B, 3], 80), table: floats([B, 3], 81) },
    ({ distribution, table }) => {
      const value = (weights: Tensor): Tensor => sum(mul(mul(weights, table), table), -1);
      return {
        one: expectedValue(distribution, value),
        subset: expectedSubsetValue(distribution, 2, value),
        gradient: exactGradient(distribution, value, [distribution])[0]!,
      };
    },
  ),
];
