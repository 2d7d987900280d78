// heed studio: serves the page in which a word is typed and looked at.

import { path, wholeNumber, type Command, type CommandCall } from "../command.ts";

interface StudioFlags {
  readonly port?: number;
  readonly model?: string;
  readonly page?: string;
  readonly open: boolean;
}

export const studioCommand: Command<StudioFlags> = {
  summary: "Open the studio: type a word, see which letters the model reads",
  options: [
    {
      flags: "--port <n>",
      summary: "port on 127.0.0.1; 0 takes any",
      fallback: "4747 or the next free one",
      read: wholeNumber(0, 65_535),
    },
    { flags: "--no-open", summary: "do not open a browser" },
    { flags: "--model <dir>", summary: "model folder", fallback: "the model that ships", read: path },
    { flags: "--page <dir>", summary: "folder of the built page", fallback: "the one that ships", read: path },
  ],
  example: {
    line: "heed studio --port 8080 --no-open",
    does: "Serves the studio at http://127.0.0.1:8080/ until Ctrl+C.",
  },
  run: studio,
};

async function studio({ options, console }: CommandCall<StudioFlags>): Promise<number> {
  const [
    { existsSync },
    { join },
    { fileURLToPath },
    { fileError },
    { findModel },
    { startStudioServer },
    { openUrl },
  ] = await Promise.all([
    import("node:fs"),
    import("node:path"),
    import("node:url"),
    import("../../core/errors.ts"),
    import("../pronounce-model.ts"),
    import("../studio/server.ts"),
    import("../studio/open.ts"),
  ]);
  const modelFolder = findModel(options.model);
  const pageFolder = options.page ?? fileURLToPath(new URL("../../studio", import.meta.url));
  if (!existsSync(join(pageFolder, "index.html")))
    throw fileError(pageFolder, "the built studio is required", "none", "In a clone, run: npm run build.");
  const ended = new Promise<void>((resolve) => {
    const release = console.onInterrupt(() => {
      release();
      resolve();
    });
  });
  const { port } = options;
  const server = await startStudioServer({ pageFolder, modelFolder, ...(port === undefined ? {} : { port }) });
  if (options.json) console.stdout.write(`${JSON.stringify({ url: server.url, port: server.port })}\n`);
  else console.stdout.write(`The studio is at ${server.url}\nCtrl+C ends it.\n`);
  if (options.open) openUrl(server.url, console);
  await ended;
  await server.close();
  return 0;
}
