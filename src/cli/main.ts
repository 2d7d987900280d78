#!/usr/bin/env node
// The program `heed`.

import { Timing } from "./timing.ts";

const timing = new Timing();
timing.end("node start");
const { runCommandLine } = await import("./run.ts");

// Whoever reads the output may stop early (`heed ... | head`): no failure, and no reason to leave a figure or a training
// behind. What cannot be written is dropped; results lost for another reason (a full disk) make the command fail.
let lost = false;
process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => (lost ||= code !== "EPIPE"));
process.stderr.on("error", () => undefined);

const code = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  timing,
  onInterrupt(listener) {
    const signals = ["SIGINT", "SIGTERM"] as const;
    // Node calls listeners with the signal's name.
    for (const signal of signals) process.on(signal, listener as NodeJS.SignalsListener);
    return () => {
      for (const signal of signals) process.off(signal, listener as NodeJS.SignalsListener);
    };
  },
});

// The runtime's threads need not be taken down one by one; what was written must be out.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))),
);
process.exit(code === 0 && lost ? 1 : code);
