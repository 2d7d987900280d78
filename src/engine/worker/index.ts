/** The module of a worker in which models run: call `serveRuntime()` in it. @module */
export { serveRuntime } from "./host.ts";
