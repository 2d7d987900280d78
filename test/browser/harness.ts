// Tests in a real browser: bundle a TypeScript module, open it in headless Chromium, call its exports.
//
//   import type * as sums from "./sums.page.ts";
//   const entry = new URL("./sums.page.ts", import.meta.url);
//   await withPage<typeof sums>({ entry }, async ({ call }) => expect(await call("sum", 1, 2)).toBe(3));

import type { Page } from "playwright-core";
import { launchBrowser } from "./launch.ts";
import { servePage, type PageFiles } from "./page-server.ts";

export { browserPath, needsBrowser } from "./launch.ts";

/** What a test sees of its page, whose module has the exports `E`. */
export interface PageUnderTest<E> {
  readonly page: Page;
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  /** Console errors, uncaught exceptions and failed requests so far. */
  readonly errors: readonly string[];
  /** Calls an exported function in the page; arguments and result travel as JSON does, typed arrays do not. */
  readonly call: <K extends FunctionNames<E>>(name: K, ...args: ArgumentsOf<E[K]>) => Promise<ResultOf<E[K]>>;
}

type FunctionNames<E> = { [K in keyof E]: E[K] extends (...args: never[]) => unknown ? K : never }[keyof E] & string;
type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? A : never;
type ResultOf<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/**
 * Opens a page, gives it to `fn` and closes everything, whatever happens.
 *
 * @returns what `fn` returns.
 * @throws when the module does not bundle, or throws while it loads.
 */
export async function withPage<E, T = void>(files: PageFiles, fn: (page: PageUnderTest<E>) => Promise<T>): Promise<T> {
  const server = await servePage(files);
  try {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const errors = collectErrors(page);
      await page.goto(server.url);
      await page.evaluate('import("/page.js").then((module) => void (globalThis.entry = module))');
      const call = (name: string, ...args: unknown[]): Promise<unknown> =>
        page.evaluate(([key, list]) => (globalThis as unknown as PageGlobals).entry[key]!(...list), [
          name,
          args,
        ] as const);
      return await fn({ page, url: server.url, errors, call: call as PageUnderTest<E>["call"] });
    } finally {
      await browser.close();
    }
  } finally {
    await server.close();
  }
}

/** Where the exports of the page's module are. */
interface PageGlobals {
  readonly entry: Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
}

/** A list that grows with everything that goes wrong in a page. */
function collectErrors(page: Page): readonly string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("requestfailed", (request) => errors.push(`${request.url()}: ${request.failure()?.errorText ?? "failed"}`));
  return errors;
}
