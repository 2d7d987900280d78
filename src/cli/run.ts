// From a command line to an exit code: 0 done, 1 failed, 2 wrong usage.

import { readFileSync } from "node:fs";
import { Command as Parser, CommanderError, InvalidArgumentError, Option } from "commander";
import { HeedError } from "../core/errors.ts";
import type { Command, CommandOption } from "./command.ts";
import { printable, widthOf, type Console } from "./console.ts";
import { commandEntries, type CommandEntry } from "./registry.ts";
import { UsageError } from "./usage.ts";

/**
 * Runs a command line.
 *
 * @param args - without the program's name.
 * @returns the exit code.
 */
export async function runCommandLine(args: readonly string[], console: Console): Promise<number> {
  const read = await readCommandLine(args, console);
  return typeof read === "number" ? read : await runCommand(read, console);
}

/** A command line that was understood. Options have the names of their long flags in camel case. */
export interface ReadCommandLine {
  readonly command: Command;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Reads a command line without running it; a number is the exit code of one that is wrong, or was answered with a page of help. */
export async function readCommandLine(given: readonly string[], console: Console): Promise<ReadCommandLine | number> {
  const args = helpAsked(given);
  let call: ParsedCall | undefined;
  const entry = entryOf(args);
  const shown = entry ?? exampleOf(args);
  const command = await shown.load();
  const parser = createParser(console, { entry, shown, command }, (parsed) => void (call = parsed));
  try {
    parser.parse(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
  return call ? { command, ...call } : 0;
}

type ParsedCall = Omit<ReadCommandLine, "command">;

async function runCommand({ command, operands, options }: ReadCommandLine, console: Console): Promise<number> {
  try {
    return await command.run({ operands, options, console });
  } catch (error) {
    if (error instanceof UsageError) {
      console.stderr.write(`heed: ${printable(error.message)}\nRun the command with --help to see its options.\n`);
      return 2;
    }
    if (options["json"] === true) console.stdout.write(`${JSON.stringify({ error: errorFacts(error) })}\n`);
    console.stderr.write(`heed: ${printable(sentenceOf(error))}\n`);
    return 1;
  }
}

/** What a JSON result says of an error. */
export function errorFacts(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof HeedError) return { code: error.code, message: error.message };
  return { code: "internal", message: error instanceof Error ? error.message : String(error) };
}

/** An error of heed is a sentence; anything else is a bug, whose place is worth printing. */
function sentenceOf(error: unknown): string {
  if (error instanceof HeedError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** `help train g2p` as `train g2p --help`; what is no command stays without it, and is refused. */
function helpAsked(args: readonly string[]): readonly string[] {
  const [first, ...asked] = args;
  if (first !== "help") return args;
  const known = commandEntries.some(({ name }) => `${name} `.startsWith([...asked, ""].join(" ")));
  return known ? [...asked, "--help"] : asked;
}

/** The entry that a command line begins with; options before it belong to the program. */
function entryOf(args: readonly string[]): CommandEntry | undefined {
  return commandEntries.find(({ name }) => name.split(" ").every((word, i) => args[i] === word));
}

/** The entry whose example stands on the page of a group, or of the program: the first. */
function exampleOf([group]: readonly string[]): CommandEntry {
  return commandEntries.find(({ name }) => name.startsWith(`${group} `)) ?? commandEntries[0]!;
}

/** What the program's page ends with. */
const epilogue = [
  "heed COMMAND --help shows the options of a command.",
  "With HEED_PROFILE=1 in its environment, a command prints at its end where the time went.",
].join("\n");

/** The command called, if the line names one, and the command that is loaded: that one, or an example. */
interface LoadedCommand {
  readonly entry: CommandEntry | undefined;
  readonly shown: CommandEntry;
  readonly command: Command;
}

function createParser(
  console: Console,
  { entry: called, shown, command }: LoadedCommand,
  act: (call: ParsedCall) => void,
): Parser {
  const program = new Parser("heed");
  const commands: Parser[] = [];
  program
    .description("Attention for TypeScript: build it, train it, look inside.")
    .version(readVersion(), "--version", "print the version")
    .helpOption("-h, --help", "show this help")
    .helpCommand(false)
    .configureHelp({
      // Groups are a matter of parsing: people see commands.
      visibleCommands: (parser) => (parser === program ? commands : [...parser.commands]),
      subcommandTerm: (parser) => fullName(parser),
    })
    .showHelpAfterError("(--help shows what there is)")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void console.stdout.write(text),
      writeErr: (text) => void console.stderr.write(printable(text)),
      outputError: (text, write) => write(text.replace(/^error: /, "heed: ")),
      getOutHelpWidth: () => widthOf(console.stdout),
      getErrHelpWidth: () => widthOf(console.stderr),
    });
  program.addHelpText("after", `${exampleText(command)}\n\n${epilogue}`);
  const groups = new Map<string, Parser>();
  for (const entry of commandEntries) {
    const [first = "", second] = entry.name.split(" ");
    let parent = program;
    if (second !== undefined) {
      parent = groups.get(first) ?? program.command(first).description(`${first} a recipe's model`).helpCommand(false);
      groups.set(first, parent);
      if (entry === shown) parent.addHelpText("after", exampleText(command));
    }
    const parser = parent.command(second ?? first).description(entry.summary);
    commands.push(parser);
    if (entry === called) configure(parser, command, act);
  }
  return program;
}

function configure(parser: Parser, command: Command, act: (call: ParsedCall) => void): void {
  parser.description(`${command.summary}.`).allowExcessArguments(false);
  for (const { name, summary } of command.operands ?? []) parser.argument(name, summary);
  for (const option of command.options) parser.addOption(optionOf(option));
  parser.option("--json", "print one JSON document instead of text");
  parser.addHelpText("after", exampleText(command));
  parser.action(() => act({ operands: parser.args, options: parser.opts() }));
}

/** A command's name with its group's. */
function fullName(parser: Parser): string {
  const group = parser.parent?.parent ? `${parser.parent.name()} ` : "";
  return `${group}${parser.name()}`;
}

function exampleText({ example }: Command): string {
  return `\nExample:\n  $ ${example.line}\n  ${example.does}`;
}

function optionOf({ flags, summary, fallback, read }: CommandOption): Option {
  const option = new Option(flags, fallback === undefined ? summary : `${summary} (default: ${fallback})`);
  if (!read) return option;
  return option.argParser((text: string) => {
    try {
      return read(text);
    } catch (error) {
      throw error instanceof UsageError ? new InvalidArgumentError(`It ${error.message}.`) : error;
    }
  });
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  return version;
}
