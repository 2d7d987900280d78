import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HeedError } from "../core/errors.ts";
import { readFileBounded, removeStaleTemps, writeFileAtomic } from "./node.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "heed-files-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function refusal(work: Promise<unknown>): Promise<HeedError> {
  const error: unknown = await work.then(() => "was accepted", (e: unknown) => e); // prettier-ignore
  if (error instanceof HeedError && error.code === "file") return error;
  throw new Error("expected a HeedError of code file", { cause: error });
}

describe("writeFileAtomic", () => {
  test("makes and replaces a file and leaves nothing else", async () => {
    const path = join(folder, "a.bin");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    await writeFileAtomic(path, Uint8Array.of(4, 5, 6, 7).subarray(1));
    expect([...(await readFile(path))]).toEqual([5, 6, 7]);
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  test("keeps the permissions of an existing file", async () => {
    const path = join(folder, "a.bin");
    await writeFile(path, "old");
    await chmod(path, 0o600);
    await writeFileAtomic(path, new Uint8Array(1));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("takes names as long as the system allows", async () => {
    const name = "n".repeat(255);
    await writeFileAtomic(join(folder, name), new Uint8Array(1));
    expect(await readdir(folder)).toEqual([name]);
  });

  test("many writers of one file: one of them wins whole", async () => {
    const path = join(folder, "a.bin");
    await Promise.all(Array.from({ length: 16 }, (_, i) => writeFileAtomic(path, new Uint8Array(50_000).fill(i))));
    const got = await readFile(path);
    expect(got.length).toBe(50_000);
    expect(new Set(got).size).toBe(1);
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  test("a failure leaves the old content and no temporary file, and keeps its cause", async () => {
    const path = join(folder, "taken");
    await mkdir(join(path, "inside"), { recursive: true });
    const error = await refusal(writeFileAtomic(path, new Uint8Array(10)));
    expect(error.message).toBe(`${path}: the file must be writable, got a folder`);
    expect(error.cause).toBeInstanceOf(Error);
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  test("names a missing folder", async () => {
    const error = await refusal(writeFileAtomic(join(folder, "no", "a.bin"), new Uint8Array(1)));
    expect(error.message).toContain("the file must be writable, got no such file or folder");
  });

  test("killed at any moment, the old or the new file is whole, and the leftovers can be removed", async () => {
    const script = join(folder, "writer.mjs");
    buildSync({ entryPoints: [join(import.meta.dirname, "node.ts")], bundle: true, platform: "node", format: "esm", outfile: script }); // prettier-ignore
    const path = join(folder, "a.bin");
    const size = 3_000_000;
    const loop = `import { writeFileAtomic } from ${JSON.stringify(script)};
      for (let i = 0; ; i = (i + 1) % 256) { await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(${size}).fill(i)); if (i < 2) console.log("wrote"); }`;
    let leftovers = 0;
    // On a busy machine all of eight kills may fall between two writes: then there are more, until one does not.
    for (let round = 0; round < 8 || (leftovers === 0 && round < 80); round++) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", loop], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      await new Promise((resolve) => setTimeout(resolve, (round % 8) * 7));
      child.kill("SIGKILL");
      await once(child, "exit");
      const got = await readFile(path);
      expect(got.length).toBe(size);
      expect(got.equals(Buffer.alloc(size, got[0]!))).toBe(true);
      leftovers += (await removeStaleTemps(folder)).length;
      expect((await readdir(folder)).sort()).toEqual(["a.bin", "writer.mjs"]);
    }
    expect(leftovers).toBeGreaterThan(0);
  }, 60_000);
});

describe("removeStaleTemps", () => {
  test("removes only the temporary files of writers that are gone", async () => {
    // 99999999 is above the largest process number of Linux, macOS and Windows in use.
    const names = {
      otherHost: ".heed-00000000-99999999-0123456789abcdef.tmp",
      old: ".heed-00000000-1-0123456789abcdef.tmp",
      foreign: "notes.tmp",
    };
    for (const name of Object.values(names)) await writeFile(join(folder, name), "x");
    await utimes(join(folder, names.old), 1, 1);
    await mkdir(join(folder, ".heed-00000000-1-aaaaaaaaaaaaaaaa.tmp"));
    expect(await removeStaleTemps(folder)).toEqual([names.old]);
    expect(await readdir(folder)).toHaveLength(3);
  });

  test("leaves a writer at work alone", async () => {
    const path = join(folder, "a.bin");
    const writing = writeFileAtomic(path, new Uint8Array(20_000_000));
    let removed: string[] = [];
    const done = writing.then(() => true);
    while (!(await Promise.race([done, new Promise<false>((r) => setTimeout(() => r(false), 2))])))
      removed = removed.concat(await removeStaleTemps(folder));
    expect(removed).toEqual([]);
    expect((await stat(path)).size).toBe(20_000_000);
  });

  test("names a missing folder", async () => {
    expect((await refusal(removeStaleTemps(join(folder, "no")))).message).toContain("got no such file or folder");
  });
});

describe("readFileBounded", () => {
  test("reads a file up to its bound into a buffer of its own, also an empty one", async () => {
    const path = join(folder, "a.bin");
    await writeFile(path, Uint8Array.of(1, 2, 3));
    const got = await readFileBounded(path, { maxBytes: 3 });
    expect([...got]).toEqual([1, 2, 3]);
    expect([got.byteOffset, got.buffer.byteLength]).toEqual([0, 3]);
    await writeFile(path, "");
    expect((await readFileBounded(path, { maxBytes: 0 })).length).toBe(0);
  });

  test("follows a link", async () => {
    await writeFile(join(folder, "a"), "x");
    await symlink("a", join(folder, "b"));
    expect((await readFileBounded(join(folder, "b"), { maxBytes: 1 })).length).toBe(1);
  });

  test("refuses what is too large, missing, a folder or a device", async () => {
    const path = join(folder, "a.bin");
    await writeFile(path, "four");
    const read = async (p: string): Promise<string> => (await refusal(readFileBounded(p, { maxBytes: 3 }))).message;
    expect(await read(path)).toBe(`${path}: the file must be at most 3 bytes, got 4. Raise the limit if you trust it.`);
    expect(await read(`${path}x`)).toBe(`${path}x: the file must be readable, got no such file or folder`);
    expect(await read(folder)).toBe(`${folder}: the path must be a file, got a folder`);
    expect(await read(join(path, "x"))).toContain("got a path through a file");
    expect(await read(`${path}\0`)).toContain("the file must be readable");
  });

  test.runIf(process.platform === "linux")("refuses a device and a named pipe without waiting", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const path of ["/dev/zero", pipe])
      expect((await refusal(readFileBounded(path, { maxBytes: 3 }))).message).toContain("got a device, pipe or socket");
  });

  test("refuses a limit that is none", async () => {
    await expect(readFileBounded("x", { maxBytes: NaN })).rejects.toThrow(
      "maxBytes must be a whole number >= 0, got NaN",
    );
  });
});
