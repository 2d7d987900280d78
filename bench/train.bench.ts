// npm run bench -- train [--json] [--rounds N] [--threads N] [--only PATTERN] [--clock cpu] [--against FILE]
//
// A training step, what it takes to prepare it, the optimiser, and memory. A step is the loss and all gradients. Every side
// runs in a process of its own and is asked in turn. HEED_PYTHON names a Python with torch, which is the peer.
//
//   --only     steps, prepare, adamw or memory
//   --clock    wall (default), or cpu: processor time, for a machine that is busy; it says something with --threads 1 only
//   --against  the train.bench.mjs of another build (dist/run/), to be the peer instead: what a change is judged by

import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Peer, startPeer, withPeer, type Answer, type PeerOrReason } from "./support/peer.ts";
import { printRows, row, type Row } from "./support/rows.ts";
import { serve } from "./support/serve.ts";
import { stopwatch, type Elapsed } from "./support/stopwatch.ts";
import { interleave, median, medianRatio, type Contestant, type Repeats } from "./support/statistics.ts";
import { countStep, prepareStep, trainCase, type TrainCase } from "./support/train-cases.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "9" },
    threads: { type: "string", default: String(Math.min(availableParallelism(), 8)) },
    against: { type: "string" },
    clock: { type: "string", default: "wall" },
    only: { type: "string", default: "" },
    serve: { type: "boolean", default: false },
  },
});
const rounds = Number(options.rounds);
const threads = Number(options.threads);
const clock = options.clock === "cpu" ? "cpuMs" : "ms";
const only = new RegExp(options.only);

/** What the design asks of a step: operations a second, as a share of the engine's own product of two 1024 x 1024 matrices. */
const aims = { encoder: 0.75, lstm: 0.55 } as const;
/** Operations of the engine's trial of the same networks. */
const trialOperations = { encoder: 83.9e9, lstm: 18.2e9 } as const;
const titles = {
  encoder: "encoder step (4 layers, H 256, 4 heads, FFN 1024, B 32, S 128)",
  lstm: "LSTM step (additive attention, B 128, S 12, U 12, E 128, H 256)",
} as const;
type Network = keyof typeof titles;
const networks = Object.keys(titles) as readonly Network[];

if (options.serve) await answerQuestions();
else printRows(await bench(), options.json);

async function answerQuestions(): Promise<void> {
  const cases = new Map<string, TrainCase>();
  await serve(async ([question, name = ""]) => {
    if (question === "label") return { label: `heed at ${process.argv[1]}, ${threads} threads` };
    if (question === "count") return countStep(name);
    if (question === "prepare") return await prepareStep(name, threads);
    if (question === "memory") return { bytes: process.resourceUsage().maxRSS * 1024 };
    if (question !== "time") throw new Error(`there is no question ${question}`);
    const ready = cases.get(name) ?? trainCase(name, threads);
    if (!cases.has(name)) {
      cases.set(name, ready);
      await ready.run();
    }
    const watch = stopwatch();
    for (let i = 0; i < ready.count; i++) await ready.run();
    const { ms, cpuMs } = watch();
    return { ms: ms / ready.count, cpuMs: cpuMs / ready.count };
  });
}

async function bench(): Promise<readonly Row[]> {
  const start = (): Peer => new Peer(process.execPath, [process.argv[1]!, "--serve", "--threads", String(threads)]);
  const ours = start();
  const other = await startPeer(options.against === undefined ? "torch" : "the other build", startOther);
  const wanted = (part: string): boolean => only.test(part);
  try {
    const rows: Row[] = [];
    if (wanted("steps")) rows.push(...(await stepRows(ours, other)));
    if (wanted("prepare")) rows.push(...(await prepareRows(start)));
    if (wanted("adamw")) rows.push(...(await optimizerRows(ours, other)));
    if (wanted("memory")) rows.push(...(await memoryRows(start, other)));
    return rows;
  } finally {
    await ours.close();
    await other.peer?.close();
  }
}

function startOther(): Peer {
  if (options.against !== undefined)
    return new Peer(process.execPath, [options.against, "--serve", "--threads", String(threads)]);
  const script = fileURLToPath(new URL("peers/torch_train.py", import.meta.url));
  return new Peer(process.env["HEED_PYTHON"] || "python3", [script, String(threads)]);
}

async function stepRows(ours: Peer, other: PeerOrReason): Promise<readonly Row[]> {
  const times = await measureBoth(["matmul", ...networks], ours, other);
  const rate = 2 * 1024 ** 3;
  const matmul = compared(times, "matmul", other);
  const rows = [
    row("matmul 1024 x 1024 x 1024", rate / matmul.ours / 1e6, "GFLOP/s", {
      ...matmul,
      theirs: matmul.theirs === null ? null : rate / matmul.theirs / 1e6,
    }),
  ];
  for (const name of networks) {
    const { step } = await ours.ask(`count ${name}`);
    const operations = Number(step);
    const { ours: ms, ...peer } = compared(times, name, other);
    const share = medianRatio(times.get("our matmul")!, times.get(`our ${name}`)!) * (operations / rate);
    rows.push(
      row(titles[name], ms, "ms", peer),
      row(`${name}: operations of all matrix products`, operations / 1e9, "1e9", {
        peer: "the engine's trial",
        theirs: trialOperations[name] / 1e9,
        ratio: operations / trialOperations[name],
      }),
      row(`${name}: share of the matmul's rate`, share, "", { peer: "aim", theirs: aims[name], better: "more" }),
    );
  }
  return rows;
}

async function prepareRows(start: () => Peer): Promise<readonly Row[]> {
  const runs: Answer[] = [];
  for (let round = 0; round < Math.min(rounds, 5); round++)
    runs.push(await withPeer(start(), (fresh) => fresh.ask("prepare lstm")));
  const part = (...keys: readonly string[]): number =>
    median(runs.map((run) => keys.reduce((total, key) => total + (run[key] as Elapsed)[clock], 0)));
  return [
    row("LSTM step: trace, gradient, lowering, session", part("trace", "gradient", "lowering", "session") / 1000, "s", {
      peer: "aim",
      theirs: 1,
    }),
    row("  trace", part("trace"), "ms"),
    row("  gradient", part("gradient"), "ms"),
    row("  lowering", part("lowering"), "ms"),
    row("  session", part("session"), "ms"),
  ];
}

async function optimizerRows(ours: Peer, other: PeerOrReason): Promise<readonly Row[]> {
  const sizes = [3.2, 20];
  const cases = sizes.flatMap((size) => [`adamw-host-${size * 1e6}`, `adamw-graph-${size * 1e6}`]);
  const times = await measureBoth(cases, ours, other);
  return sizes.flatMap((size) =>
    ["host", "graph"].map((form) => {
      const { ours: ms, ...peer } = compared(times, `adamw-${form}-${size * 1e6}`, other);
      return row(`AdamW, ${size} M parameters, ${form}`, ms, "ms", peer);
    }),
  );
}

async function memoryRows(start: () => Peer, other: PeerOrReason): Promise<readonly Row[]> {
  const peak = async (peer: Peer, name: string): Promise<number> =>
    withPeer(peer, async (fresh) => {
      for (let step = 0; step < 3; step++) await fresh.ask(`time ${name}`);
      return (await fresh.askNumber("memory", "bytes")) / 2 ** 20;
    });
  const rows: Row[] = [];
  for (const name of networks)
    rows.push(
      row(`${name}: peak resident memory of the process`, await peak(start(), name), "MiB", {
        peer: other.label,
        theirs: other.peer ? await peak(other.start(), name) : null,
      }),
    );
  return rows;
}

/** Times cases on both sides, in turn. */
async function measureBoth(cases: readonly string[], ours: Peer, other: PeerOrReason): Promise<Repeats> {
  const contestants = cases.flatMap((name) => {
    const side = (whose: string, peer: Peer): Contestant => ({
      name: `${whose} ${name}`,
      measure: () => peer.askNumber(`time ${name}`, clock),
    });
    return [side("our", ours), ...(other.peer ? [side("their", other.peer)] : [])];
  });
  return await interleave(contestants, { rounds });
}

/** The medians of a case in milliseconds, and how many times less time ours took, round by round. */
function compared(
  times: Repeats,
  name: string,
  { label }: PeerOrReason,
): { readonly ours: number; readonly peer: string; readonly theirs: number | null; readonly ratio: number | null } {
  const [ours, theirs] = [times.get(`our ${name}`)!, times.get(`their ${name}`)];
  return {
    ours: median(ours),
    peer: label,
    theirs: theirs ? median(theirs) : null,
    ratio: theirs ? medianRatio(theirs, ours) : null,
  };
}
