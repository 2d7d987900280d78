// The model folder of a command: the one given, or the one that ships with the package.

import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { fileError } from "../core/errors.ts";
import { pronounceFiles } from "../models/pronounce/model.ts";

/** The folder of the model that ships: models/pronounce beside src or dist. */
export function shippedModel(): string {
  return fileURLToPath(new URL("../../models/pronounce", import.meta.url));
}

/**
 * The model folder to use.
 *
 * @param flag - the option that gives it, for the message.
 * @throws HeedError "file" when there is no model.
 */
export function findModel(given: string | undefined, flag = "--model DIR"): string {
  const folder = given ?? shippedModel();
  if (existsSync(join(folder, pronounceFiles.config))) return folder;
  const shown = given ?? (relative(process.cwd(), folder) || ".");
  throw fileError(
    shown,
    `a model folder with ${pronounceFiles.config} and ${pronounceFiles.weights} is required`,
    existsSync(folder) ? "a folder without a model" : "no such folder",
    `Give one with ${flag}, or train one: heed train g2p.`,
  );
}
