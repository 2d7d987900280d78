/**
 * heed: attention for TypeScript. Build it, train it, look inside.
 *
 * This is the graph language and the engine; layers, mechanisms and models have entries of their own
 * (`heed/nn`, `heed/attention`, `heed/models`, `heed/train`, `heed/draw`, `heed/files`).
 *
 * @module
 */
export * from "./core/index.ts";
export * from "./engine/index.ts";
