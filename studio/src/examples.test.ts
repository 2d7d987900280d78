import { fileURLToPath } from "node:url";
import { dictionary } from "cmu-pronouncing-dictionary";
import { createPronouncer } from "heed/models";
import { expect, test } from "vitest";
import { loadPronounceModel } from "../../src/models/pronounce/node.ts";
import { examples } from "./examples.ts";

// A machine that is busy with other work gets a while.
const patience = { timeout: 120_000 };

test("the model that ships reads every example as the dictionary does", patience, async () => {
  const model = await loadPronounceModel(fileURLToPath(new URL("../../models/pronounce", import.meta.url)));
  const pronouncer = createPronouncer(model);
  try {
    const answers = await pronouncer.pronounce(examples, { beam: 5, nbest: 5 });
    const read = answers.map((answer) =>
      "error" in answer ? answer.error.message : answer.pronunciations[0]!.phonemes.join(" "),
    );
    // The model is trained without the dictionary's stress.
    expect(read).toEqual(examples.map((word) => dictionary[word]?.replace(/\d/g, "").trim()));
  } finally {
    await pronouncer.dispose();
  }
});
