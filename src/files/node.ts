// Files on disk: whole or not at all when written, bounded when read. The only file of this layer that needs Node.

import { createHash, randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { lstat, open, readdir, rename, rm, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { HeedError, checkOptions, fileError, optionError } from "../core/errors.ts";

const TEMP_NAME = /^\.heed-([0-9a-f]{8})-(\d+)-[0-9a-f]{16}\.tmp$/;
/** Older than this, a temporary file is stale whoever made it. */
const STALE_MS = 60 * 60 * 1000;
/** What a system answers when it cannot flush folders. */
const CANNOT_FLUSH_FOLDERS = new Set(["EINVAL", "EPERM", "EISDIR", "ENOTSUP", "ENOSYS"]);

/**
 * Writes a file so that a crash at any moment leaves the old or the new file whole: the bytes go to a temporary file in
 * the same folder, are flushed to the disk, and take the name in one step; then the folder is flushed.
 *
 * A link at `path` is replaced, not followed. The permissions of an existing file are kept. After a failure the old
 * file is there and the temporary file is not; only a kill leaves one behind (`removeStaleTemps`).
 *
 * @throws HeedError `file` when the folder is missing, not writable or full; `cause` is the system's error.
 */
export async function writeFileAtomic(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  const temp = join(folder, `.heed-${hostHash()}-${process.pid}-${randomBytes(8).toString("hex")}.tmp`);
  try {
    const old = await lstat(path).catch(() => null);
    const handle = await open(temp, "wx");
    try {
      if (old?.isFile()) await handle.chmod(old.mode & 0o777);
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temp, path);
    await flushFolder(folder);
  } catch (cause) {
    await rm(temp, { force: true }).catch(() => {}); // it may never have been made, or have its new name
    throw systemError(path, "the file must be writable", cause);
  }
}

/**
 * The bytes of a file, in a buffer of their own.
 *
 * @param options.maxBytes - refuse a larger file before any memory is claimed for it.
 * @throws HeedError `file` when it is missing, a folder, not a plain file, too large, or changes while it is read.
 */
export async function readFileBounded(path: string, options: { readonly maxBytes: number }): Promise<Uint8Array> {
  checkOptions("readFileBounded", options, ["maxBytes"]);
  const { maxBytes } = options;
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 0)
    throw optionError("readFileBounded", "maxBytes must be a whole number >= 0", `${maxBytes}`);
  try {
    // Non-blocking, else opening a named pipe would wait for somebody to write.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await handle.stat();
      checkPlain(path, stats, maxBytes);
      return await readAll(path, handle, stats.size);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw systemError(path, "the file must be readable", cause);
  }
}

/**
 * Removes temporary files that killed writers left in `folder`: those of a process of this machine that is gone, and
 * any older than an hour. Files of writers at work stay.
 *
 * @returns the names removed.
 * @throws HeedError `file` when the folder cannot be listed.
 */
export async function removeStaleTemps(folder: string): Promise<string[]> {
  const removed: string[] = [];
  try {
    for (const name of await readdir(folder)) {
      const match = TEMP_NAME.exec(name);
      if (!match) continue;
      const stats = await lstat(join(folder, name)).catch(() => null); // null: another has just removed it
      if (!stats?.isFile()) continue;
      const orphaned = match[1] === hostHash() && !isRunning(Number(match[2]));
      if (!orphaned && Date.now() - stats.mtimeMs < STALE_MS) continue;
      await rm(join(folder, name), { force: true });
      removed.push(name);
    }
  } catch (cause) {
    throw systemError(folder, "the folder must be readable and writable", cause);
  }
  return removed;
}

function checkPlain(path: string, stats: Stats, maxBytes: number): void {
  if (stats.isDirectory()) throw fileError(path, "the path must be a file", "a folder");
  if (!stats.isFile()) throw fileError(path, "the path must be a plain file", "a device, pipe or socket");
  if (stats.size > maxBytes)
    throw fileError(
      path,
      `the file must be at most ${maxBytes} bytes`,
      `${stats.size}`,
      "Raise the limit if you trust it.",
    );
}

async function readAll(path: string, handle: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, Math.min(size - filled, 2 ** 30), filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  const { bytesRead: more } = await handle.read(new Uint8Array(1), 0, 1, size);
  if (filled < size || more > 0)
    throw fileError(path, `the file must stay ${size} bytes while it is read`, more > 0 ? "more" : `${filled}`);
  return bytes;
}

async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (!CANNOT_FLUSH_FOLDERS.has(codeOf(cause))) throw cause;
  }
}

/** Process numbers mean nothing on another machine that shares the folder. */
function hostHash(): string {
  return createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return codeOf(cause) !== "ESRCH";
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : "";
}

const reasons: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or folder"],
  ["ENOTDIR", "a path through a file"],
  ["EISDIR", "a folder"],
  ["EACCES", "no permission"],
  ["EPERM", "no permission"],
  ["ENOSPC", "a full disk"],
  ["EROFS", "a read-only disk"],
]);

function systemError(path: string, expected: string, cause: unknown): HeedError {
  if (cause instanceof HeedError) return cause;
  const got = reasons.get(codeOf(cause)) ?? (cause instanceof Error ? cause.message : String(cause));
  return new HeedError({ code: "file", where: path, expected, got, cause });
}
