// npm run bench -- attention [--json] [--rounds N] [--threads N] [--only PATTERN] [--peers PATTERN] [--cap SECONDS]
//   [--clock cpu]
//
// Scaled dot-product attention over whole sequences, float32 (B, S, H, D) with 12 heads of 64: one row in a batch, or two of
// which one is half padding. Every side runs in a process of its own on the same numbers, gives the same result (which is
// checked before it is timed), and is asked in turn. Peers are the packages of bench/package.json, installed when first
// needed, the runtime's operator alone, and PyTorch where HEED_PYTHON or python3 has it.
//
//   --only   of the names of rows, for instance "forward causal S 512$", backward or memory; matched without regard to case
//   --peers  operator, torch, tfjs, jax, ruvector: those to compare with
//   --cap    a problem that is likely to take a peer longer is not run (default 30)
//   --clock  wall (default), or cpu: processor time, for a machine that is busy; it says something with --threads 1 only

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { writeData, readFloats } from "./support/attention-data.ts";
import { heedCase, heedRun, type Observed, type Ready } from "./support/attention-heed.ts";
import {
  attentionProblems,
  headCount,
  headSize,
  nameOf,
  operations,
  type Problem,
} from "./support/attention-problems.ts";
import { ensurePackages, newerNode } from "./support/packages.ts";
import { Peer, withPeer, type Answer } from "./support/peer.ts";
import { Rival, type Start, type Try } from "./support/rival.ts";
import { printRows, row, type Row } from "./support/rows.ts";
import { serve } from "./support/serve.ts";
import { interleave, median, medianRatio, type Contestant } from "./support/statistics.ts";
import { stopwatch } from "./support/stopwatch.ts";
import { trainCase } from "./support/train-cases.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "9" },
    threads: { type: "string", default: String(Math.min(availableParallelism(), 8)) },
    only: { type: "string", default: "" },
    peers: { type: "string", default: "" },
    cap: { type: "string", default: "30" },
    clock: { type: "string", default: "wall" },
    serve: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
const threads = Number(options.threads);
const cap = Number(options.cap);
const clock = options.clock === "cpu" ? "cpuMs" : "ms";
const only = new RegExp(options.only, "i");
const here = fileURLToPath(new URL(".", import.meta.url));

/** Milliseconds that one measurement takes at least, by repeating what is short. */
const leastMs = 30;

/** What the design asks for: how many times as fast as a peer heed is at least. Null: nothing is asked. */
function aimOf({ pass, S, lengths }: Problem, rival: string): number | null {
  if (rival === "torch") return pass === "forward" ? 1 : 1 / 1.15;
  if (pass === "backward") return null;
  // Without the padding; the operator is not run on it.
  if (rival === "operator") return S < 512 ? null : lengths ? 1 / 1.25 : 1 / 1.05;
  return S === 2048 ? 20 : null;
}

/** Of the memory of a process. */
const memoryAims = { doubling: 2.3, bytes: 2 * 2 ** 30 } as const;

if (options.serve) await answerQuestions();
else printRows(await bench(), options.json);

async function answerQuestions(): Promise<void> {
  let held: { readonly text: string; readonly ready: Ready } | null = null;
  const matmul = trainCase("matmul", threads);
  await serve(async ([question, ...rest]): Promise<Answer> => {
    const watch = stopwatch();
    if (question === "matmul") {
      for (let i = 0; i < matmul.count; i++) await matmul.run();
      const { ms, cpuMs } = watch();
      return { ms: ms / matmul.count, cpuMs: cpuMs / matmul.count };
    }
    const { out, repeats = 1, observed, ...problem } = JSON.parse(rest.join(" ")) as Asked;
    if (question === "memory") {
      const peak = (): number => process.resourceUsage().maxRSS * 1024;
      await heedRun({ ...problem, S: 16 }, threads, observed);
      const base = peak();
      await heedRun(problem, threads, observed);
      return { base, peak: peak() };
    }
    const text = JSON.stringify(problem);
    if (held?.text !== text) {
      await held?.ready.dispose();
      held = { text, ready: heedCase(problem, threads) };
      if (out === undefined) await held.ready.run();
    }
    watch();
    for (let i = 1; i < repeats; i++) await held.ready.run();
    const result = await held.ready.run();
    const { ms, cpuMs } = watch();
    if (out !== undefined) writeFileSync(out, Buffer.concat(result.map(({ data }) => bytesOf(data))));
    return { ms: ms / repeats, cpuMs: cpuMs / repeats };
  });
}

type Asked = Problem & { readonly out?: string; readonly repeats?: number; readonly observed?: Observed };

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

async function bench(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "heed-bench-"));
  try {
    const problems = attentionProblems((S) => join(folder, `${S}.f32`)).filter((p) => only.test(nameOf(p)));
    return [...(problems.length > 0 ? await timeRows(problems, folder) : []), ...(await memoryRows())];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function startHeed(): Peer {
  return new Peer(process.execPath, [process.argv[1]!, "--serve", "--threads", String(threads)]);
}

/** Those that are wanted; processes begin when they are first asked. */
async function rivals(): Promise<readonly Rival[]> {
  await ensurePackages(here);
  const script = (name: string): string => join(here, "peers", name);
  const node =
    (file: string): Start =>
    () =>
      new Peer(process.execPath, [script(file), String(threads)]);
  const newer = newerNode(here);
  const starts: Readonly<Record<string, Start>> = {
    operator: node("attention-operator.mjs"),
    torch: () => new Peer(process.env["HEED_PYTHON"] || "python3", [script("torch_attention.py"), String(threads)]),
    tfjs: node("attention-tfjs.mjs"),
    jax: newer === null ? { reason: "needs Node 22" } : () => new Peer(newer, [script("attention-jax.mjs")]),
    ruvector: node("attention-ruvector.mjs"),
  };
  const wanted = new RegExp(options.peers, "i");
  return Object.entries(starts).flatMap(([name, start]) => (wanted.test(name) ? [new Rival(name, start, cap)] : []));
}

async function timeRows(problems: readonly Problem[], folder: string): Promise<readonly Row[]> {
  const ours = startHeed();
  const others = await rivals();
  try {
    const rows: Row[] = [];
    for (const problem of problems) rows.push(...(await rowsOf(problem, ours, others, folder)));
    return rows;
  } finally {
    for (const side of [ours, ...others]) await side.close();
  }
}

/** The rows of one problem: heed beside every peer, and beside what the engine's own product of matrices would take. */
async function rowsOf(problem: Problem, ours: Peer, others: readonly Rival[], folder: string): Promise<readonly Row[]> {
  writeData(problem.data, problem.S);
  const out = join(folder, "ours.f32");
  const ask = (more: Omit<Asked, keyof Problem>): string => `solve ${JSON.stringify({ ...problem, ...more })}`;
  await ours.ask(ask({ out }));
  const first = await ours.askNumber(ask({}), "ms");
  const result = readFloats(out);
  const tries = new Map<Rival, Try>();
  for (const rival of others) tries.set(rival, await rival.try(problem, result, join(folder, "theirs.f32")));
  const repeats = (ms: number): number => Math.min(50, Math.ceil(leastMs / ms));
  const contestants: Contestant[] = [
    { name: "heed", measure: () => ours.askNumber(ask({ repeats: repeats(first) }), clock) },
    { name: "matmul", measure: () => ours.askNumber("matmul", clock) },
    ...[...tries].flatMap(([rival, tried]): Contestant[] => {
      if ("reason" in tried) return [];
      const measure = (): Promise<number> => rival.time(problem, repeats(tried.ms), clock);
      // All rounds of a slow peer together take about as long as the longest that it may take once.
      const atMost = Math.max(1, Math.floor((1000 * cap) / tried.ms));
      return [{ name: rival.name, measure, ...(atMost < rounds ? { atMost } : {}) }];
    }),
  ];
  const times = await interleave(contestants, { rounds });
  const name = `${nameOf(problem)}${problem.lengths ? `, lengths ${problem.lengths.join(" and ")}` : ""}`;
  const [mine, matmul] = [times.get("heed")!, times.get("matmul")!];
  const rate = (2 * 1024 ** 3) / median(matmul) / 1e6;
  const floor = operations(problem) / rate / 1e6;
  return [
    ...others.map((rival) => {
      const tried = tries.get(rival)!;
      if ("reason" in tried) return row(name, median(mine), "ms", { peer: `${rival.label}: ${tried.reason}` });
      const theirs = times.get(rival.name)!;
      const ratio = medianRatio(theirs, mine);
      const few = theirs.length < rounds ? `, ${theirs.length} of ${rounds} rounds` : "";
      const peer = `${rival.label}${few}${sayAim(aimOf(problem, rival.name), ratio)}`;
      return row(name, median(mine), "ms", { peer, theirs: median(theirs), ratio });
    }),
    row(name, median(mine), "ms", {
      peer: `floor: ${(operations(problem) / 1e9).toPrecision(3)}e9 operations at ${rate.toFixed(0)} GFLOP/s`,
      theirs: floor,
      ratio: (operations(problem) / 2 / 1024 ** 3) * medianRatio(matmul, mine),
    }),
  ];
}

function sayAim(aim: number | null, ratio: number): string {
  if (aim === null) return "";
  return `; aim ${aim.toPrecision(3)}${ratio < aim ? ", missed" : ""}`;
}

/** Peak memory, of a fresh process each. */
async function memoryRows(): Promise<readonly Row[]> {
  const base = { B: 1, H: headCount, D: headSize, lengths: null, data: "" } as const;
  const rows: Row[] = [];
  const peaks = new Map<string, number>();
  const kinds: readonly (Pick<Problem, "pass" | "causal"> & {
    readonly observed?: Observed;
    readonly sizes: readonly number[];
  })[] = [
    { pass: "forward", causal: false, sizes: [4096, 8192] },
    { pass: "forward", causal: true, sizes: [4096, 8192, 16384] },
    { pass: "forward", causal: false, observed: "summary", sizes: [4096, 8192] },
    { pass: "backward", causal: false, sizes: [4096, 8192] },
    { pass: "backward", causal: true, sizes: [4096, 8192] },
  ];
  for (const { sizes, observed, ...kind } of kinds)
    for (const S of sizes) {
      const problem: Problem = { ...base, ...kind, S };
      const name = `memory of ${nameOf(problem)}${observed ? " with a summary" : ""}`;
      if (!only.test(name)) continue;
      const asked = JSON.stringify({ ...problem, ...(observed ? { observed } : {}) });
      const seen = await withPeer(startHeed(), (fresh) => fresh.ask(`memory ${asked}`));
      const [peak, own] = [seen["peak"] as number, (seen["peak"] as number) - (seen["base"] as number)];
      peaks.set(name, own);
      rows.push(row(`${name}: beyond the process without it`, own / 2 ** 20, "MiB"));
      const half = peaks.get(name.replace(`S ${S}`, `S ${S / 2}`));
      if (half !== undefined)
        rows.push(row(`${name}: times that of half the length`, own / half, "", aimed(memoryAims.doubling)));
      if (S === 16384 || (S === 8192 && kind.pass === "backward"))
        rows.push(row(`${name}: of the whole process`, peak / 2 ** 20, "MiB", aimed(memoryAims.bytes / 2 ** 20)));
      if (observed)
        rows.push(
          row(`${name}: beside all scores`, own / 2 ** 20, "MiB", { peer: "all scores", theirs: scoreMiB(problem) }),
        );
    }
  return rows;
}

function aimed(most: number): { readonly peer: string; readonly theirs: number } {
  return { peer: "aim, at most", theirs: most };
}

function scoreMiB({ B, H, S }: Problem): number {
  return (4 * B * H * S * S) / 2 ** 20;
}
