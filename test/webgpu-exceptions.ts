// What WebGPU gets wrong in the op suite and in the mechanism suite, and why it stays so. The suites fail when an entry is
// no longer needed.

/** Cases that differ from the reference on WebGPU. */
export interface WebgpuException {
  /** Of the op suite, `op: case`; of the mechanism suite, the name of the case. */
  readonly cases: readonly string[];
  readonly reason: string;
  /** Largest error all the same, as a fraction of the largest reference value; none: the values are not compared. */
  readonly tolerance?: number;
}

const shapes = ["[5]", "[2, 3, 4]", "[]", "[1, 1]"];

export const webgpuExceptions: readonly WebgpuException[] = [
  {
    cases: ["sin", "cos"].flatMap((op) => shapes.map((shape) => `${op}: ${shape}`)),
    reason:
      "WGSL promises sin and cos to 2^-11 absolute only (Floating Point Accuracy), and the software adapter uses it up",
    tolerance: 2 ** -10,
  },
  {
    cases: ["log: at 0 and below", "pow: values by hand"],
    reason: "WGSL lets an implementation assume that there is no NaN: the logarithm of a negative number is 0 here",
  },
  {
    cases: ["max: NaN, wherever it stands"],
    reason: "for the same reason a NaN may be passed over when the largest is looked for, as max says",
  },
  {
    cases: ["softmax: all -Infinity"],
    reason: "a line that is all -Infinity has no softmax: NaN elsewhere, partly 0 here. Masks are applied before",
  },
];

/** Cases of the mechanism suite. */
export const webgpuMechanismExceptions: readonly WebgpuException[] = [];
