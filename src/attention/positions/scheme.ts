// What a position scheme is: how an attention layer knows where queries and keys stand.

import type { Rng } from "../../core/random.ts";
import type { Tensor } from "../../core/tensor.ts";
import type { MaskCoordinates } from "../masks/mask.ts";
import type { RowPositions } from "./rows.ts";

/** Sizes of the layer that a scheme is made for. */
export interface SchemeSizes {
  /** Of the input from which queries are made. */
  readonly querySize: number;
  readonly headCount: number;
  /** Of the queries' and keys' heads. */
  readonly headSize: number;
}

/**
 * How an attention layer knows where queries and keys stand: by turning them, by adding to their scores, or both.
 * `P` is a tree of parameters, `{}` for none.
 */
export interface PositionScheme<P> {
  readonly name: string;
  /** @throws HeedError when the scheme cannot serve these sizes; otherwise the parameters. */
  init(sizes: SchemeSizes, rng: Rng): P;
  /** Queries or keys (B, T, H, D) at their positions, as they are compared. Absent for schemes that leave them as they are. */
  turn?(params: never, x: Tensor, positions: RowPositions): Tensor;
  /**
   * What is added to the scaled scores of a block: float32, broadcastable to its (B, H, T, S). It sees slots, not
   * positions: a row that begins later has both query and key later, and their distance is the same. Absent for none.
   */
  bias?(params: never, at: MaskCoordinates): Tensor;
}
