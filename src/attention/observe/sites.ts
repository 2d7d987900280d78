// sites: which attentions a function has, and what each costs.

import { inputError } from "../../core/errors.ts";
import { kindOf, NdArray } from "../../core/ndarray.ts";
import { input } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { mapTree } from "../../core/tree.ts";
import { watched } from "../../core/watch.ts";
import { attentionKind, type AttentionSite } from "./site.ts";

/** One attention of a function. */
export interface SiteFacts {
  readonly site: string;
  /** B, H, T, S of its weights. */
  readonly shape: readonly [batch: number, heads: number, queries: number, keys: number];
  /** Floating-point operations of the attention itself, without projections; of one step, where it stands in a loop. */
  readonly flops: number;
  /** Bytes of all its scores in float32, whether or not they are ever held at once. */
  readonly scoreBytes: number;
}

/**
 * The attentions of a function for arguments of some shapes, in the order in which they come. Nothing is computed.
 *
 * @param args - as for the compiled function: trees of arrays and numbers, or of tensors.
 */
export function sites<Args extends readonly unknown[]>(
  fn: (...args: never[]) => unknown,
  ...args: Args
): readonly SiteFacts[] {
  if (typeof fn !== "function") throw inputError("sites", "a function is required", kindOf(fn));
  const found: SiteFacts[] = [];
  const traced = args.map((arg) =>
    mapTree<unknown, unknown, unknown>(arg, (leaf) => {
      if (typeof leaf === "number") return input([]);
      return leaf instanceof NdArray ? input(leaf.shape, leaf.dtype) : leaf;
    }),
  );
  watched(
    {
      take({ site, kind, facts }) {
        if (kind !== attentionKind) return null;
        const { sizes, flops, scoreBytes } = facts as AttentionSite;
        const shape = [sizes.batchSize, sizes.headCount, sizes.queryLength, sizes.keyLength] as const;
        found.push({ site, shape, flops, scoreBytes });
        return null;
      },
    },
    () => fn(...(traced as never[])) as Tensor,
  );
  return found;
}
