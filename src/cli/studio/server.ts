// The studio's server: on this machine only, on the port wanted or the next free one.

import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { HeedError } from "../../core/errors.ts";
import { createStudioApp, type StudioAppOptions } from "./app.ts";

/** The port where none is given; where it is taken, the next free one of a few. */
export const usualPort = 4747;
const triedPorts = 20;

/** A running server. */
export interface StudioServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Starts the server on 127.0.0.1.
 *
 * @param options.port - the port, and no other; 0 takes any. Default: the first free one from 4747 on.
 * @throws HeedError "input" when the port cannot be had.
 */
export async function startStudioServer({
  port,
  ...folders
}: Omit<StudioAppOptions, "port"> & { readonly port?: number }): Promise<StudioServer> {
  const ports = port === undefined ? Array.from({ length: triedPorts }, (_, i) => usualPort + i) : [port];
  for (const wanted of ports) {
    const server = await listen(folders, wanted);
    if (server !== null) return server;
  }
  throw new HeedError({
    code: "input",
    where: "studio",
    expected: port === undefined ? `a free port from ${usualPort} on` : `port ${port} must be free`,
    got: "another program there",
    hint: "Give another one with --port.",
  });
}

/** Null where another program has the port. */
async function listen(folders: Omit<StudioAppOptions, "port">, wanted: number): Promise<StudioServer | null> {
  // Which port it will be is known only when the server listens.
  const answer: { by?: ReturnType<typeof createStudioApp> } = {};
  const server = createAdaptorServer({
    fetch: (request) => answer.by?.fetch(request) ?? new Response(null, { status: 503 }),
  }) as Server;
  const failure = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    server.once("error", resolve);
    server.listen(wanted, "127.0.0.1", () => resolve(null));
  });
  if (failure?.code === "EADDRINUSE") return null;
  if (failure)
    throw new HeedError({
      code: "input",
      where: "studio",
      expected: `port ${wanted} must be usable`,
      got: failure.message,
      hint: "Give another one with --port.",
      cause: failure,
    });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : wanted;
  answer.by = createStudioApp({ ...folders, port });
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
