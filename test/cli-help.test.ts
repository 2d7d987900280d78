import { describe, expect, test } from "vitest";
import { commandEntries } from "../src/cli/registry.ts";
import { heed } from "./cli-console.ts";

describe("help", () => {
  test("lists every command by its full name, with its summary, and nothing else", async () => {
    const { code, stdout, stderr } = await heed(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const listed = stdout.split("Commands:\n")[1]!.split("\n\n")[0]!.split("\n");
    expect(listed.map((line) => line.trim().replace(/ {2,}/, ": "))).toEqual(
      commandEntries.map(({ name, summary }) => `${name}: ${summary}`),
    );
    expect(stdout).toContain("HEED_PROFILE=1");
  });

  test.each(["-h", "help", "help pronounce", "help train", "help train g2p"])(
    "heed %s is the page that --help shows",
    async (line) => {
      const asked = await heed(line.split(" "));
      expect(asked).toEqual(await heed([...line.split(" ").slice(1), "--help"]));
      expect(asked.code).toBe(0);
    },
  );

  test("a group lists its commands; a command that there is not is refused", async () => {
    const group = await heed(["train", "-h"]);
    expect(group.stdout).toMatch(/Commands:\n {2}train g2p {2,}train a model/);
    expect(group.stdout).not.toMatch(/^ {2}help/m);
    const unknown = await heed(["help", "tram"]);
    expect(unknown).toMatchObject({ code: 2, stdout: "" });
    expect(unknown.stderr).toContain("unknown command 'tram'");
    expect((await heed(["help", "pronoun"])).code).toBe(2);
  });
});
