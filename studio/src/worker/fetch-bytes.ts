// A file of the studio's server, or a sentence of why it did not come.

/** @throws Error naming the file: where the server does not answer, or answers that it has none. */
export async function fetchBytes(url: URL): Promise<Uint8Array> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new Error(`${url.pathname} could not be reached. Is \`heed studio\` still running?`, { cause });
  });
  if (!response.ok) throw new Error(`${url.pathname} could not be loaded: the server answered ${response.status}.`);
  return new Uint8Array(await response.arrayBuffer());
}
