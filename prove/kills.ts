// A training that is killed again and again and always resumed ends with the weights of one that nobody touched.

import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeSafetensors } from "../src/files/safetensors.ts";
import { writeSmallData } from "../test/cli-data.ts";

export const describe =
  "20 SIGKILLs at random moments of `heed train g2p`, resumed each time: the same weights, bit for bit";

const program = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** `args`: the number of kills (20), the epochs (200), the seed of the moments (the time). */
export async function run([kills = "20", epochs = "200", seed = String(Date.now())]: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "heed-kills-"));
  try {
    writeSmallData(join(folder, "data"));
    const flags = ["--data", join(folder, "data"), "--size", "6", "--batch", "16", "--threads", "1"];
    const command = ["train", "g2p", ...flags, "--epochs", epochs, "--json"];
    const whole = join(folder, "whole");
    const free = await finish(start([...command, "--out", whole]));
    console.log(
      `undisturbed: ${free.steps} steps, ${free.startup.toFixed(1)} s to start, ${free.training.toFixed(1)} s of training`,
    );

    const killed = join(folder, "killed");
    const again = [...command, "--out", killed, "--resume"];
    const random = generator(Number(seed));
    for (let i = 0; i < Number(kills); i++) {
      const child = start(again);
      // One in four before training goes on, the others after its first checkpoint, so that every one of them gets further;
      // an epoch takes as long as its validation and save, so many hit one of these. Together they take about half of it.
      const early = random() < 0.25;
      if (!early) await says(child, '"type":"checkpoint"');
      const wait = random() * 1000 * (early ? free.startup : free.training / Number(kills));
      await Promise.race([pause(wait), closed(child)]);
      if (child.exitCode !== null) throw new Error(`kill ${i + 1} came too late: the training had ended`);
      child.kill("SIGKILL");
      await closed(child);
      const left = leftBehind(killed);
      if (!early && left.step === 0) throw new Error(`kill ${i + 1}: the checkpoint that was told is not there`);
      const moment = `${early ? "before" : "during"} training, after ${wait.toFixed(0)} ms`;
      console.log(`kill ${i + 1} ${moment}; ${left.text}`);
    }
    const end = await finish(start(again));
    console.log(`finished: ${end.steps} steps; ${leftBehind(killed).text}`);
    for (const file of ["last.safetensors", "best.safetensors", join("model", "model.safetensors")])
      if (hash(join(killed, file)) !== hash(join(whole, file))) throw new Error(`${file} differs (seed ${seed})`);
    if (readdirSync(killed).some((name) => name.endsWith(".tmp"))) throw new Error("a temporary file was left behind");
    console.log(`${kills} kills (seed ${seed}): parameters, averages and moments are equal in every bit`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [program, ...args], { stdio: ["ignore", "ignore", "pipe"] });
}

/** Runs to the end; seconds to the first event and from there on. */
async function finish(
  child: ChildProcess,
): Promise<{ readonly steps: number; readonly startup: number; readonly training: number }> {
  const from = performance.now();
  let text = "";
  child.stderr!.setEncoding("utf8").on("data", (part: string) => (text += part));
  await says(child, '"type":"start"');
  const begun = performance.now();
  const code = await closed(child);
  if (code !== 0) throw new Error(`the training ended with ${code}:\n${text.slice(-2000)}`);
  const steps = Number(/"type":"done","step":(\d+)/.exec(text)?.[1]);
  return { steps, startup: (begun - from) / 1000, training: (performance.now() - begun) / 1000 };
}

/** Until stderr says something, or the process ends. */
async function says(child: ChildProcess, words: string): Promise<void> {
  let text = "";
  const heard = new Promise<void>((resolve) => {
    child.stderr!.on("data", (part: Buffer | string) => {
      text += String(part);
      if (text.includes(words)) resolve();
    });
  });
  await Promise.race([heard, closed(child)]);
}

function closed(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("close", (code) => resolve(code)));
}

/** What a kill left: a checkpoint, which must be whole, and at most temporary files. */
function leftBehind(folder: string): { readonly step: number; readonly text: string } {
  const last = join(folder, "last.safetensors");
  if (!existsSync(last)) return { step: 0, text: "no checkpoint yet" };
  const { metadata } = decodeSafetensors(readFileSync(last), last);
  const { step } = JSON.parse(metadata.get("progress")!) as { readonly step: number };
  const temps = readdirSync(folder).filter((name) => name.endsWith(".tmp")).length;
  return { step, text: `whole checkpoint of step ${step}${temps === 0 ? "" : `, ${temps} temporary`}` };
}

/** Tensors only: the file's header also holds the seconds of training. */
function hash(file: string): string {
  const all = createHash("sha256");
  for (const [name, { data }] of decodeSafetensors(readFileSync(file), file).tensors)
    all.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return all.digest("hex");
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Mulberry32, so that moments can be tried again. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
