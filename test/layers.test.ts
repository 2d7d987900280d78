// The layers of the house: imports go down only, so that a reader who knows a layer needs to know none above it.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

/** The folders of src, the lowest first; a file may import from its own folder and from those before it. */
const layers = [
  "core",
  "files",
  "onnx",
  "engine",
  "nn",
  "attention",
  "text",
  "models",
  "train",
  "recipes",
  "draw",
  "entry", // the files of src itself
  "cli",
] as const;

/** Layers that may use less than all below them. */
const narrower: Readonly<Record<string, RegExp>> = {
  core: /^core\//,
  files: /^(core|files)\//,
  onnx: /^(core|onnx)\//,
  text: /^(core\/errors\.ts$|text\/)/,
  // Figures are drawn of plain numbers: they know neither tensors nor models.
  draw: /^(core\/errors\.ts$|draw\/)/,
};

const src = fileURLToPath(new URL("../src/", import.meta.url));

interface Source {
  /** Below src, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Files of src that it imports, types included. */
  readonly own: readonly string[];
  /** Those it needs when it runs. */
  readonly atRunTime: readonly string[];
  /** Those it needs before it can run: `import()` waits until it is reached. */
  readonly atLoadTime: readonly string[];
  /** Packages and built-in modules. */
  readonly packages: readonly string[];
}

function readSources(): readonly Source[] {
  const names = readdirSync(src, { recursive: true, encoding: "utf8" });
  return names
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts") && !/\.(test|cases)\.ts$/.test(name))
    .sort()
    .map((path) => {
      const text = readFileSync(join(src, path), "utf8");
      const found = importsOf(text).map((i) => ({
        ...i,
        target: i.from.startsWith(".") ? posix.join(dirname(path), i.from) : null,
      }));
      const own = found.filter((i) => i.target !== null);
      return {
        path,
        text,
        own: own.map((i) => i.target!),
        atRunTime: own.filter((i) => !i.typeOnly).map((i) => i.target!),
        atLoadTime: own.filter((i) => !i.typeOnly && !i.dynamic).map((i) => i.target!),
        packages: found.filter((i) => i.target === null).map((i) => i.from),
      };
    });
}

/** Every `import`, `export from` and `import()` of a file. */
function importsOf(
  text: string,
): readonly { readonly from: string; readonly typeOnly: boolean; readonly dynamic: boolean }[] {
  const statements = text.matchAll(
    /^(?:import|export)\b([^;"']*?)\bfrom\s*"([^"]+)"|^import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm,
  );
  return [...statements].map(([, clause, from, bare, dynamic]) => ({
    from: (from ?? bare ?? dynamic)!,
    typeOnly: clause !== undefined && /^\s*type\b/.test(clause),
    dynamic: dynamic !== undefined,
  }));
}

function layerOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : "entry";
}

const sources = readSources();
const rank = (path: string): number => layers.indexOf(layerOf(path) as (typeof layers)[number]);

test("reads every form of import", () => {
  const text = [
    'import "./a.ts";',
    'import { type A, b } from "./b.ts";',
    'import type { C } from "./c.ts";',
    'export * from "./d.ts";',
    "export {",
    "  e,",
    '} from "./e.ts";',
    'const f = await import("./f.ts");',
    'const text = "import { g } from";',
  ].join("\n");
  expect(importsOf(text).map(({ from, typeOnly }) => `${from}${typeOnly ? " type" : ""}`)).toEqual([
    "./a.ts",
    "./b.ts",
    "./c.ts type",
    "./d.ts",
    "./e.ts",
    "./f.ts",
  ]);
  expect(findCycle(new Map([["a", ["b"]], ["b", ["c"]], ["c", ["b"]]]))).toEqual(["b", "c", "b"]); // prettier-ignore
});

describe("the layers of src", () => {
  test("every folder is a layer, and every layer a folder", () => {
    const folders = new Set(sources.map(({ path }) => layerOf(path)));
    expect([...folders].filter((f) => !(layers as readonly string[]).includes(f))).toEqual([]);
    expect(layers.filter((layer) => !folders.has(layer))).toEqual([]);
  });

  test("the files that are imported exist", () => {
    const paths = new Set(sources.map(({ path }) => path));
    const missing = sources.flatMap(({ path, own }) =>
      own.filter((to) => !paths.has(to)).map((to) => `${path}: ${to}`),
    );
    expect(missing).toEqual([]);
  });

  test("imports go down only", () => {
    const up = sources.flatMap(({ path, own }) =>
      own.filter((to) => rank(to) > rank(path)).map((to) => `${path} imports ${to}`),
    );
    expect(up).toEqual([]);
  });

  test("some layers use only what they must", () => {
    const beyond = sources.flatMap(({ path, own }) => {
      const allowed = narrower[layerOf(path)];
      return allowed ? own.filter((to) => !allowed.test(to)).map((to) => `${path} imports ${to}`) : [];
    });
    expect(beyond).toEqual([]);
  });

  test("no file imports itself through others when it runs", () => {
    expect(findCycle(new Map(sources.map(({ path, atRunTime }) => [path, atRunTime])))).toBeNull();
  });
});

describe("packages", () => {
  const users = (name: RegExp): readonly string[] =>
    sources.filter(({ packages }) => packages.some((p) => name.test(p))).map(({ path }) => path);

  test("only the engine knows the runtime", () => {
    const found = users(/^onnxruntime-/);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((path) => layerOf(path) !== "engine")).toEqual([]);
  });

  test("core, onnx, nn, attention, text and draw run anywhere: nothing of Node", () => {
    const portable = ["core", "onnx", "nn", "attention", "text", "draw"];
    expect(users(/^node:/).filter((path) => portable.includes(layerOf(path)))).toEqual([]);
  });

  test.each(["index", "nn/index", "attention/index", "models/index", "train/index", "draw/index", "files/index"])(
    "what a page imports loads without Node: %s",
    (entry) => {
      const byPath = new Map(sources.map((source) => [source.path, source]));
      const reached = new Set([`${entry}.ts`]);
      for (const path of reached) for (const next of byPath.get(path)!.atLoadTime) reached.add(next);
      expect([...reached].filter((path) => byPath.get(path)!.packages.some((p) => p.startsWith("node:")))).toEqual([]);
    },
  );
});

test("the ten longest files", () => {
  const longest = sources
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .sort((a, b) => b.lines - a.lines || a.path.localeCompare(b.path))
    .slice(0, 10);
  console.log(longest.map(({ path, lines }) => `${String(lines).padStart(5)} src/${path}`).join("\n"));
  // 250 is what one file should have, 400 what none may have without saying why in its header.
  expect(longest.filter(({ lines }) => lines > 400)).toEqual([]);
});

/** The files of one cycle in order, or null. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): readonly string[] | null => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return null;
}
