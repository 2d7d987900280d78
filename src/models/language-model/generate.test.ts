// Generation from a language model with random parameters: the cache, batches of prompts of different lengths, and the forced
// pass agree.

import { afterAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/close.ts";
import { documents } from "../../attention/masks/documents.ts";
import type { Mask } from "../../attention/masks/mask.ts";
import { NdArray } from "../../core/ndarray.ts";
import { logSoftmax } from "../../core/ops/softmax.ts";
import { rng } from "../../core/random.ts";
import { leaves } from "../../core/tree.ts";
import type { Tensor } from "../../core/tensor.ts";
import { compile, evaluate } from "../../engine/compile.ts";
import { opinionated } from "../transformer/example.cases.ts";
import { checkLanguageModelConfig, type LanguageModelConfig } from "./config.ts";
import { createGenerator, type Generated, type Generator } from "./generate.ts";
import type { GenerateOptions } from "./generate-options.ts";
import { initLanguageModel, languageModelLogits, type LanguageModelParams } from "./model.ts";
import { decodeLanguageModel, encodeLanguageModel } from "./weights.ts";

const small: LanguageModelConfig = {
  count: 7,
  modelSize: 12,
  headCount: 3,
  innerSize: 10,
  layerCount: 2,
  positions: "sinusoidal",
  activation: "gelu",
  norm: "pre",
  tiedOutput: false,
};
const variants: Readonly<Record<string, LanguageModelConfig>> = {
  "pre, sinusoidal": small,
  "post, learned, tied": { ...small, positions: "learned", positionCount: 40, norm: "post", tiedOutput: true },
  "pre, rotary": { ...small, positions: "rotary" },
};
// The parameters' tree is too deep for the checker to map.
type Loose = (...args: readonly unknown[]) => Promise<NdArray>;
const modelOf = (config: LanguageModelConfig): LanguageModelParams<NdArray> =>
  opinionated(initLanguageModel(config, rng(3)), 4);

/** Prompts of lengths 1 to 18, across the first padded length. */
const prompts = [1, 5, 18, 2, 16].map((n, i) => {
  const ids = rng(50 + i);
  return Array.from({ length: n }, () => ids.integer(7));
});

const open: { dispose(): Promise<void> }[] = [];
function kept<D extends { dispose(): Promise<void> }>(x: D): D {
  open.push(x);
  return x;
}
const generatorOf = (...args: Parameters<typeof createGenerator>): Generator => kept(createGenerator(...args));
afterAll(async () => {
  for (const each of open) await each.dispose();
});

function expectSame(actual: readonly Generated[], expected: readonly Generated[]): void {
  const ids = (all: readonly Generated[]): unknown => all.map((text) => [text.ids, text.complete]);
  expect(ids(actual)).toEqual(ids(expected));
  const numbers = (all: readonly Generated[]): readonly number[] => all.map((text) => text.logProb);
  expectClose(numbers(actual), numbers(expected), { rtol: 0, atol: 1e-4 });
}

describe.each(Object.entries(variants))("%s", (_name, config) => {
  const params = modelOf(config);
  const generator = generatorOf(config, params);
  const logProbs = kept(
    compile((p: LanguageModelParams<Tensor>, ids: Tensor) => logSoftmax(languageModelLogits(config, p, ids), -1)),
  ) as unknown as Loose;

  test.each<readonly [string, GenerateOptions]>([
    ["greedy", { temperature: 0, maxLength: 20 }],
    ["drawn", { temperature: 0.9, topK: 5, topP: 0.95, seed: 11, maxLength: 20, stop: 4 }],
  ])("a prompt gives alone what it gives in a batch: %s", async (_kind, options) => {
    const together = await generator.generate(prompts, options);
    for (const [i, prompt] of prompts.entries()) {
      const own = typeof options.seed === "number" ? { ...options, seed: options.seed + i } : options;
      expectSame(await generator.generate([prompt], own), [together[i]!]);
    }
    const seeds = typeof options.seed === "number" ? { seed: prompts.map((_, i) => 11 + i).reverse() } : {};
    const reversed = await generator.generate([...prompts].reverse(), { ...options, ...seeds });
    expectSame([...reversed].reverse(), together);
    const fed = generatorOf(config, params, { bake: false });
    expectSame(await fed.generate(prompts, options), together);
  });

  test("the forced pass says of each text what the cache said step by step", async () => {
    const texts = await generator.generate(prompts, { seed: 3, maxLength: 20, stop: 4 });
    expect(new Set(texts.map(({ ids }) => ids.join())).size).toBeGreaterThan(3);
    for (const [i, { ids, complete, logProb }] of texts.entries()) {
      const added = complete ? [...ids, 4] : ids;
      const whole = Int32Array.from([...prompts[i]!, ...added]);
      const all = (await logProbs(params, new NdArray("int32", [1, whole.length], whole))).data as Float32Array;
      const first = prompts[i]!.length - 1;
      const sum = added.reduce((total, id, t) => total + all[(first + t) * config.count + id]!, 0);
      expect(Math.abs(sum - logProb)).toBeLessThan(1e-5 * Math.max(1, Math.abs(sum)));
    }
  });

  test("greedy takes the likeliest of the forced pass", async () => {
    const [{ ids }] = (await generator.generate([prompts[1]!], { temperature: 0, maxLength: 6 })) as [Generated];
    const whole = Int32Array.from([...prompts[1]!, ...ids]);
    const all = (await logProbs(params, new NdArray("int32", [1, whole.length], whole))).data as Float32Array;
    ids.forEach((id, t) => {
      const at = (prompts[1]!.length - 1 + t) * config.count;
      const row = [...all.subarray(at, at + config.count)];
      expect(row.indexOf(Math.max(...row))).toBe(id);
    });
  });
});

describe("the stream", () => {
  const generator = generatorOf(small, modelOf(small));

  test("gives the same, an id for each prompt at a time, and null for texts that have ended", async () => {
    const options = { seed: 3, maxLength: 20, stop: 4 };
    const texts = await generator.generate(prompts, options);
    const streamed: number[][] = prompts.map(() => []);
    let steps = 0;
    for await (const ids of generator.stream(prompts, options)) {
      steps++;
      ids.forEach((id, i) => id !== null && streamed[i]!.push(id));
    }
    expect(streamed).toEqual(texts.map(({ ids }) => ids));
    expect(steps).toBe(Math.max(...streamed.map((ids) => ids.length)));
    expect(new Set(texts.map(({ complete }) => complete)).size).toBe(2);
  });

  test("ends when it is left, or when the signal comes", async () => {
    for await (const [id] of generator.stream([[1]], { temperature: 0 })) {
      expect(id).toBeTypeOf("number");
      break;
    }
    const control = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _ of generator.stream([[1]], { temperature: 0, signal: control.signal }))
        control.abort(new Error("enough"));
    };
    await expect(read()).rejects.toThrow("enough");
    expect(await generator.generate([], { temperature: 0 })).toEqual([]);
  });
});

test("one seed gives one text; another seed another", async () => {
  const generator = generatorOf(small, modelOf(small));
  const texts = await generator.generate([[1], [1], [1]], { seed: [5, 5, 6], maxLength: 16 });
  expect(texts[1]).toEqual(texts[0]);
  expect(texts[2]!.ids).not.toEqual(texts[0]!.ids);
});

test("texts that are packed into one row know nothing of each other", async () => {
  const rotary = variants["pre, rotary"]!;
  const ints = (...numbers: number[]): NdArray => new NdArray("int32", [1, numbers.length], Int32Array.from(numbers));
  const run = async (mask: Mask | null, ids: NdArray): Promise<Float32Array> => {
    const logits = (params: LanguageModelParams<Tensor>, given: Tensor): Tensor =>
      languageModelLogits(rotary, params, given, mask ? { mask } : {});
    return (await (evaluate as unknown as Loose)(logits, modelOf(rotary), ids)).data as Float32Array;
  };
  const both = await run(documents(ints(0, 0, 0, 1, 1)), ints(1, 2, 3, 4, 5));
  // Turned heads see distances alone, so where the second text begins does not matter.
  expectClose(both.slice(3 * rotary.count), await run(null, ints(4, 5)), { rtol: 1e-5 });
});

test("files: what is written comes back", () => {
  for (const config of Object.values(variants)) {
    const params = modelOf(config);
    const back = decodeLanguageModel(config, encodeLanguageModel(params), "m");
    expect(leaves<NdArray>(back).map(([path, a]) => [path, [...(a.data as Float32Array)]])).toEqual(
      leaves<NdArray>(params).map(([path, a]) => [path, [...(a.data as Float32Array)]]),
    );
    expect(checkLanguageModelConfig("c.json", { ...config })).toEqual(config);
  }
  expect(() => checkLanguageModelConfig("c.json", { ...small, layers: 2 })).toThrow('got "layers"');
  expect(() => checkLanguageModelConfig("c.json", { ...small, count: 0 })).toThrow("count must be an integer from 1");
});

describe("what is refused", () => {
  const learned = variants["post, learned, tied"]!;
  const generator = generatorOf(learned, modelOf(learned));
  test.each<readonly [readonly (readonly number[])[], GenerateOptions, string]>([
    [[[1]], {}, "generate: seed must be given where the temperature is above 0, got none. Temperature 0 is greedy."],
    [[[1]], { seed: -1 }, "seeds must be integers from 0 to 2^53 - 1, got -1"],
    [[[1]], { seed: [1, 2] }, "seed must be one number, or one for each of 1 prompts, got 2 numbers"],
    [[[1]], { temperature: -1 }, "generate: temperature must be a finite number >= 0, got -1"],
    [[[1]], { temperature: 0, maxLength: 0 }, "maxLength must be an integer >= 1, got 0"],
    [[[1]], { temperature: 0, stop: 7 }, "stop must be an id from 0 to 6, got 7"],
    [[[1]], { temperature: 0, beam: 2 } as never, 'got "beam"'],
    [[[1], []], { temperature: 0 }, "a prompt must have at least one symbol, got none in prompt 1"],
    [[[1], [7]], { temperature: 0 }, "ids of a prompt must be integers from 0 to 6, got 7 in prompt 1"],
    [[new Array<number>(41).fill(1)], { temperature: 0 }, "got 41 symbols in prompt 0 and maxLength 1"],
    [
      [[1, 1]],
      { temperature: 0, maxLength: 40 },
      "prompt and maxLength must find room in 40 learned positions, got 2 symbols in prompt 0 and maxLength 40",
    ],
  ])("%o, %o", async (given, options, message) => {
    await expect(generator.generate(given, options)).rejects.toThrow(message);
  });

  test("the last position there is can be used", async () => {
    const [text] = await generator.generate([[1]], { temperature: 0, maxLength: 40 });
    expect(text!.ids).toHaveLength(40);
    expect(await generator.generate([[1]], { temperature: 0 })).toEqual([text]);
  });
});
