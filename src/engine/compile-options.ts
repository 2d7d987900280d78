// The options of `compile`, checked where they are given.

import { checkOptions, optionError } from "../core/errors.ts";
import { kindOf } from "../core/ndarray.ts";
import { defaultDevice } from "./devices.ts";
import { profileWanted } from "./profile.ts";
import { devices, type Device, type SessionSettings } from "./runtime.ts";

/** How a function is compiled. */
export interface CompileOptions {
  /** Default: `cpu` in Node, `wasm` in a browser. */
  readonly device?: Device;
  /**
   * Threads inside one op. Default: one a core, at most 8. It holds for `cpu`; WebAssembly has one number of threads for
   * all that it runs, which `configureWeb` sets, and WebGPU none.
   */
  readonly threads?: number;
  /** `training`: runs follow each other closely; `inference` (default): the processor is given back between runs. */
  readonly mode?: "training" | "inference";
  /** Positions of arguments that are passed to the function as they are and decide the graph: plain data by content, all else (functions, arrays) by identity, so that what is written into an array later is not noticed. Default: none. */
  readonly static?: readonly number[];
  /**
   * Positions of arguments that are given away: their arrays are disposed when the run has ended, and move to a worker
   * rather than being copied. Default: none.
   */
  readonly donate?: readonly number[];
  /** Bytes of sessions kept for other signatures. Default 1 GiB. */
  readonly cacheBytes?: number;
  /**
   * Whether a session keeps the memory of a run for the next, rather than giving it back to the system and asking again:
   * measured, 8 % less processor time for a large training step at twice the memory (docs/decisions/0012), which every
   * signature has for itself. For functions that see few signatures. It holds for `cpu`. Default false.
   */
  readonly keepMemory?: boolean;
  /** A name for messages and profiles. Default: the function's own. */
  readonly name?: string;
  /**
   * Record the time of every node; read it with `profile()`. For device `cpu`: the other runtimes record nothing.
   * Default false, or true where `HEED_PROFILE=1`.
   */
  readonly profile?: boolean;
}

/** Options with their defaults. */
export interface CompileSettings {
  readonly device: Device;
  readonly session: SessionSettings;
  readonly statics: readonly number[];
  readonly donated: readonly number[];
  readonly cacheBytes: number;
}

const known = ["device", "threads", "mode", "static", "donate", "cacheBytes", "keepMemory", "name", "profile"] as const;

/** Checks options and fills in the defaults. @throws HeedError (code `option`) naming the first that cannot be. */
export function compileSettings(options: CompileOptions): CompileSettings {
  checkOptions("compile", options, known);
  const { threads, name, profile, mode = "inference", cacheBytes = 2 ** 30, keepMemory = false } = options;
  const device = options.device ?? defaultDevice();
  check(devices.includes(device), `device must be among ${devices.join(", ")}`, device);
  check(
    threads === undefined || (Number.isInteger(threads) && threads >= 1),
    "threads must be an integer >= 1",
    threads,
  );
  check(mode === "training" || mode === "inference", "mode must be training or inference", mode);
  check(typeof cacheBytes === "number" && cacheBytes >= 0, "cacheBytes must be a number >= 0", cacheBytes);
  check(typeof keepMemory === "boolean", "keepMemory must be true or false", keepMemory);
  check(name === undefined || typeof name === "string", "name must be a string", name);
  check(profile === undefined || typeof profile === "boolean", "profile must be true or false", profile);
  if (profile === true && device !== "cpu")
    throw optionError("compile", "profile needs device cpu: the others record nothing", device);
  const statics = positions("static", options.static);
  const donated = positions("donate", options.donate);
  const both = donated.find((i) => statics.includes(i));
  if (both !== undefined)
    throw optionError("compile", "an argument is either static or donated", `position ${both} in both`);
  const session = {
    mode,
    keepMemory,
    profile: profile ?? profileWanted(),
    ...(threads === undefined ? {} : { threads }),
  };
  return { device, session, statics, donated, cacheBytes };
}

function positions(option: string, list: readonly number[] | undefined): readonly number[] {
  const valid = list === undefined || (Array.isArray(list) && list.every((i) => Number.isInteger(i) && i >= 0));
  check(valid, `${option} must be a list of positions of arguments, integers >= 0`, list);
  return list ?? [];
}

function check(holds: boolean, expected: string, got: unknown): void {
  if (!holds) throw optionError("compile", expected, shown(got));
}

/** A value as a message shows it: itself where it is short, else its kind. */
function shown(value: unknown): string {
  if (typeof value === "string" || Array.isArray(value)) return JSON.stringify(value);
  return typeof value === "number" || typeof value === "boolean" || value === null ? String(value) : kindOf(value);
}
