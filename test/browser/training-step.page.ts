// The page of training-step.test.ts. The session lives in a worker.

import { configureWeb } from "../../src/engine/devices.ts";

export { trainingStep } from "./training-step.ts";

configureWeb({ filesUrl: "/ort/", worker: () => new Worker("/engine.js", { type: "module" }) });
