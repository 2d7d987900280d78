// The runtime's own profile: a JSON list of events, of which heed wants the kernels' times.

import type { NodeTime } from "./runtime.ts";

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
