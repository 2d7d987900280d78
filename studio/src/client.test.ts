import { afterEach, beforeEach, expect, suite, test, vi } from "vitest";
import { createClient, type WorkerLike } from "./client.ts";
import { fetchBytes } from "./worker/fetch-bytes.ts";
import type { FromWorker, ToWorker } from "./worker/messages.ts";
import type { Pronouncer } from "./worker/pronouncer.ts";
import { servePronouncer } from "./worker/serve.ts";

const request = (id: number, word: string): ToWorker => ({
  type: "pronounce",
  request: { id, word, beam: 5, nbest: 5 },
});
const load: ToWorker = {
  type: "load",
  baseUrl: "http://x/",
  device: "wasm",
  search: { beam: 5, nbest: 5 },
  words: ["ab"],
};

/** A model that records what it was asked and answers when told. */
function slowModel(): { readonly model: Pronouncer; readonly asked: string[]; finish(): void } {
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    asked,
    finish: () => waiting.shift()?.(),
    model: {
      alphabet: ["a", "b", "c"],
      describe: { name: "slow", device: "wasm" },
      pronounce: (word) => {
        asked.push(word);
        return new Promise((resolve) => waiting.push(() => resolve([])));
      },
      prepare: () => Promise.resolve(false),
    },
  };
}

suite("servePronouncer", () => {
  test("answers the newest of the words that came while it was busy", async () => {
    const { model, asked, finish } = slowModel();
    const said: FromWorker[] = [];
    const serve = servePronouncer(
      (message) => said.push(message),
      async () => model,
    );
    await serve(load);
    void serve(request(1, "a"));
    void serve(request(2, "ab"));
    void serve(request(3, "abc"));
    finish();
    await expect.poll(() => asked).toEqual(["a", "abc"]);
    finish();
    await expect.poll(() => said).toHaveLength(3);
    expect(said.map((message) => (message.type === "pronounced" ? message.id : message.type))).toEqual(["ready", 1, 3]);
  });
  test("a word that came before the model waits for it", async () => {
    const { model, asked, finish } = slowModel();
    const serve = servePronouncer(
      () => undefined,
      async () => model,
    );
    await serve(request(1, "a"));
    void serve(load);
    await expect.poll(() => asked).toEqual(["a"]);
    finish();
  });
  test("failures become sentences, and the next word is still read", async () => {
    const said: FromWorker[] = [];
    const broken = servePronouncer(
      (message) => said.push(message),
      () => Promise.reject(new Error("no file")),
    );
    await broken(load);
    expect(said).toEqual([{ type: "failed", sentence: "no file" }]);
    const { model } = slowModel();
    const refusing = servePronouncer(
      (message) => said.push(message),
      async () => ({
        ...model,
        pronounce: (word) => (word === "a" ? Promise.reject(new Error("not a")) : Promise.resolve([])),
      }),
    );
    await refusing(load);
    await refusing(request(1, "a"));
    await refusing(request(2, "b"));
    expect(said.slice(2).map(({ type }) => type)).toEqual(["refused", "pronounced"]);
  });
});

suite("a model that nobody asks", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("gets ready for one length after the other, and a word that comes meanwhile is answered next", async () => {
    const { model, asked, finish } = slowModel();
    let lengths = 3;
    const serve = servePronouncer(
      () => undefined,
      async () => ({ ...model, prepare: async () => lengths-- > 0 }),
    );
    await serve(load);
    expect(lengths).toBe(3);
    await vi.advanceTimersByTimeAsync(1000);
    expect(lengths).toBe(2);
    void serve(request(1, "a"));
    await vi.advanceTimersByTimeAsync(5000);
    expect([asked, lengths]).toEqual([["a"], 2]);
    finish();
    await vi.advanceTimersByTimeAsync(5000);
    expect([lengths, vi.getTimerCount()]).toEqual([-1, 0]);
  });
  test("says nothing of a length that it cannot get ready for, and still answers", async () => {
    const { model, asked } = slowModel();
    const said: FromWorker[] = [];
    const serve = servePronouncer(
      (message) => said.push(message),
      async () => ({ ...model, prepare: () => Promise.reject(new Error("no memory")) }),
    );
    await serve(load);
    await vi.advanceTimersByTimeAsync(5000);
    void serve(request(1, "a"));
    expect([said.map(({ type }) => type), asked]).toEqual([["ready"], ["a"]]);
  });
});

suite("fetchBytes", () => {
  afterEach(() => void vi.unstubAllGlobals());

  test("names the file, and asks after the server that does not answer", async () => {
    const url = new URL("http://127.0.0.1:4747/models/pronounce/config.json");
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(fetchBytes(url)).rejects.toThrow(
      "/models/pronounce/config.json could not be reached. Is `heed studio` still running?",
    );
    vi.stubGlobal("fetch", () => Promise.resolve(new Response("none", { status: 404 })));
    await expect(fetchBytes(url)).rejects.toThrow(
      "/models/pronounce/config.json could not be loaded: the server answered 404.",
    );
  });
});

suite("createClient", () => {
  test("drops answers to words that are no longer wanted, and starts a fresh worker to retry", () => {
    const workers: (WorkerLike & { sent: ToWorker[]; ended: boolean })[] = [];
    const heard: string[] = [];
    const start = (): WorkerLike => {
      const worker = {
        sent: [] as ToWorker[],
        ended: false,
        onmessage: null,
        onerror: null,
        postMessage: (message: ToWorker) => void worker.sent.push(message),
        terminate: () => void (worker.ended = true),
      };
      workers.push(worker);
      return worker;
    };
    const client = createClient(
      start,
      { baseUrl: "http://x/", device: "wasm" },
      {
        ready: () => heard.push("ready"),
        failed: (sentence) => heard.push(`failed ${sentence}`),
        pronounced: (word) => heard.push(word),
        refused: (sentence) => heard.push(`refused ${sentence}`),
      },
    );
    const say = (data: FromWorker): void => workers.at(-1)!.onmessage!({ data } as MessageEvent<FromWorker>);
    const answer = (id: number, word: string): void =>
      say({ type: "pronounced", id, word, pronunciations: [], milliseconds: 1 });
    client.load(["ab"]);
    client.pronounce("a");
    client.pronounce("ab");
    answer(1, "a");
    answer(2, "ab");
    client.pronounce("abc");
    client.cancel();
    answer(3, "abc");
    expect(heard).toEqual(["ab"]);
    workers[0]!.onerror!({ message: "" } as ErrorEvent);
    expect(heard.at(-1)).toBe("failed The model's worker did not start. Is `heed studio` still running?");
    client.load(["ab"]);
    expect([workers[0]!.ended, workers.length]).toEqual([true, 2]);
    expect(workers[1]!.sent[0]).toEqual(load);
  });
});
