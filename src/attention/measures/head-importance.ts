// Head importance: how much the loss of an example would feel a head go.

import { shapeError } from "../../core/errors.ts";
import { gradients } from "../../core/grad.ts";
import { mul } from "../../core/ops/binary.ts";
import { reshape } from "../../core/ops/movement.ts";
import { mean, sum } from "../../core/ops/reduce.ts";
import { abs } from "../../core/ops/unary.ts";
import { show, type Tensor } from "../../core/tensor.ts";
import type { SitePattern } from "../observe/pattern.ts";
import { alterSites, checkLoss } from "./altered-sites.ts";

/**
 * The function that gives the importance of the heads of some attentions, for a batch: I_h = E_x |dL(x) / d xi_h|, where
 * xi_h = 1 multiplies the weights of head h, and with them what the head gives.
 *
 * It is a graph: one forward and one backward pass for all heads of all layers. For a data set, average over batches of one
 * size. In a loop a gate is one for all steps; steps that are written out are sites of their own. To compare layers the paper divides the importances of each by their Euclidean norm, which is left to the caller.
 *
 * ```ts
 * const importance = compile(headImportance((params, batch) => lossOfEach(params, batch), "encoder.*"));
 * const heads = await importance(params, batch); // { "encoder.0.attention": float32 (H), ... }
 * ```
 *
 * @param losses - gives the loss of each example, float32 (B), with the batch of the attentions. No example may touch
 *   another's loss.
 * @param sites - names of attentions, with `*` for any text. Default `*`, all.
 * @returns a function of the same arguments: float32 (H) by the name of the site.
 * @throws HeedError when called, if there is not one loss an example, or no attention has such a name.
 * Source: Michel, Levy and Neubig 2019 (arXiv:1905.10650), the head importance score I_h of their section on pruning.
 */
export function headImportance<Args extends readonly unknown[]>(
  losses: (...args: Args) => Tensor,
  sites: SitePattern = "*",
): (...args: Args) => Readonly<Record<string, Tensor>> {
  const where = "headImportance";
  const altered = alterSites(where, losses, sites, {
    shape: ({ batchSize, headCount }) => [batchSize, headCount, 1, 1],
    value: 1,
    join: mul,
  });
  return (...args) => {
    const { result: each, joined: gates } = altered(...args);
    checkLoss(where, each, 1, "the loss of each example, float32 (B)");
    const all = [...gates];
    for (const [site, gate] of all)
      if (gate.shape[0] !== each.shape[0])
        throw shapeError(
          where,
          `there must be a loss for each of the ${gate.shape[0]} examples at ${site}`,
          show(each),
          "Average over the steps of each example, not over the batch.",
        );
    const slopes = gradients(
      sum(each),
      all.map(([, gate]) => gate),
    );
    return Object.fromEntries(
      all.map(([site, gate], i) => [site, mean(abs(reshape(slopes[i]!, gate.shape.slice(0, 2))), 0)]),
    );
  };
}
