#!/usr/bin/env node
// The program `heed`.

import { Timing } from "./timing.ts";

const timing = new Timing();
timing.end("node start");
const { runCommandLine } = await import("./run.ts");

// Whoever reads the output may stop early (`heed ... | head`); that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

const code = await runCommandLine(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  timing,
  onInterrupt(listener) {
    const signals = ["SIGINT", "SIGTERM"] as const;
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
});

// The runtime's threads need not be taken down one by one; what was written must be out.
await Promise.all(
  [process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write("", resolve))),
);
process.exit(code);
