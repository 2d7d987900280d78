// Where the time goes: kernel times summed over the nodes, scopes or ops of heed's own graph, with their arithmetic.

import { byteSize, sizeOf } from "../core/dtype.ts";
import type { Node, TensorType } from "../core/tensor.ts";
import type { NodeTime } from "./runtime.ts";

/** The cost of one node of a graph, or of a group of nodes, over all recorded runs. */
export interface ProfileRow {
  /** Dotted scope; nodes of gradients lie below their layer, in `LAYER.gradient`. */
  readonly scope: string;
  /** Name of the primitive; `(runtime)` for what the runtime put in itself. */
  readonly op: string;
  /** How often it ran. */
  readonly calls: number;
  readonly ms: number;
  /** Floating-point operations of all calls. */
  readonly flops: number;
  /** Bytes read and written by all calls: inputs and outputs, once each. */
  readonly bytes: number;
}

/** How rows are put together: one row a scope, an op, or an op in a scope. */
export type ProfileGrouping = "scope" | "op" | "scope and op";

const runtimeOp = "(runtime)";

/** Collects the recorded times of one compiled function, over all its sessions. */
export class Profile {
  readonly #rows = new Map<string, ProfileRow>();

  /** Adds what one session recorded; `origins` says for which node each kernel ran. */
  add(origins: ReadonlyMap<string, Node | null>, times: readonly NodeTime[]): void {
    // A node may become several kernels. The first one's name stands for it: equal sessions have equal names.
    const names = new Map<Node, string>();
    for (const [name, node] of origins) if (node && !names.has(node)) names.set(node, name);
    const recorded = new Map<Node | null, { ms: number; readonly counts: Map<string, number> }>();
    for (const { name, microseconds } of times) {
      const kernel = originalName(name, origins);
      const node = kernel === null ? null : origins.get(kernel)!;
      // A kernel in the body of a loop: its time is part of the loop's own.
      if (kernel !== null && node === null && !kernel.startsWith("output/")) continue;
      const entry = recorded.get(node) ?? { ms: 0, counts: new Map<string, number>() };
      recorded.set(node, entry);
      entry.ms += microseconds / 1000;
      entry.counts.set(name, (entry.counts.get(name) ?? 0) + 1);
    }
    for (const [node, { ms, counts }] of recorded) {
      const calls = Math.max(...counts.values());
      const { flops, bytes } = node ? costOf(node) : { flops: 0, bytes: 0 };
      const { scope, op } = node ? { scope: node.scope, op: node.op.name } : { scope: "", op: runtimeOp };
      this.#add(node ? names.get(node)! : runtimeOp, {
        scope,
        op,
        calls,
        ms,
        flops: flops * calls,
        bytes: bytes * calls,
      });
    }
  }

  /** One row a node, the slowest first. */
  rows(): readonly ProfileRow[] {
    return [...this.#rows.values()].sort((a, b) => b.ms - a.ms);
  }

  #add(name: string, row: ProfileRow): void {
    const known = this.#rows.get(name);
    this.#rows.set(name, known ? addRows(known, row) : row);
  }
}

function addRows(a: ProfileRow, b: ProfileRow): ProfileRow {
  return { ...a, calls: a.calls + b.calls, ms: a.ms + b.ms, flops: a.flops + b.flops, bytes: a.bytes + b.bytes };
}

/** Floating-point operations of one application of a node, and the bytes of its inputs and outputs. */
export function costOf(node: Node): { readonly flops: number; readonly bytes: number } {
  const { op, inputs, outputs, attrs } = node;
  const elements = (types: readonly TensorType[]): number => types.reduce((n, t) => n + sizeOf(t.shape), 0);
  const bytes = [...inputs, ...outputs].reduce((n, t) => n + sizeOf(t.shape) * byteSize(t.dtype), 0);
  return { flops: op.flops ? op.flops(inputs, outputs, attrs) : elements(outputs), bytes };
}

/** Rows of one group as one row, the slowest group first. */
export function groupProfile(rows: readonly ProfileRow[], by: ProfileGrouping): readonly ProfileRow[] {
  const groups = new Map<string, ProfileRow>();
  for (const row of rows) {
    const scope = by === "op" ? "" : row.scope;
    const op = by === "scope" ? "" : row.op;
    const key = `${scope}/${op}`;
    const known = groups.get(key);
    groups.set(key, known ? addRows(known, row) : { ...row, scope, op });
  }
  return [...groups.values()].sort((a, b) => b.ms - a.ms);
}

/**
 * Rows as a table: share of the time, milliseconds, calls, GFLOP/s, GB/s and the place; then the total.
 *
 * @param options.by - default `scope and op`.
 * @param options.limit - the most rows printed; the others make one last row. Default 20.
 */
export function formatProfile(
  rows: readonly ProfileRow[],
  { by = "scope and op", limit = 20 }: { readonly by?: ProfileGrouping; readonly limit?: number } = {},
): string {
  const groups = groupProfile(rows, by);
  const sum = (list: readonly ProfileRow[], op: string): ProfileRow =>
    list.reduce(addRows, { scope: "", op, calls: 0, ms: 0, flops: 0, bytes: 0 });
  const total = sum(groups, "total");
  const rest = groups.slice(limit);
  const shown = [...groups.slice(0, limit), ...(rest.length > 0 ? [sum(rest, `${rest.length} more`)] : []), total];
  const cells = shown.map((row) => [
    `${total.ms === 0 ? "0.0" : ((100 * row.ms) / total.ms).toFixed(1)} %`,
    row.ms.toFixed(2),
    String(row.calls),
    row.ms === 0 ? "0.0" : (row.flops / row.ms / 1e6).toFixed(1),
    row.ms === 0 ? "0.0" : (row.bytes / row.ms / 1e6).toFixed(1),
    [row.scope, row.op].filter((part) => part !== "").join("/") || "(top)",
  ]);
  const table = [["share", "ms", "calls", "GFLOP/s", "GB/s", by], ...cells];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  return table
    .map((line) => line.map((cell, i) => (i === line.length - 1 ? cell : cell.padStart(widths[i]!))).join("  "))
    .join("\n");
}

// The runtime's optimiser names a fused kernel after one of the nodes it came from, with more behind or before.
function originalName(name: string, origins: ReadonlyMap<string, Node | null>): string | null {
  if (origins.has(name)) return name;
  const cut = /^(?:fused )?(.*?\/[A-Za-z]+_(?:v|out)\d+)(?!\d)/.exec(name)?.[1];
  return cut !== undefined && origins.has(cut) ? cut : null;
}

/** Whether every compiled function shall be profiled: `HEED_PROFILE=1` in Node. */
export function profileWanted(): boolean {
  return typeof process !== "undefined" && process.env?.["HEED_PROFILE"] === "1";
}

// Functions to print when the process ends. The one list of the module: a process has one end.
const atExit: (() => string)[] = [];

/** Prints what `text` gives to stderr when the process exits. */
export function printAtExit(text: () => string): void {
  if (atExit.length === 0) process.once("exit", () => atExit.forEach((print) => process.stderr.write(print())));
  atExit.push(text);
}
