/**
 * heed: attention for TypeScript. Build it, train it, look inside.
 *
 * This is the graph language and the engine; layers, mechanisms and models have entries of their own
 * (`heed/nn`, `heed/attention`, `heed/models`, `heed/train`, `heed/draw`, `heed/files`).
 *
 * @module
 */
export { HeedError, type ErrorCode, type ErrorFacts } from "./core/errors.ts";
export type { DType, TypedArray } from "./core/dtype.ts";
export { array, NdArray, zeros, type Nested } from "./core/ndarray.ts";
export { show, Tensor, type Node, type TensorType } from "./core/tensor.ts";
export { scope } from "./core/scope.ts";
export {
  defineOp,
  type Each,
  type LowerContext,
  type OnnxAttribute,
  type OnnxBuilder,
  type OpDef,
  type RefArray,
  type Target,
} from "./core/op.ts";
export { bindAxes, broadcastShapes, normalizeAxis } from "./core/axes.ts";
export { fromPaths, leaves, mapTree, zipTrees, type MapTree, type Tree } from "./core/tree.ts";
export { grad, gradients, valueAndGrad, type GradOptions, type LossResult } from "./core/grad.ts";
export { printGraph } from "./core/print.ts";
export { verifyGraph } from "./core/verify.ts";
export { evaluateReference } from "./core/reference.ts";
export { foldIn, randomKey, rng, type RandomKind, type Rng } from "./core/random.ts";
export { constant, fill, input, iota } from "./core/ops/source.ts";
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
} from "./core/ops/unary.ts";
export { add, div, maximum, minimum, mul, sub } from "./core/ops/binary.ts";
export { pow } from "./core/ops/pow.ts";
export { and, equal, less, lessEqual, not, or } from "./core/ops/compare.ts";
export { cast, where } from "./core/ops/select.ts";
export { broadcastTo, expandDims, reshape, squeeze, transpose } from "./core/ops/movement.ts";
export { concat, split, stack, unstack } from "./core/ops/concat.ts";
export { flip, pad, slice, sliceAxis, zerosLike } from "./core/ops/slice.ts";
export { max, mean, min, sum, type ReduceOptions } from "./core/ops/reduce.ts";
export { argMax, cumsum, swapAxes, topK } from "./core/ops/order.ts";
export { matmul } from "./core/ops/matmul.ts";
export { gather, scatterAdd } from "./core/ops/gather.ts";
export { oneHot, takeAlong } from "./core/ops/take-along.ts";
export { logSoftmax, logSumExp, softmax } from "./core/ops/softmax.ts";
export { layerNorm } from "./core/ops/layer-norm.ts";
export { scan, type ScanOptions, type ScanResult, type ScanStep } from "./core/ops/scan.ts";
export { customGradient, mark, stopGradient, type GradientRule } from "./core/ops/control.ts";
export { random } from "./core/ops/random.ts";
export { compile, evaluate, type Arrays, type CompileOptions, type Compiled } from "./engine/compile.ts";
export { configureWeb, defaultDevice, stopWorkers } from "./engine/devices.ts";
export type { Device } from "./engine/runtime.ts";
export type { WebSettings } from "./engine/web.ts";
export { formatProfile, groupProfile, type ProfileGrouping, type ProfileRow } from "./engine/profile.ts";
export { describeNotFinite, findNotFinite, type NodeInput, type NotFinite } from "./engine/diagnose.ts";
