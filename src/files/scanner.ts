// A cursor on the text header of a file from outside. It never evaluates, recurses or looks beyond its bytes.

import { fileError, type HeedError } from "../core/errors.ts";

const QUOTE = 0x22;
const APOSTROPHE = 0x27;
const BACKSLASH = 0x5c;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Control, line separator and direction characters: they would garble a terminal. */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text from outside, quoted and cut short, safe to stand in a message. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text;
  return JSON.stringify(short).replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A parsed value from outside, safe to stand in a message: numbers and booleans as they are, anything else quoted and cut short. */
export function quoteValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  return typeof value === "number" || typeof value === "boolean" || value === undefined || value === null
    ? String(value)
    : quote(JSON.stringify(value) ?? typeof value);
}

/** Reads a header from left to right; each method skips spaces, then takes what it names or throws. */
export class Scanner {
  readonly #bytes: Uint8Array;
  readonly #where: string;
  #at = 0;

  /**
   * @param bytes - the header, and nothing but the header.
   * @param where - the file, for messages.
   */
  constructor(bytes: Uint8Array, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  /** The next character that is not space, or -1 at the end. */
  peek(): number {
    while (this.#at < this.#bytes.length && isSpace(this.#bytes[this.#at]!)) this.#at++;
    return this.#bytes[this.#at] ?? -1;
  }

  /** Takes `char` if it comes next. */
  take(char: string): boolean {
    if (this.peek() !== char.charCodeAt(0)) return false;
    this.#at++;
    return true;
  }

  /** Takes `text` if the bytes go on with it. */
  takeLiteral(text: string): boolean {
    this.peek();
    for (let i = 0; i < text.length; i++) if (this.#bytes[this.#at + i] !== text.charCodeAt(i)) return false;
    this.#at += text.length;
    return true;
  }

  /** Takes `char`. `what` is the sentence of the refusal. */
  expect(char: string, what: string): void {
    if (!this.take(char)) throw this.error(what);
  }

  /** Nothing but space may be left. */
  end(): void {
    if (this.peek() !== -1) throw this.error("the header must end after its last bracket");
  }

  /** A whole number >= 0 in plain digits, at most 2^53 - 1. */
  wholeNumber(what: string): number {
    this.peek();
    const start = this.#at;
    let value = 0;
    while (isDigit(this.#bytes[this.#at])) value = value * 10 + (this.#bytes[this.#at++]! - 0x30);
    const digits = this.#at - start;
    const next = this.#bytes[this.#at] ?? -1;
    const padded = digits > 1 && this.#bytes[start] === 0x30;
    const continues = next === 0x2e || next === 0x65 || next === 0x45; // "." or an exponent
    if (digits === 0 || padded || continues || value > Number.MAX_SAFE_INTEGER) {
      this.#at = start;
      throw this.error(`${what} must be whole numbers from 0 to 2^53 - 1`);
    }
    return value;
  }

  /** Whole numbers between two brackets, separated by commas. A comma before the closing bracket only with `trailing`. */
  wholeNumbers(what: string, brackets: "[]" | "()", limit: number): number[] {
    const [open, close] = [brackets[0]!, brackets[1]!];
    const values: number[] = [];
    this.expect(open, `${what} must be whole numbers in ${brackets}`);
    while (!this.take(close)) {
      if (values.length === limit) throw this.error(`${what} must be at most ${limit} numbers`);
      values.push(this.wholeNumber(what));
      if (this.take(close)) break;
      this.expect(",", `${what} must be separated by commas`);
      if (brackets === "[]" && this.peek() === close.charCodeAt(0)) throw this.error(`${what} must not end in a comma`);
    }
    return values;
  }

  /** A JSON string, its escapes resolved. */
  string(what: string): string {
    this.expect('"', `${what} must be a string`);
    const start = this.#at;
    let escaped = false;
    for (; this.#bytes[this.#at] !== QUOTE; this.#at++) {
      if (this.#at >= this.#bytes.length) throw this.error(`${what} must end in a quote`);
      if (this.#bytes[this.#at]! < 0x20) throw this.error(`${what} must not hold control characters`);
      if (this.#bytes[this.#at] === BACKSLASH) {
        escaped = true;
        this.#at++;
      }
    }
    const raw = this.#bytes.subarray(start, this.#at++);
    const text = this.#decode(raw, what);
    return escaped ? this.#unescape(text, what) : text;
  }

  /** A Python string of plain ASCII in either quote, without escapes. */
  pythonString(what: string): string {
    const close = this.peek();
    if (close !== QUOTE && close !== APOSTROPHE) throw this.error(`${what} must be a string in quotes`);
    let text = "";
    for (this.#at++; this.#bytes[this.#at] !== close; this.#at++) {
      const code = this.#bytes[this.#at];
      if (code === undefined || code < 0x20 || code > 0x7e || code === BACKSLASH)
        throw this.error(`${what} must be a plain string`);
      text += String.fromCharCode(code);
    }
    this.#at++;
    return text;
  }

  /** A JSON object: `member(key)` takes each value. A key that comes twice is refused. */
  object(what: string, limit: number, member: (key: string) => void): void {
    const seen = new Set<string>();
    this.expect("{", `${what} must be a JSON object`);
    if (this.take("}")) return;
    do {
      const key = this.string(`a key of ${what}`);
      if (seen.has(key)) throw this.error(`${what} must not hold a key twice`, quote(key));
      if (seen.size === limit) throw this.error(`${what} must hold at most ${limit} keys`, "more");
      seen.add(key);
      this.expect(":", `the key ${quote(key)} of ${what} must have a value`);
      member(key);
    } while (this.take(","));
    this.expect("}", `${what} must go on with "," or end with "}"`);
  }

  /** A refusal; `got` defaults to what stands at the cursor. */
  error(expected: string, got?: string): HeedError {
    return fileError(this.#where, expected, got ?? this.#found());
  }

  #found(): string {
    const code = this.#bytes[this.#at];
    if (code === undefined) return "the end of the header";
    const shown = code > 0x20 && code < 0x7f ? `"${String.fromCharCode(code)}"` : `byte 0x${code.toString(16)}`;
    return `${shown} at byte ${this.#at} of the header`;
  }

  #decode(raw: Uint8Array, what: string): string {
    try {
      return decoder.decode(raw);
    } catch {
      throw this.error(`${what} must be UTF-8`, "other bytes");
    }
  }

  #unescape(text: string, what: string): string {
    let value: unknown;
    try {
      value = JSON.parse(`"${text}"`);
    } catch {
      throw this.error(`${what} must hold valid escapes`, quote(text));
    }
    if (typeof value !== "string" || /\p{Surrogate}/u.test(value))
      throw this.error(`${what} must be valid Unicode`, quote(text));
    return value;
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= 0x30 && code <= 0x39;
}
