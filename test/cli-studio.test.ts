import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStudioApp } from "../src/cli/studio/app.ts";
import { openerOf } from "../src/cli/studio/open.ts";
import { startStudioServer, type StudioServer } from "../src/cli/studio/server.ts";
import { heed } from "./cli-console.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-studio-"));
const pageFolder = join(folder, "page");
const modelFolder = join(folder, "model");
let server: StudioServer;

beforeAll(async () => {
  mkdirSync(join(pageFolder, "assets"), { recursive: true });
  mkdirSync(modelFolder);
  writeFileSync(join(folder, "secret.json"), "secret");
  writeFileSync(join(pageFolder, "index.html"), "<title>page</title>");
  writeFileSync(join(pageFolder, ".hidden.json"), "secret");
  writeFileSync(join(pageFolder, "notes.sh"), "secret");
  symlinkSync(join(folder, "secret.json"), join(pageFolder, "link.json"));
  for (const name of ["a.js", "ort.wasm", "a.css"]) writeFileSync(join(pageFolder, "assets", name), name);
  writeFileSync(join(modelFolder, "config.json"), "{}");
  writeFileSync(join(modelFolder, "model.safetensors"), "weights");
  writeFileSync(join(modelFolder, "words.bin"), "words");
  server = await startStudioServer({ pageFolder, modelFolder, port: 0 });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request as it stands: `fetch` would tidy paths and refuse headers. */
function ask(
  path: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port: server.port, path, method, headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (text: string) => (body += text));
      answer.on("end", () => resolve({ status: answer.statusCode!, headers: answer.headers, body }));
    });
    sent.on("error", reject).end();
  });
}

describe("the studio's server", () => {
  test("serves the page isolated, with a policy", async () => {
    const { status, headers, body } = await ask("/");
    expect({ status, body }).toEqual({ status: 200, body: "<title>page</title>" });
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      "cache-control": "no-cache",
    });
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
  });

  test("serves files with their types, for as long as they are good", async () => {
    for (const [path, type] of [
      ["/assets/ort.wasm", "application/wasm"],
      ["/assets/a.js", "text/javascript; charset=utf-8"],
      ["/assets/a.css", "text/css; charset=utf-8"],
    ] as const) {
      const { status, headers } = await ask(path);
      expect({ path, status, type: headers["content-type"] }).toEqual({ path, status: 200, type });
      expect(headers["cache-control"]).toContain("immutable");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
    }
    const model = await ask("/models/pronounce/model.safetensors");
    expect(model).toMatchObject({ status: 200, body: "weights" });
    const again = await ask("/models/pronounce/model.safetensors", {
      headers: { "if-none-match": model.headers.etag! },
    });
    expect(again).toMatchObject({ status: 304, body: "" });
    expect((await ask("/models/pronounce/config.json?x=1")).body).toBe("{}");
  });

  test("shows nothing outside its folders, and no other file of the model's", async () => {
    const paths = [
      "/../secret.json",
      "/assets/../../secret.json",
      "/..%2fsecret.json",
      "/%2e%2e/secret.json",
      "/%2e%2e%2fsecret.json",
      "/..%5csecret.json",
      "/assets/%2e%2e/%2e%2e/secret.json",
      "//secret.json",
      "/link.json",
      "/.hidden.json",
      "/notes.sh",
      "/assets",
      "/assets/",
      "/index.html%00.js",
      "/models/pronounce/words.bin",
      "/models/pronounce/../../../secret.json",
      "/models/pronounce/..%2f..%2fsecret.json",
      `/${"a".repeat(5000)}.js`,
      "/%ff",
    ];
    for (const path of paths) {
      const { status, body } = await ask(path);
      expect({ path, refused: status === 404 || status === 400 }).toEqual({ path, refused: true });
      expect(body).not.toContain("secret");
    }
  });

  test("answers its own page only", async () => {
    const own = `127.0.0.1:${server.port}`;
    for (const host of [
      "evil.example",
      `evil.example:${server.port}`,
      "127.0.0.1",
      `127.0.0.1:${server.port + 1}`,
      `evil.example:80`,
    ])
      expect({ host, ...(await ask("/", { headers: { host } })) }).toMatchObject({ host, status: 403 });
    for (const origin of ["http://evil.example", "null", `https://${own}`, `http://${own}.evil.example`])
      expect({ origin, ...(await ask("/", { headers: { origin } })) }).toMatchObject({ origin, status: 403 });
    expect((await ask("/", { headers: { host: `localhost:${server.port}` } })).status).toBe(200);
    expect((await ask("/", { headers: { origin: `http://${own}` } })).status).toBe(200);
  });

  test("on port 80 answers its own page without a port, as clients write it", async () => {
    const status = async (port: number, host: string, origin?: string): Promise<number> => {
      const app = createStudioApp({ pageFolder, modelFolder, port });
      return (await app.request("/", { headers: { host, ...(origin === undefined ? {} : { origin }) } })).status;
    };
    for (const host of ["127.0.0.1", "localhost", "localhost:80"])
      expect({ host, status: await status(80, host, "http://127.0.0.1") }).toEqual({ host, status: 200 });
    expect(await status(80, "evil.example")).toBe(403);
    expect(await status(80, "localhost", "http://evil.example")).toBe(403);
    expect(await status(81, "localhost")).toBe(403);
    expect(await status(81, "localhost:81", "http://localhost")).toBe(403);
  });

  test("answers GET and HEAD only", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
      expect({ method, ...(await ask("/", { method })) }).toMatchObject({
        method,
        status: 405,
        headers: { allow: "GET, HEAD" },
      });
    expect(await ask("/", { method: "HEAD" })).toMatchObject({
      status: 200,
      body: "",
      headers: { "content-length": "19" },
    });
  });

  test("a port that is taken is refused where it was asked for", async () => {
    await expect(startStudioServer({ pageFolder, modelFolder, port: server.port })).rejects.toThrow("must be free");
  });
});

describe("heed studio", () => {
  const flags = ["studio", "--page", pageFolder, "--model", modelFolder, "--port", "0", "--json"];

  test("prints its address and ends with Ctrl+C", async () => {
    let press = (): void => undefined;
    const { code, stdout } = await heed(flags, { interrupt: (given) => (press = given), watch: () => press() });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { url: string }).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  });

  test("says what is missing", async () => {
    const page = await heed(["studio", "--page", folder, "--model", modelFolder]);
    expect(page).toMatchObject({ code: 1, stdout: "" });
    expect(page.stderr).toContain("npm run build");
    expect((await heed(["studio", "--model", join(folder, "none")])).stderr).toContain("model folder");
    expect((await heed(["studio", "--port", "70000"])).code).toBe(2);
  });

  test("opens a browser only where somebody sees it", () => {
    const url = "http://127.0.0.1:4747/";
    const stdout = { isTTY: true, write: () => true };
    expect(openerOf(url, { stdout, env: { DISPLAY: ":0" } }, "linux")).toEqual(["xdg-open", url]);
    expect(openerOf(url, { stdout, env: {} }, "linux")).toBeNull();
    expect(openerOf(url, { stdout, env: {} }, "darwin")).toEqual(["open", url]);
    expect(openerOf(url, { stdout, env: {} }, "win32")).toEqual(["cmd", "/c", "start", "", url]);
    expect(openerOf(url, { stdout, env: { CI: "true" } }, "darwin")).toBeNull();
    expect(openerOf(url, { stdout: { write: () => true }, env: { DISPLAY: ":0" } }, "linux")).toBeNull();
  });
});
