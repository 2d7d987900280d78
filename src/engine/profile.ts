// Where the time goes: kernel times summed over the nodes, scopes or ops of heed's own graph, with their arithmetic.

import { byteSize, sizeOf } from "../core/dtype.ts";
import { checkOptions, optionError } from "../core/errors.ts";
import type { Node, TensorType } from "../core/tensor.ts";
import type { Device, NodeTime } from "./runtime.ts";

/** The cost of one node of a graph, or of a group of nodes, over all recorded runs. */
export interface ProfileRow {
  /** Name of the node, as the runtime's messages have it: `encoder.0/matmul/MatMul_v3`; empty for a group of nodes. */
  readonly node: string;
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

const groupings = ["node", "scope", "op", "scope and op"] as const;

/** How rows are put together: one row a node, a scope, an op, or an op in a scope. */
export type ProfileGrouping = (typeof groupings)[number];

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
      const name = node ? names.get(node)! : runtimeOp;
      this.#add({ node: name, scope, op, calls, ms, flops: flops * calls, bytes: bytes * calls });
    }
  }

  /** One row a node, the slowest first. */
  rows(): readonly ProfileRow[] {
    return [...this.#rows.values()].sort((a, b) => b.ms - a.ms);
  }

  #add(row: ProfileRow): void {
    const known = this.#rows.get(row.node);
    this.#rows.set(row.node, known ? addRows(known, row) : row);
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
  if (!groupings.includes(by))
    throw optionError("groupProfile", `rows are put together by ${groupings.join(", ")}`, JSON.stringify(by));
  const groups = new Map<string, ProfileRow>();
  for (const row of rows) {
    const node = by === "node" ? row.node : "";
    const scope = by === "op" ? "" : row.scope;
    const op = by === "scope" ? "" : row.op;
    const key = `${scope}/${op}/${node}`;
    const known = groups.get(key);
    groups.set(key, known ? addRows(known, row) : { ...row, node, scope, op });
  }
  return [...groups.values()].sort((a, b) => b.ms - a.ms);
}

/**
 * Rows as a table: share of the time, milliseconds, calls, 10^9 floating-point operations, 10^6 bytes read and written,
 * both a second of the time, and the place; then the total.
 *
 * @param options.by - default `scope and op`.
 * @param options.limit - the most rows printed; the others make one last row. Default 20.
 */
export function formatProfile(
  rows: readonly ProfileRow[],
  options: { readonly by?: ProfileGrouping; readonly limit?: number } = {},
): string {
  checkOptions("formatProfile", options, ["by", "limit"]);
  const { by = "scope and op", limit = 20 } = options;
  if (!(Number.isInteger(limit) || limit === Infinity) || limit < 0)
    throw optionError("formatProfile", "limit must be an integer >= 0", String(limit));
  const groups = groupProfile(rows, by);
  const sum = (list: readonly ProfileRow[], op: string): ProfileRow =>
    list.reduce(addRows, { node: "", scope: "", op, calls: 0, ms: 0, flops: 0, bytes: 0 });
  const total = sum(groups, "total");
  const rest = groups.slice(limit);
  const shown = [...groups.slice(0, limit), ...(rest.length > 0 ? [sum(rest, `${rest.length} more`)] : []), total];
  const rate = (amount: number, ms: number): string => (ms === 0 ? "0.0" : (amount / ms / 1e6).toFixed(1));
  const cells = shown.map(({ node, scope, op, calls, ms, flops, bytes }) => [
    `${total.ms === 0 ? "0.0" : ((100 * ms) / total.ms).toFixed(1)} %`,
    ms.toFixed(2),
    String(calls),
    (flops / 1e9).toFixed(3),
    (bytes / 1e6).toFixed(2),
    rate(flops, ms),
    rate(bytes, ms),
    node || [scope, op].filter((part) => part !== "").join("/") || "(top)",
  ]);
  const table = [["share", "ms", "calls", "GFLOP", "MB", "GFLOP/s", "GB/s", by], ...cells];
  const widths = table[0]!.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  return table
    .map((line) => line.map((cell, i) => (i === line.length - 1 ? cell : cell.padStart(widths[i]!))).join("  "))
    .join("\n");
}

/** What `HEED_PROFILE=1` prints of one compiled function: a table by node and one by scope. */
export function reportProfile(name: string, device: Device, rows: readonly ProfileRow[]): string {
  if (rows.length === 0)
    return `heed: no profile of ${name}: ${device === "cpu" ? "no kernel ran" : `${device} records nothing`}\n`;
  const tables = (["node", "scope"] as const).map((by) => formatProfile(rows, { by }));
  return `heed: profile of ${name}\n${tables.join("\n\n")}\n`;
}

// The runtime's optimiser names a fused kernel after one of the nodes it came from, with more behind or before.
function originalName(name: string, origins: ReadonlyMap<string, Node | null>): string | null {
  if (origins.has(name)) return name;
  const cut = /^(?:fused )?(.*?\/[A-Za-z]+_(?:v|out)\d+)(?!\d)/.exec(name)?.[1];
  return cut !== undefined && origins.has(cut) ? cut : null;
}

/** Whether every compiled function shall be profiled: `HEED_PROFILE=1` in Node. */
export function profileWanted(): boolean {
  const value = typeof process === "undefined" ? undefined : process.env?.["HEED_PROFILE"];
  if (value === undefined || value === "" || value === "0") return false;
  if (value !== "1") throw optionError("HEED_PROFILE", "the value must be 0 or 1", value);
  return true;
}

// Functions to print when the process ends. The one list of the module: a process has one end.
const atExit: (() => string)[] = [];

/** Prints what `text` gives to stderr when the process exits. */
export function printAtExit(text: () => string): void {
  if (atExit.length === 0) process.once("exit", () => atExit.forEach((print) => process.stderr.write(print())));
  atExit.push(text);
}
