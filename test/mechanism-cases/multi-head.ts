// The multi-head layer with every mechanism that it takes, positions, a memory that stays, and steps with a cache.

import {
  addPositions,
  alibi,
  attendMemory,
  causal,
  emptyCache,
  initLearnedPositions,
  initMultiHead,
  layerHeadNorm,
  learnedPositions,
  lengths,
  multiHead,
  offByOneNormalizer,
  projectMemory,
  relativeBias,
  rmsHeadNorm,
  rotary,
  sinkNormalizer,
  sinusoidal,
  type MultiHeadCache,
  type MultiHeadConfig,
  type MultiHeadOptions,
} from "../../src/attention/index.ts";
import type { NdArray } from "../../src/core/ndarray.ts";
import { randomKey, rng } from "../../src/core/random.ts";
import type { Tensor } from "../../src/core/tensor.ts";
import { mechanismCase, type Mechanism, type MechanismCase } from "../mechanism-suite.ts";
import { floats, ints, T } from "./samples.ts";

const [B, N] = [2, 8] as const;
const base = { querySize: N, headCount: 4 } as const;
type Made = Readonly<Record<string, Tensor>>;

/** Self-attention of a layer. @param made - what its options are made from, by the graph. */
function layer(
  name: string,
  covers: readonly Mechanism[],
  more: Partial<MultiHeadConfig>,
  options: (made: Made) => Partial<MultiHeadOptions> = () => ({}),
  made: Readonly<Record<string, NdArray>> = {},
): MechanismCase {
  const config: MultiHeadConfig = { ...base, ...more };
  const inputs = { params: initMultiHead(config, rng(51)), query: floats([B, T, N], 52), made };
  return mechanismCase(
    `multiHead ${name}`,
    ["multiHead", "initMultiHead", ...covers],
    inputs,
    ({ params, query, made: from }) => ({
      output: multiHead(params, config, { query, ...options(from as Made) }).output,
    }),
  );
}

/** A prompt of two steps, then two single ones. */
function decoding(name: string, more: Partial<MultiHeadConfig>, perRow: boolean): MechanismCase {
  const config: MultiHeadConfig = { ...base, ...more };
  const inputs = {
    params: initMultiHead(config, rng(53)),
    query: [floats([B, 2, N], 54), floats([B, 1, N], 55), floats([B, 1, N], 56)],
    cache: emptyCache(config, { batchSize: B, capacity: 5, perRow }),
  };
  return mechanismCase(`cache ${name}`, ["multiHead", "emptyCache", "causal"], inputs, ({ params, query, cache }) => {
    let held: MultiHeadCache<Tensor> = cache;
    const outputs = query.map((q: Tensor) => {
      const step = multiHead(params, config, { query: q, cache: held, mask: causal() });
      held = step.cache;
      return step.output;
    });
    const steps = Object.fromEntries(outputs.map((output, i) => [`step${i}`, output]));
    return { ...steps, keys: held.keys, length: held.length };
  });
}

const causalMask = (): Partial<MultiHeadOptions> => ({ mask: causal() });
const memoryConfig: MultiHeadConfig = { ...base, keySize: 6 };

/** The layer. */
export const multiHeadCases: readonly MechanismCase[] = [
  layer("plain", [], {}),
  layer("grouped, a window", [], { keyHeadCount: 2, scores: { window: { left: 1, right: 0 }, softCap: 3 } }),
  layer("rotary", ["rotary"], { positions: rotary() }, causalMask),
  layer("rotary, a half, in pairs, left padding", ["rotary"], { positions: rotary({ fraction: 0.5, interleaved: true }), headSize: 4 }, ({ starts }) => ({ positions: { starts: starts! } }), { starts: ints([B], [0, 2]) }), // prettier-ignore
  layer("alibi", ["alibi"], { positions: alibi() }, causalMask),
  layer("relativeBias", ["relativeBias"], { positions: relativeBias({ buckets: 8, maxDistance: 6, bidirectional: true }) }), // prettier-ignore
  layer("rmsHeadNorm", ["rmsHeadNorm"], { qkNorm: rmsHeadNorm(), headSize: 4 }),
  layer("layerHeadNorm", ["layerHeadNorm"], { qkNorm: layerHeadNorm(), headSize: 4 }),
  layer("sinks", ["sinkNormalizer"], { normalizer: sinkNormalizer({ headCount: 4, initial: 0.5 }) }, ({ n }) => ({ mask: lengths(n!) }), { n: ints([B], [4, 0]) }), // prettier-ignore
  layer("off by one", ["offByOneNormalizer"], { normalizer: offByOneNormalizer }),
  layer("talking heads", [], { talkingHeads: {} }, causalMask),
  layer("dropout", [], {}, ({ key }) => ({ dropout: { rate: 0.4, key: key! } }), { key: randomKey(57) }),
  mechanismCase(
    "multiHead over a memory that stays",
    ["projectMemory", "attendMemory"],
    { params: initMultiHead(memoryConfig, rng(58)), query: floats([B, T, N], 59), keys: floats([B, 5, 6], 60) },
    ({ params, query, keys }) =>
      attendMemory(params, memoryConfig, projectMemory(params, memoryConfig, { keys }), { query }),
  ),
  decoding("rotary, grouped", { keyHeadCount: 2, positions: rotary() }, false),
  decoding("alibi, a length a row", { positions: alibi() }, true),
  mechanismCase(
    "positions that are added",
    ["sinusoidal", "addPositions", "learnedPositions", "initLearnedPositions"],
    {
      x: floats([B, T, N], 61),
      table: initLearnedPositions({ count: 6, size: N, deviation: 1 }, rng(62)),
      starts: ints([B], [0, 2]),
    },
    ({ x, table, starts }) => ({
      sinusoids: addPositions(x, sinusoidal(6, N), { starts }),
      learned: learnedPositions(table, x, { from: 1 }),
    }),
  ),
];
