// npm run bench -- scan [--json] [--rounds N] [--threads N]: recurrence laid out step by step, against one loop.
//
// An LSTM's loss and all gradients, over few and many steps: the time of a step, the time until the first one, and the
// memory of the process. Every form and length has a process of its own.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Peer } from "./support/peer.ts";
import { printRows, row, type Row } from "./support/rows.ts";
import { scanCase, scanSizes, type Form } from "./support/scan-cases.ts";
import { serve } from "./support/serve.ts";
import { interleave, median, medianRatio } from "./support/statistics.ts";
import { stopwatch } from "./support/stopwatch.ts";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: String(Math.min(availableParallelism(), 8)) },
    serve: { type: "boolean", default: false },
  },
});
const lengths = [12, 48, 192] as const;
const forms: readonly Form[] = ["unrolled", "scan"];

if (options.serve) await answer();
else printRows(await bench(), options.json);

async function answer(): Promise<void> {
  let run: (() => Promise<unknown>) | null = null;
  await serve(async ([question, form = "", steps = ""]) => {
    if (question === "first") {
      const watch = stopwatch();
      run = scanCase(form as Form, Number(steps), Number(options.threads));
      await run();
      return { ms: watch().ms };
    }
    if (!run) throw new Error("ask for the first step first");
    if (question === "memory") return { bytes: process.resourceUsage().maxRSS };
    const watch = stopwatch();
    await run();
    return { ms: watch().ms };
  });
}

async function bench(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const { B, I, H } = scanSizes;
  for (const steps of lengths) {
    const peers = forms.map(
      () => new Peer(process.execPath, [process.argv[1]!, "--serve", "--threads", options.threads]),
    );
    const first: number[] = [];
    for (const [i, form] of forms.entries()) first.push(await peers[i]!.askNumber(`first ${form} ${steps}`, "ms"));
    const times = await interleave(
      forms.map((name, i) => ({ name, measure: () => peers[i]!.askNumber("time", "ms") })),
      { rounds: Number(options.rounds) },
    );
    const [unrolled, loop] = forms.map((form) => times.get(form)!) as [readonly number[], readonly number[]];
    const memory: number[] = [];
    for (const peer of peers) memory.push((await peer.askNumber("memory", "bytes")) / 1024);
    await Promise.all(peers.map((peer) => peer.close()));
    const title = `T ${steps}`;
    rows.push(
      row(`${title}: step, unrolled (B ${B}, I ${I}, H ${H})`, median(unrolled), "ms", {
        peer: "scan",
        theirs: median(loop),
        ratio: medianRatio(loop, unrolled),
      }),
      row(`${title}: until the first step's end`, first[0]!, "ms", { peer: "scan", theirs: first[1]! }),
      row(`${title}: peak resident memory`, memory[0]!, "MiB", { peer: "scan", theirs: memory[1]! }),
    );
  }
  return rows;
}
