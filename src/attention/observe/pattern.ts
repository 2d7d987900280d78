// Which sites are meant: names with * for any text.

import { inputError } from "../../core/errors.ts";
import { kindOf } from "../../core/ndarray.ts";

/** One or more patterns, in which `*` stands for any text: `encoder.*`, `decoder.attention`, `*`. */
export type SitePattern = string | readonly string[];

/** Whether a name is meant. @throws HeedError for patterns that are no texts. */
export function siteMatcher(where: string, pattern: SitePattern): (site: string) => boolean {
  const patterns = typeof pattern === "string" ? [pattern] : pattern;
  if (!Array.isArray(patterns) || patterns.length === 0 || !patterns.every((p) => typeof p === "string" && p !== ""))
    throw inputError(where, "the sites must be a pattern, or a list of patterns, such as encoder.*", kindOf(pattern));
  const expressions = patterns.map((p) => new RegExp(`^${p.split("*").map(escaped).join(".*")}$`, "s"));
  return (site) => expressions.some((e) => e.test(site));
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);
}
