// The runtime's own profile: a JSON list of events, of which heed wants the kernels' times.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodeTime } from "./runtime.ts";

// Folders that are not taken yet. A process that ends, or a thread, removes what it left. The one list of the module.
const open = new Set<ProfileFolder>();
let watched = false;

/** A temporary folder for the profile of one session. Synchronous, so that a process can read it when it exits. */
export class ProfileFolder {
  /** What the runtime's file begins with; it adds the time of day. */
  readonly prefix: string;
  readonly #path: string;

  constructor() {
    this.#path = mkdtempSync(join(tmpdir(), "heed-profile-"));
    this.prefix = join(this.#path, "profile");
    open.add(this);
    if (!watched) process.once("exit", () => [...open].forEach((folder) => folder.remove()));
    watched = true;
  }

  /** Ends the recording, gives what it holds and removes the folder; nothing when that was done before. */
  take(end: () => void): readonly NodeTime[] {
    if (!open.has(this)) return [];
    try {
      end();
      return readdirSync(this.#path).flatMap((name) => parseProfile(readFileSync(join(this.#path, name), "utf8")));
    } finally {
      this.remove();
    }
  }

  /** Removes the folder and what is in it. */
  remove(): void {
    open.delete(this);
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** Kernel times of a profile file, one entry a node and run, in order. */
export function parseProfile(text: string): readonly NodeTime[] {
  const events: unknown = JSON.parse(text);
  if (!Array.isArray(events)) return [];
  const times: NodeTime[] = [];
  for (const event of events as { name?: unknown; dur?: unknown; cat?: unknown }[]) {
    if (event.cat !== "Node" || typeof event.name !== "string" || typeof event.dur !== "number") continue;
    const name = event.name.replace(/_kernel_time$/, "");
    if (name !== event.name) times.push({ name, microseconds: event.dur });
  }
  return times;
}
