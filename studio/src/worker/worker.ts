// The worker's entry: connects the protocol to the model.

import type { FromWorker, ToWorker } from "./messages.ts";
import { loadPronouncer } from "./pronouncer.ts";
import { servePronouncer } from "./serve.ts";

const serve = servePronouncer((message: FromWorker) => postMessage(message), loadPronouncer);

addEventListener("message", (event: MessageEvent<ToWorker>) => void serve(event.data));
