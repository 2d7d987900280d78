// The networks that the recipe trains, by name.

import { mechanismNames, type MechanismName } from "../../attention/mechanism-names.ts";

/** An attention of the recurrent network's decoder. */
export type RecurrentVariant = "none" | Exclude<MechanismName, "coverage">;

/** A network that the recipe trains: the recurrent one with some attention, or the Transformer. */
export type G2pVariant = RecurrentVariant | "transformer";

/** The attentions of the recurrent network, by name. */
export const recurrentVariants: readonly RecurrentVariant[] = [
  "none",
  ...mechanismNames.filter((name) => name !== "coverage"),
];

/** All that the recipe trains, by name. */
export const g2pVariants: readonly G2pVariant[] = [...recurrentVariants, "transformer"];

/** A variant in a sentence. */
export function variantText(variant: G2pVariant): string {
  if (variant === "none") return "no attention";
  return variant === "transformer" ? "Transformer" : `${variant} attention`;
}
