// Model folders on disk.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileError } from "../../core/errors.ts";
import { readFileBounded, writeFileAtomic } from "../../files/node.ts";
import { decodePronounceModel, encodePronounceModel, pronounceFiles, type PronounceModel } from "./model.ts";

/** Reads a model folder. @throws HeedError naming the file that is missing or damaged. */
export async function loadPronounceModel(folder: string): Promise<PronounceModel> {
  const config = await readFileBounded(join(folder, pronounceFiles.config), { maxBytes: 1 << 20 });
  const weights = await readFileBounded(join(folder, pronounceFiles.weights), { maxBytes: 2 ** 30 });
  return decodePronounceModel({ config, weights }, folder);
}

/** Writes a model folder; each file is replaced whole. @throws HeedError "file" where the folder cannot be made. */
export async function savePronounceModel(
  folder: string,
  model: PronounceModel,
  storage: "float32" | "float16" = "float16",
): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw fileError(folder, "the folder must be writable", cause instanceof Error ? cause.message : String(cause));
  });
  const files = encodePronounceModel(model, storage);
  await writeFileAtomic(join(folder, pronounceFiles.weights), files.weights);
  await writeFileAtomic(join(folder, pronounceFiles.config), files.config);
}
