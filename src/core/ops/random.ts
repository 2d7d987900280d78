// random: numbers drawn by the engine from an explicit key, the same on every device.

import { tracesBody } from "../body.ts";
import { checkOptions, dtypeError, graphError, optionError } from "../errors.ts";
import { checkShape } from "../ndarray.ts";
import { applyOp, type OpDef } from "../op.ts";
import type { RandomKind } from "../random.ts";
import { show, type Tensor } from "../tensor.ts";

/** What the engine needs to fill one `random` node. */
export type RandomAttrs = { readonly shape: readonly number[]; readonly kind: RandomKind };

const randomOp: OpDef<readonly [Tensor], RandomAttrs> = {
  name: "random",
  source: "random",
  infer([key], { shape, kind }) {
    if (key.dtype !== "int32" || key.rank !== 1 || key.shape[0] !== 2)
      throw dtypeError("random", "the key must be int32[2]", show(key), "Make one with randomKey(seed).");
    if (key.node.op.source !== "feed")
      throw graphError(
        "random",
        "the key must be an input of the graph",
        `a computed ${show(key)}`,
        "Pass the key as an argument of the compiled function.",
      );
    return [{ dtype: kind.type === "bernoulli" ? "bool" : "float32", shape }];
  },
  vjp: () => [null],
  lower: () => {
    throw graphError("random", "random numbers are fed by the engine, never lowered");
  },
  evaluate: () => {
    throw graphError("random", "a value is required for every random node");
  },
  flops: () => 0,
};

/** The members that each kind has. */
const kinds: Readonly<Record<RandomKind["type"], readonly string[]>> = {
  uniform: ["type"],
  normal: ["type"],
  bernoulli: ["type", "probability"],
};

/**
 * Random numbers of `shape`, a pure function of the key's value and of the node's place in the graph: every use draws
 * its own stream, and the numbers are equal on every device, in a worker, and after a resume.
 *
 * @param key - int32[2], an input of the graph.
 * @param kind - `uniform` float32 in (0, 1), `normal` float32 of mean 0 and variance 1, `bernoulli` bool that is true with `probability`, rounded to 1/65536. Default uniform.
 */
export function random(key: Tensor, shape: readonly number[], kind: RandomKind = { type: "uniform" }): Tensor {
  checkShape("random", shape);
  if (tracesBody())
    throw graphError(
      "random",
      "random numbers cannot be drawn in the body of a loop, where every step would get the same",
      undefined,
      "Draw them outside with the steps as first axis, and scan over them.",
    );
  const known = kinds[kind.type] as readonly string[] | undefined;
  if (!known)
    throw optionError(
      "random",
      `the type of numbers must be among ${Object.keys(kinds).join(", ")}`,
      JSON.stringify(kind.type),
    );
  checkOptions("random", kind, known);
  if (kind.type === "bernoulli" && !(kind.probability >= 0 && kind.probability <= 1))
    throw optionError("random", "probability must lie in 0..1", String(kind.probability));
  return applyOp(randomOp, [key], { shape: [...shape], kind })[0]!;
}
