// What a query gets that may look at nothing.

/**
 * What a query gets whose keys are all blocked. No policy gives NaN, neither in the result nor in a gradient.
 *
 * * `zero`: weights and context of 0 (PyTorch's SDPA since 2.5, FlexAttention, FlashAttention, ONNX).
 * * `uniform`: weights of 1 / S over all keys, the blocked ones too (Keras, JAX, TensorFlow.js): padding takes part.
 * * `throw`: the run fails, naming the row.
 *
 * A mask only says which keys are blocked; the policy belongs to the attention that uses it.
 */
export type EmptyRows = "zero" | "uniform" | "throw";
