// What the peers of attention.bench.ts have in common: problems come in as lines of JSON, and a line of JSON answers each.

import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Rows in a file of operands, of which a problem takes the first B. */
const rowsInFile = 2;

/**
 * Answers `label` and `solve PROBLEM` until stdin ends. A problem is solved `repeats` times (default 1) and
 * its result written to the file `out`, if there is one. One problem is held at a time.
 *
 * @param {() => Promise<string>} label what this is, in a few words; it may set up what all problems need
 * @param {(problem: object, data: { query: Float32Array, keys: Float32Array, values: Float32Array, gradient: Float32Array }) =>
 *   Promise<{ run: () => Promise<unknown>, read: (result: any) => Promise<readonly Float32Array[]>, drop?: (result: any) => void, end?: () => void }>} start
 *   sets a problem up, operands (B, S, H, D); `read` gives the context, or the three gradients, in that layout
 */
export async function answerAttention(label, start) {
  /** @type {{ text: string, ready: any } | null} */
  let held = null;
  for await (const line of createInterface({ input: process.stdin })) {
    let reply;
    try {
      reply = await answer(line);
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`);
  }

  async function answer(line) {
    const space = line.indexOf(" ");
    if (space < 0) return { label: await label() };
    const { out, repeats = 1, ...problem } = JSON.parse(line.slice(space + 1));
    const text = JSON.stringify(problem);
    if (held?.text !== text) {
      held?.ready.end?.();
      held = null;
      held = { text, ready: await start(problem, readData(problem)) };
    }
    const { run, read, drop } = held.ready;
    const clock = performance.now();
    const cpu = process.cpuUsage();
    let result = await run();
    for (let i = 1; i < repeats; i++) {
      drop?.(result);
      result = await run();
    }
    const ms = performance.now() - clock;
    const { user, system } = process.cpuUsage(cpu);
    if (out !== undefined) writeFileSync(out, joined(await read(result)));
    drop?.(result);
    return { ms: ms / repeats, cpuMs: (user + system) / 1000 / repeats };
  }
}

function readData({ data, B, S, H, D }) {
  const { buffer, byteOffset, byteLength } = readFileSync(data);
  const all = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const part = (i) => all.slice(i * rowsInFile * S * H * D, (i * rowsInFile + B) * S * H * D);
  return { query: part(0), keys: part(1), values: part(2), gradient: part(3) };
}

function joined(parts) {
  const all = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  parts.reduce((at, part) => (all.set(part, at), at + part.length), 0);
  return all;
}

/** (B, S, H, D) as (B, H, S, D), or back with S and H in each other's place. */
export function headsFirst(x, { B, S, H, D }) {
  const out = new Float32Array(x.length);
  for (let b = 0; b < B; b++)
    for (let s = 0; s < S; s++)
      for (let h = 0; h < H; h++) {
        const from = ((b * S + s) * H + h) * D;
        out.set(x.subarray(from, from + D), ((b * H + h) * S + s) * D);
      }
  return out;
}

/** What is added to scores, (B or 1, 1, S, S): 0 where query and key may meet, else a number so low that its weight is 0. */
export function additiveMask({ B, S, causal, lengths }, lowest = -1e9) {
  const rows = lengths ? B : 1;
  const out = new Float32Array(rows * S * S);
  for (let b = 0; b < rows; b++)
    for (let t = 0; t < S; t++) {
      const end = Math.min(causal ? t + 1 : S, lengths ? lengths[b] : S);
      out.fill(lowest, (b * S + t) * S + end, (b * S + t + 1) * S);
    }
  return out;
}
