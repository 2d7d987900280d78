// Attention flow: how much each input could give to one position, if weights were the widths of pipes.

import { optionError, inputError } from "../../core/errors.ts";
import type { NdArray } from "../../core/ndarray.ts";
import { layeredWeights, type LayeredOptions, type LayeredWeights } from "./layered-weights.ts";
import { maxFlow, type FlowNetwork } from "./max-flow.ts";
import { fromIndex, isIndex } from "./weights.ts";

/**
 * Attention flow: for one position after the last layer and each input, the largest flow between the two through the graph
 * whose nodes are the positions before, between and after the layers, and whose capacities are
 * A' = residual I + (1 - residual) A, as in `rollout`.
 *
 * The inputs are taken one at a time, so the result need not sum to 1. Exact; for T positions and L layers it solves T
 * problems of L T² edges for each row of the batch, so it is for one position that is looked at, not for all pairs.
 *
 * @param layers - weights of self-attention, float32 (B, H, T, T) each, the lowest layer first. Finite and not negative.
 * @param position - the position after the last layer, from 0.
 * @param options.residual - what passes a layer by, 0 to 1. Default 0.5.
 * @param options.heads - `mean` (default), `max` or `min` over heads. Rows are divided by their sum afterwards.
 * @param options.from - the layer to start below. Default 0.
 * @returns float32 (B, T), for each input.
 * @throws HeedError when layers disagree in B or T, a weight is negative or not finite, or the position is none.
 * Source: Abnar and Zuidema 2020 (arXiv:2005.00928), section 3, "Attention flow"; `max` and `min` are not in the paper.
 */
export function attentionFlow(layers: readonly NdArray[], position: number, options: LayeredOptions = {}): NdArray {
  const where = "attentionFlow";
  const graph = layeredWeights(where, layers, options);
  const { batchSize, length } = graph;
  if (!isIndex(position, length))
    throw optionError(where, `position must be an integer from 0 to ${length - 1}`, String(position));
  layers.forEach((layer, i) => {
    const bad = (layer.data as Float32Array).find((w) => !(w >= 0 && w < Infinity));
    if (bad !== undefined)
      throw inputError(where, "weights must be finite and not negative", `${bad} in layer ${i} ${String(layer)}`);
  });
  const flows = Array.from({ length: batchSize }, (_, b) => {
    const flow = maxFlow(networkOf(graph, b));
    return Array.from({ length }, (_, input) => flow(graph.layers.length * length + position, input));
  });
  return fromIndex([batchSize, length], (i) => flows[Math.floor(i / length)]![i % length]!);
}

/** Node l T + t is position t below layer l; edges lead down, from a position to those that it looks at. */
function networkOf({ length, layers }: LayeredWeights, b: number): FlowNetwork {
  const edges = layers.flatMap((matrix, l) =>
    [...matrix.subarray(b * length * length, (b + 1) * length * length)].flatMap((capacity, i) =>
      capacity > 0
        ? [{ tail: (l + 1) * length + Math.floor(i / length), head: l * length + (i % length), capacity }]
        : [],
    ),
  );
  return {
    nodeCount: (layers.length + 1) * length,
    tails: Int32Array.from(edges, ({ tail }) => tail),
    heads: Int32Array.from(edges, ({ head }) => head),
    capacities: Float64Array.from(edges, ({ capacity }) => capacity),
  };
}
