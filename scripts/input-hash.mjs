// A hash over the names and contents of files: what tells a build or an install that nothing changed.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * The files under some paths, sorted, with `/` between names; a path that does not exist counts as empty.
 *
 * @param {string} base
 * @param {readonly string[]} paths files or folders, relative to `base`
 * @returns {string[]} relative to `base`
 */
export function listFiles(base, paths) {
  return paths
    .filter((path) => existsSync(join(base, path)))
    .flatMap((path) =>
      statSync(join(base, path)).isDirectory()
        ? readdirSync(join(base, path), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name).slice(join(base, "/").length).replaceAll("\\", "/"))
        : [path],
    )
    .sort();
}

/**
 * @param {string} base
 * @param {readonly string[]} files relative to `base`
 * @param {readonly string[]} [facts] anything else that the result depends on
 * @returns {string} sha-256 in hexadecimal
 */
export function hashFiles(base, files, facts = []) {
  const hash = createHash("sha256").update(JSON.stringify([files, facts]));
  for (const file of files)
    hash.update(
      createHash("sha256")
        .update(readFileSync(join(base, file)))
        .digest(),
    );
  return hash.digest("hex");
}
