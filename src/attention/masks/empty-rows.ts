// What a query gets that may look at nothing.

/**
 * What a query gets whose keys are all blocked. Neither `zero` nor `uniform` gives NaN, in the result or in a gradient.
 *
 * * `zero`: weights and context of 0 (PyTorch's SDPA since 2.5, FlexAttention, FlashAttention, ONNX).
 * * `uniform`: weights of 1 / S over all keys, the blocked ones too (Keras, JAX, TensorFlow.js). Values of keys that are
 *   blocked for every query, as padding, count as 0 there.
 * * `throw`: it is refused. While the graph is built, naming batch, head and query, where the mask is known then: it is made
 *   of positions, constants and host arrays, and varies over at most 2^24 pairs. A graph that runs cannot throw: where the
 *   mask comes with its inputs, the query's context is NaN, in every other row nothing is changed, and `findNotFinite` names
 *   the scope `SITE.emptyRows` with batch, query and head.
 *
 * A mask only says which keys are blocked; the policy belongs to the attention that uses it.
 */
export type EmptyRows = "zero" | "uniform" | "throw";
