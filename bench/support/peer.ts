// Peers: programs that measure themselves, in processes of their own. A line goes in, a line of JSON comes out.

import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

/** What a peer answers; a refusal is `{ "error": "..." }`. */
export type Answer = Readonly<Record<string, unknown>>;

/** A running peer. Its errors go to stderr. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = [];
  #ended: Error | null = null;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      // Libraries may print; an answer is a line that begins an object.
      if (line.startsWith("{")) this.#waiting.shift()?.resolve(JSON.parse(line) as Answer);
    });
    this.#child.on("error", (error) => this.#end(error));
    this.#child.on("close", (code) => this.#end(new Error(`${command} ended with code ${code}`)));
    this.#child.stdin!.on("error", () => undefined);
  }

  /** Whether its process is gone. */
  get ended(): boolean {
    return this.#ended !== null;
  }

  /** Asks one thing. Rejects when the peer refuses or ends. */
  async ask(question: string): Promise<Answer> {
    const answer = await new Promise<Answer>((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      this.#waiting.push({ resolve, reject });
      this.#child.stdin!.write(`${question}\n`);
    });
    if (typeof answer["error"] === "string") throw new Error(answer["error"]);
    return answer;
  }

  /** A number of an answer. */
  async askNumber(question: string, key: string): Promise<number> {
    const value = (await this.ask(question))[key];
    if (typeof value !== "number") throw new Error(`"${question}" must be answered with the number ${key}`);
    return value;
  }

  /** Ends the peer and waits until it is gone. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    this.#child.stdin!.end();
    await gone;
  }

  #end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** A peer, or the reason in a few words why there is none. */
export type PeerOrReason =
  | { readonly peer: Peer; readonly label: string; readonly start: () => Peer }
  | { readonly peer: null; readonly label: string };

/** Starts a peer and asks what it is; a peer that cannot start is a reason, not a failure. */
export async function startPeer(name: string, start: () => Peer): Promise<PeerOrReason> {
  const peer = start();
  try {
    const { label } = await peer.ask("label");
    return { peer, label: String(label), start };
  } catch {
    await peer.close();
    return { peer: null, label: `${name}: not installed` };
  }
}

/** What `work` gives for a peer, which is closed afterwards. */
export async function withPeer<R>(peer: Peer, work: (peer: Peer) => Promise<R>): Promise<R> {
  try {
    return await work(peer);
  } finally {
    await peer.close();
  }
}
