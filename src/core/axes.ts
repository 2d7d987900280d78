// Named shape checks: the check is also the documentation of the axes.

import { shapeError } from "./errors.ts";
import { kindOf } from "./ndarray.ts";
import { show, type TensorType } from "./tensor.ts";

type Names<P extends string> = P extends "" ? never : P extends `${infer A} ${infer R}` ? A | Names<R> : P;

/**
 * Names the axes of several tensors at once; equal names must have equal sizes.
 *
 * @param where - the function on whose behalf the check is made; opens the message.
 * @param spec - argument name -> its type and its axes, separated by spaces, for instance `[keys, "B S K"]`; `""` for a scalar.
 * @returns the size of every named axis.
 * @throws HeedError naming both tensors and axes.
 */
export function bindAxes<const S extends Readonly<Record<string, readonly [TensorType, string]>>>(
  where: string,
  spec: S,
): { readonly [A in Names<S[keyof S][1]>]: number } {
  const seen = new Map<string, { readonly size: number; readonly from: string }>();
  for (const [argument, [type, pattern]] of Object.entries(spec)) {
    const names = pattern === "" ? [] : pattern.split(" ");
    if (!Array.isArray((type as Partial<TensorType> | null | undefined)?.shape))
      throw shapeError(where, `${argument} must be a Tensor with axes (${pattern})`, kindOf(type));
    if (names.length !== type.shape.length)
      throw shapeError(where, `${argument} must have ${names.length} axes (${pattern})`, show(type));
    names.forEach((name, i) => {
      const size = type.shape[i]!;
      const first = seen.get(name);
      if (!first) seen.set(name, { size, from: `${argument} axis ${i}` });
      else if (first.size !== size) {
        const all = Object.entries(spec).map(([a, [t, p]]) => `  ${a}: ${show(t)} as (${p})`);
        throw shapeError(
          where,
          `axis ${name} is ${first.size} in ${first.from} but ${size} in ${argument} axis ${i}\n${all.join("\n")}`,
        );
      }
    });
  }
  return Object.fromEntries([...seen].map(([name, { size }]) => [name, size])) as {
    readonly [A in Names<S[keyof S][1]>]: number;
  };
}

/** An axis counted from the front: -1 is the last. @throws HeedError when there is no such axis. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw shapeError(
      where,
      rank === 0 ? "a tensor with axes is required" : `axis must be an integer from ${-rank} to ${rank - 1}`,
      String(axis),
    );
  return axis < 0 ? axis + rank : axis;
}

/** Several axes counted from the front, sorted, without repeats. */
export function normalizeAxes(
  where: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): readonly number[] {
  const list =
    axes === undefined ? Array.from({ length: rank }, (_, i) => i) : typeof axes === "number" ? [axes] : axes;
  const sorted = list.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  if (new Set(sorted).size !== sorted.length) throw shapeError(where, "axes must differ", `[${list.join(", ")}]`);
  return sorted;
}

/**
 * The shape of two or more tensors broadcast together (NumPy's rule: axes align at the end, size 1 stretches).
 *
 * @throws HeedError naming the two tensors that clash.
 */
export function broadcastShapes(where: string, types: readonly TensorType[]): readonly number[] {
  let shape: readonly number[] = [];
  for (const type of types) {
    const rank = Math.max(shape.length, type.shape.length);
    const next: number[] = [];
    for (let i = 0; i < rank; i++) {
      const a = shape[i - rank + shape.length] ?? 1;
      const b = type.shape[i - rank + type.shape.length] ?? 1;
      if (a !== b && a !== 1 && b !== 1)
        throw shapeError(
          where,
          "shapes must broadcast together (equal, or 1, aligned at the end)",
          types.map(show).join(" and "),
        );
      next.push(a === 1 ? b : a);
    }
    shape = next;
  }
  return shape;
}
