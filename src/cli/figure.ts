// Drawings as figure files: SVG text, or PNG drawn from it.

import type { Resvg } from "@resvg/resvg-js";
import { HeedError, optionError } from "../core/errors.ts";
import type { AlignmentTrace } from "../draw/alignment.ts";
import { alignmentLines } from "../draw/alignment-lines.ts";
import { group, type Scene } from "../draw/scene.ts";
import { svg } from "../draw/svg.ts";
import { writeFileAtomic } from "../files/node.ts";

/** The most alignments in one figure. */
const maxAlignments = 20;
const gap = 24;
/** Pixels of the PNG for one unit of the drawing. */
const zoom = 2;

/**
 * Draws alignments, one below the other, and writes the file whole.
 *
 * @returns a warning for the person, or null: where the machine has no fonts, a PNG has no text.
 * @throws HeedError for none or more than 20 alignments, and when the file cannot be written.
 */
export async function writeFigure(file: string, traces: readonly AlignmentTrace[]): Promise<string | null> {
  if (traces.length === 0)
    throw optionError("--figure", "a pronunciation with attention is required", "none", "Give a word of the alphabet.");
  if (traces.length > maxAlignments)
    throw optionError("--figure", `at most ${maxAlignments} words fit a figure`, `${traces.length}`, "Give fewer.");
  return await writeScene(file, stack(traces.map((trace) => alignmentLines(trace))));
}

/**
 * Writes a drawing whole, as its file's name ends: .svg, or .png.
 *
 * @returns a warning for the person, or null: where the machine has no fonts, a PNG has no text.
 * @throws HeedError when the file cannot be written.
 */
export async function writeScene(file: string, scene: Scene): Promise<string | null> {
  const document = svg(scene);
  if (/\.svg$/i.test(file)) {
    await writeFileAtomic(file, new TextEncoder().encode(document));
    return null;
  }
  const Drawing = await loadResvg();
  const drawn = new Drawing(document, { fitTo: { mode: "zoom", value: zoom } }).render();
  await writeFileAtomic(file, drawn.asPng());
  const probe = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="5" y="30" font-size="24">M</text></svg>`;
  return new Drawing(probe).getBBox() === undefined ? `no font was found: ${file} has no text; write an .svg` : null;
}

/** Scenes one below the other, as wide as the widest. */
export function stack(scenes: readonly Scene[]): Scene {
  const [first] = scenes;
  if (scenes.length === 1) return first!;
  let y = 0;
  const children = scenes.map((scene) => {
    const node = group(scene.children, { y });
    y += scene.height + gap;
    return node;
  });
  return {
    ...first!,
    width: Math.max(...scenes.map(({ width }) => width)),
    height: y - gap,
    title: scenes.map(({ title }) => title).join("; "),
    description: scenes.map(({ description }) => description).join(" "),
    children,
  };
}

async function loadResvg(): Promise<typeof Resvg> {
  try {
    return (await import("@resvg/resvg-js")).Resvg;
  } catch (cause) {
    throw new HeedError({
      code: "file",
      where: "--figure",
      expected: `PNG files need the package @resvg/resvg-js for ${process.platform}-${process.arch}`,
      got: cause instanceof Error ? cause.message.split("\n")[0]! : String(cause),
      hint: "Write an .svg.",
      cause,
    });
  }
}
