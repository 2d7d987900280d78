// Control over gradients and observation: stopGradient, customGradient, and marks that name a value.

import { graphError } from "../errors.ts";
import { kindOf } from "../ndarray.ts";
import { applyOp, type OpDef } from "../op.ts";
import { currentScope } from "../scope.ts";
import type { Tensor } from "../tensor.ts";

const stopOp: OpDef<readonly [Tensor], Record<never, never>> = {
  name: "stopGradient",
  infer: ([x]) => [x],
  vjp: () => [null],
  lower: (_onnx, names) => names,
  evaluate: (inputs) => inputs,
  flops: () => 0,
};

/** `x` itself; no gradient flows through it. */
export function stopGradient(x: Tensor): Tensor {
  return applyOp(stopOp, [x], {})[0]!;
}

/** From the gradient of the value, the inputs and the value to one gradient an input (`null`: none). */
export type GradientRule = (g: Tensor, inputs: readonly Tensor[], value: Tensor) => readonly (Tensor | null)[];

type CustomAttrs = { readonly rule: GradientRule };

const customOp: OpDef<readonly [Tensor, ...Tensor[]], CustomAttrs> = {
  name: "customGradient",
  infer: ([value]) => [value],
  vjp([g], [value, ...inputs], _outputs, { rule }) {
    if (!g) return [null, ...inputs.map(() => null)];
    const grads = rule(g, inputs, value);
    if (!Array.isArray(grads) || grads.length !== inputs.length)
      throw graphError(
        "customGradient",
        `the rule must give ${inputs.length} gradients, one an input`,
        Array.isArray(grads) ? String(grads.length) : kindOf(grads),
      );
    return [null, ...(grads as readonly (Tensor | null)[])];
  },
  lower: (_onnx, [value]) => [value],
  evaluate: ([value]) => [value],
  flops: () => 0,
};

/**
 * A value whose gradient is given rather than derived.
 *
 * @param inputs - the tensors that receive gradients.
 * @param forward - the value, from the inputs.
 * @param rule - gradients of the inputs. What `forward` did inside is not differentiated.
 */
export function customGradient(
  inputs: readonly Tensor[],
  forward: (...inputs: readonly Tensor[]) => Tensor,
  rule: GradientRule,
): Tensor {
  return applyOp(customOp, [forward(...inputs), ...inputs], { rule })[0]!;
}

type SiteAttrs = { readonly site: string; readonly kind: string };

const siteOp: OpDef<readonly [Tensor], SiteAttrs> = {
  name: "site",
  infer: ([x]) => [x],
  vjp: ([g]) => [g ?? null],
  lower: (_onnx, names) => names,
  evaluate: (inputs) => inputs,
  flops: () => 0,
};

/**
 * Gives a value a dotted name (scope and `name`), which stands in the printed graph; the value is unchanged and costs nothing.
 *
 * @param kind - what the value is, for instance `"weights"`.
 */
export function mark(x: Tensor, name: string, kind: string): Tensor {
  const prefix = currentScope();
  return applyOp(siteOp, [x], { site: prefix === "" ? name : `${prefix}.${name}`, kind })[0]!;
}
