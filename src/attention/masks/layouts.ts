// How the libraries lay out the axes of masks.

import { inputError, shapeError } from "../../core/errors.ts";
import type { Layout } from "./stored.ts";

/** The axes as `allow` and others take them, for messages. */
export const scoresAxes = "(B, H, T, S), axes of 1 stretched, or (T, S), (S) or ()";
/** The numbers of axes that go with it. */
export const scoresRanks: readonly number[] = [0, 1, 2, 4];
/** Why three axes are not among them. */
export const threeAxes = "Three axes may be (B, T, S) or (H, T, S): reshape to (B, 1, T, S) or (1, H, T, S).";

/** The axes of scores, aligned at the end. */
export const likeScores: Layout = {
  pattern: (rank) => ["B", "H", "T", "S"].slice(4 - rank).join(" "),
  stretches: true,
  view: (shape) => [...new Array<number>(4 - shape.length).fill(1), ...shape],
};

/** (B, S), the same for every head and query. */
export const padding: Layout = {
  pattern: () => "B S",
  stretches: false,
  view: ([B, S]) => [B!, 1, 1, S!],
};

/** (B, S); (B, T, S), axes of 1 stretched; (B, H, T, S) likewise: masks that always begin with the batch. */
export const byRow: Layout = {
  pattern: (rank) => ["B S", "B T S", "B H T S"][rank - 2]!,
  stretches: true,
  view: (shape) => {
    const [B, T = 1, S] = shape.length === 2 ? [shape[0]!, 1, shape[1]!] : shape;
    return shape.length === 4 ? shape : [B!, 1, T, S!];
  },
};

/** PyTorch's `attn_mask`: (T, S), or (B * H, T, S) with the heads of a row side by side. */
export const torchAttention: Layout = {
  pattern: (rank) => (rank === 2 ? "T S" : "B*H T S"),
  stretches: false,
  view(shape, sizes) {
    if (shape.length === 2) return [1, 1, ...shape];
    const where = "fromTorchAttnMask";
    if (!sizes)
      throw inputError(
        `${where}.explain`,
        "sizes must be given for a mask with batch and heads in one axis",
        undefined,
        "Use explain(query, key, { sizes }).",
      );
    const { batchSize, headCount } = sizes;
    const [rows, T, S] = shape as readonly [number, number, number];
    if (rows !== batchSize * headCount)
      throw shapeError(
        where,
        `x axis 0 must be batch times heads, ${batchSize} * ${headCount} = ${batchSize * headCount}`,
        `[${shape.join(", ")}]`,
      );
    return [batchSize, headCount, T, S];
  },
};
