// heed curves: what a training told of itself, in numbers and as a figure.

import type { TrainingCurves } from "../training-curves.ts";
import type { Command, CommandCall } from "../command.ts";
import { printable } from "../console.ts";
import { figureOption } from "../figure-option.ts";

interface CurvesFlags {
  readonly figure?: string;
}

/** The largest file of events that is read, in bytes: some 250,000 reports. */
const maxBytes = 64 * 1024 * 1024;

export const curvesCommand: Command<CurvesFlags> = {
  summary: "Show what a training told: reward, baseline and entropy, or loss, and dev errors, over its steps",
  operands: [
    {
      name: "<events...>",
      summary: "file that a training wrote with --events; of several, their dev errors side by side",
    },
  ],
  options: [figureOption("the curves")],
  example: {
    line: "heed curves hard.jsonl --figure hard.svg",
    does: "Draws what heed train g2p --attention hard --events hard.jsonl told.",
  },
  run: show,
};

async function show({ operands, options, console }: CommandCall<CurvesFlags>): Promise<number> {
  const [{ readFileBounded }, { trainingCurves, sideBySide }] = await Promise.all([
    import("../../files/node.ts"),
    import("../training-curves.ts"),
  ]);
  const all: (TrainingCurves & { readonly file: string })[] = [];
  for (const file of operands)
    all.push({
      file,
      ...trainingCurves(new TextDecoder().decode(await readFileBounded(file, { maxBytes })), file),
    });
  const read = all.length === 1 ? { curves: all[0]!.curves, panels: all[0]!.panels } : sideBySide(all);
  if (options.figure !== undefined) {
    const [{ writeScene }, { curves }] = await Promise.all([import("../figure.ts"), import("../../draw/curves.ts")]);
    // Names that stand below each other need the room.
    const panelHeight = Math.max(150, 18 * Math.max(...read.panels.map((panel) => panel.curves.length)));
    const warning = await writeScene(options.figure, curves(read.panels, { panelHeight }));
    if (warning !== null) console.stderr.write(`heed: ${printable(warning)}\n`);
  }
  console.stdout.write(options.json ? `${JSON.stringify(read)}\n` : `${await textOf(read)}\n`);
  return 0;
}

/** One row a curve. */
async function textOf({ curves }: TrainingCurves): Promise<string> {
  const [{ table }, { sparkline }] = await Promise.all([import("../table.ts"), import("../train-progress.ts")]);
  const rows = curves.map(({ name, unit, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    const at = ([step, value]: readonly [number, number]): string => `${value.toFixed(3)} at step ${step}`;
    return [
      name,
      at(first),
      at(last),
      unit,
      sparkline(
        thinned(
          points.map(([, value]) => value),
          32,
        ),
        32,
      ),
    ];
  });
  return table([["", "first", "last", "unit", ""], ...rows]);
}

/** At most `count` values, evenly taken, the last among them. */
function thinned(values: readonly number[], count: number): readonly number[] {
  if (values.length <= count) return values;
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
