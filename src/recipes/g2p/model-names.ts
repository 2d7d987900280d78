// What models are called where several stand side by side.

import { networkSizes } from "./network-sizes.ts";
import type { Measurement } from "./measure.ts";
import { variantText } from "./variants.ts";

type Named = Pick<Measurement, "folder" | "card">;

/** A name for each: what it attends by, that its decoder is fed otherwise than usual, and the folder where that is not enough. */
export function modelNames(models: readonly Named[]): readonly string[] {
  const names = models.map(({ card }) => `${variantText(card.settings.variant)}${feedingText(card)}`);
  return names.map((name, i) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${models[i]!.folder})`,
  );
}

function feedingText({ settings }: Named["card"]): string {
  const { variant, model } = settings as { readonly variant: typeof settings.variant; readonly model?: unknown };
  if (variant === "transformer" || typeof model !== "object" || model === null) return "";
  const { inputFeeding } = model as { readonly inputFeeding?: unknown };
  if (typeof inputFeeding !== "boolean" || inputFeeding === networkSizes(variant).inputFeeding) return "";
  return inputFeeding ? " with feeding" : " without feeding";
}
