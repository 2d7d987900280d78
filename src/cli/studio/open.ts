// Opening an address in the person's browser, where there is a person and a browser.

import { spawn } from "node:child_process";
import type { Console } from "../console.ts";

/** The program that opens an address, with its arguments; null where nobody would see it. */
export function openerOf(
  url: string,
  { stdout, env }: Pick<Console, "stdout" | "env">,
  platform: string = process.platform,
): readonly string[] | null {
  if (stdout.isTTY !== true || (env["CI"] ?? "") !== "") return null;
  if (platform === "darwin") return ["open", url];
  if (platform === "win32") return ["cmd", "/c", "start", "", url];
  return env["DISPLAY"] || env["WAYLAND_DISPLAY"] ? ["xdg-open", url] : null;
}

/** Starts the program and forgets it: the address is printed anyway. */
export function openUrl(url: string, console: Console): void {
  const opener = openerOf(url, console);
  if (opener === null) return;
  const child = spawn(opener[0]!, opener.slice(1), { stdio: "ignore", detached: true });
  child.on("error", () => undefined);
  child.unref();
}
