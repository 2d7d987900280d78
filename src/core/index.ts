/** The graph language of heed: tensors, primitives, gradients, trees, axes, errors. @module */
export { HeedError, type ErrorCode, type ErrorFacts } from "./errors.ts";
export type { DType, TypedArray } from "./dtype.ts";
export { array, NdArray, zeros, type Nested } from "./ndarray.ts";
export { show, Tensor, type Node, type TensorType } from "./tensor.ts";
export { scope } from "./scope.ts";
export {
  defineOp,
  type Each,
  type LowerContext,
  type OnnxAttribute,
  type OnnxBuilder,
  type OpDef,
  type RefArray,
  type Target,
} from "./op.ts";
export { bindAxes, broadcastShapes, normalizeAxis } from "./axes.ts";
export { fromPaths, leaves, mapTree, zipTrees, type MapTree, type Tree } from "./tree.ts";
export { grad, gradients, valueAndGrad, type GradOptions, type LossResult } from "./grad.ts";
export { printGraph } from "./print.ts";
export { verifyGraph } from "./verify.ts";
export { evaluateReference } from "./reference.ts";
export { foldIn, randomKey, rng, type RandomKind, type Rng } from "./random.ts";
export { constant, fill, input, iota } from "./ops/source.ts";
export {
  abs,
  cos,
  erf,
  exp,
  floor,
  gelu,
  log,
  neg,
  reciprocal,
  relu,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from "./ops/unary.ts";
export { add, div, maximum, minimum, mul, sub } from "./ops/binary.ts";
export { pow } from "./ops/pow.ts";
export { and, equal, less, lessEqual, not, or } from "./ops/compare.ts";
export { cast, where } from "./ops/select.ts";
export { broadcastTo, expandDims, reshape, squeeze, transpose } from "./ops/movement.ts";
export { concat, split, stack, unstack } from "./ops/concat.ts";
export { flip, pad, slice, sliceAxis, zerosLike } from "./ops/slice.ts";
export { max, mean, min, sum, type ReduceOptions } from "./ops/reduce.ts";
export { argMax, cumsum, swapAxes, topK } from "./ops/order.ts";
export { matmul } from "./ops/matmul.ts";
export { gather, scatterAdd } from "./ops/gather.ts";
export { oneHot, takeAlong } from "./ops/take-along.ts";
export { logSoftmax, logSumExp, softmax } from "./ops/softmax.ts";
export { layerNorm } from "./ops/layer-norm.ts";
export { customGradient, mark, stopGradient, type GradientRule } from "./ops/control.ts";
export { random } from "./ops/random.ts";
