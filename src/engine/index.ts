/** Running graphs: compile, evaluate, devices. @module */
export { compile, evaluate, type Arrays, type CompileOptions, type Compiled } from "./compile.ts";
export { configureWeb, defaultDevice, stopWorkers } from "./devices.ts";
export type { Device } from "./runtime.ts";
export type { WebSettings } from "./web.ts";
export { formatProfile, groupProfile, type ProfileGrouping, type ProfileRow } from "./profile.ts";
export { describeNotFinite, findNotFinite, type NodeInput, type NotFinite } from "./diagnose.ts";
