import { expect, test } from "vitest";
import type { NdArray } from "../../core/ndarray.ts";
import { randomKey } from "../../core/random.ts";
import type { Seq2SeqParams } from "../../models/seq2seq/params.ts";
import { buildLexicon } from "./lexicon.ts";
import { networkSizes } from "./network-sizes.ts";
import { g2pSettings } from "./settings.ts";
import { g2pTask, g2pVocabularies } from "./task.ts";

const { lexicon } = buildLexicon([
  { word: "BA", phonemes: ["B", "AE"] },
  { word: "DA", phonemes: ["D", "AE"] },
]);

test("a step gives a finite loss; one that does not is traced to its site", async () => {
  const settings = g2pSettings("additive", {
    model: { ...networkSizes("additive", { size: 4 }), encoderLayers: 1 },
    batchSize: 2,
  });
  const task = g2pTask(settings, lexicon, lexicon, g2pVocabularies(lexicon, lexicon), { threads: 1 });
  try {
    const [batch] = task.batches(0);
    const key = randomKey(1);
    expect((await task.step(task.params, batch!, key)).loss).toBeGreaterThan(0);
    expect(await task.diagnose!(task.params, batch!, key)).toBeNull();
    ((task.params as unknown as Seq2SeqParams<NdArray>).output.weight.data as Float32Array)[3] = NaN;
    expect((await task.step(task.params, batch!, key)).loss).toBeNaN();
    expect(await task.diagnose!(task.params, batch!, key)).toContain("argument 0.output.weight holds NaN");
  } finally {
    await task.dispose();
  }
}, 120_000);
