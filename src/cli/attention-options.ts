// The options that decide the network of a training, its attention, and how a hard one is learned.

import { g2pSettings, type HardBaseline, type HardSettings } from "../recipes/g2p/settings.ts";
import { recurrentVariants, type G2pVariant, type RecurrentVariant } from "../recipes/g2p/variants.ts";
import { oneOf, realNumber, wholeNumber, type CommandOption } from "./command.ts";
import { UsageError } from "./usage.ts";

/** What the options become. */
export interface AttentionFlags {
  readonly model?: "recurrent" | "transformer";
  readonly attention?: RecurrentVariant;
  readonly feed?: boolean;
  readonly baseline?: HardBaseline;
  readonly samples?: number;
  readonly entropy?: number;
  readonly semiSampling?: number;
}

const usual = g2pSettings("hard").hard!;

/** The options. `--variant` is the older name of `--attention`, which stands on cards. */
export const attentionOptions: readonly CommandOption[] = [
  {
    flags: "--model <name>",
    summary: "network: recurrent or transformer",
    fallback: "recurrent",
    read: oneOf("recurrent", "transformer"),
  },
  {
    flags: "--variant, --attention <name>",
    summary: `attention of the recurrent decoder: ${recurrentVariants.join(", ")}`,
    fallback: "additive",
    read: oneOf(...recurrentVariants),
  },
  { flags: "--feed", summary: "input feeding, for hard attention too" },
  { flags: "--no-feed", summary: "no input feeding (default for hard, marginal and monotonic)" },
  {
    flags: "--baseline <name>",
    summary: "hard: what rewards are compared with: average, self-critical or leave-one-out",
    fallback: usual.baseline,
    read: oneOf("average", "self-critical", "leave-one-out"),
  },
  {
    flags: "--samples <n>",
    summary: "hard: alignments drawn of a word",
    fallback: String(usual.samples),
    read: wholeNumber(1, 64),
  },
  {
    flags: "--entropy <x>",
    summary: "hard: weight of the entropy, in nats a step",
    fallback: String(usual.entropyBonus),
    read: realNumber(0, 100),
  },
  {
    flags: "--semi-sampling <x>",
    summary: "hard: probability that a step attends softly instead",
    fallback: String(usual.semiSampling),
    read: realNumber(0, 0.99),
  },
];

/** The variant that the options name. @throws UsageError for an attention beside a Transformer, which has its own. */
export function variantOf({ model = "recurrent", attention }: AttentionFlags): G2pVariant {
  if (model === "recurrent") return attention ?? "additive";
  if (attention !== undefined)
    throw new UsageError(`--attention is for --model recurrent, got ${attention} with ${model}`);
  return model;
}

/** The settings of hard attention with what the options change; nothing for another attention. @throws UsageError */
export function hardSettingsOf(variant: G2pVariant, flags: AttentionFlags): { readonly hard?: HardSettings } {
  const { baseline, samples, entropy, semiSampling } = flags;
  const given = Object.entries({ baseline, samples, entropy, "semi-sampling": semiSampling });
  const first = given.find(([, value]) => value !== undefined);
  if (variant !== "hard") {
    if (first) throw new UsageError(`--${first[0]} is for --attention hard, got ${variant}`);
    return {};
  }
  const hard: HardSettings = {
    baseline: baseline ?? usual.baseline,
    samples: samples ?? usual.samples,
    entropyBonus: entropy ?? usual.entropyBonus,
    semiSampling: semiSampling ?? usual.semiSampling,
  };
  if (hard.baseline === "leave-one-out" && hard.samples < 2)
    throw new UsageError("--baseline leave-one-out needs at least 2 --samples, got 1");
  return { hard };
}

/** Refuses input feeding where there is none, or where a position is summed out. @throws UsageError */
export function checkFeed(variant: G2pVariant, { feed }: AttentionFlags): void {
  if (feed !== undefined && variant === "transformer")
    throw new UsageError(`--${feed ? "" : "no-"}feed is for --model recurrent, got transformer`);
  if (feed === true && (variant === "marginal" || variant === "monotonic"))
    throw new UsageError(`--feed must not be given with --attention ${variant}, whose choice stays out of the decoder`);
}
