import { describe, expect, test } from "vitest";
import { allocate, type DType } from "../core/dtype.ts";
import { HeedError } from "../core/errors.ts";
import { NdArray, array, zeros } from "../core/ndarray.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";

/** A file with any header (text or bytes) and `data` bytes of zeros behind it. */
function file(header: string | Uint8Array, data: number | Uint8Array = 0, length?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const tail = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + text.length + tail.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(tail, 8 + text.length);
  return bytes;
}

const entry = (offsets: string, shape = "[2]", dtype = '"U8"'): string =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;

function refusal(bytes: Uint8Array): HeedError {
  try {
    decodeSafetensors(bytes, "x.safetensors");
  } catch (error) {
    if (error instanceof HeedError && error.code === "file" && error.where === "x.safetensors") return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("encodeSafetensors", () => {
  test("writes the published layout, to the byte", () => {
    const got = encodeSafetensors({ flag: array([true]), w: array([1, -2]) }, { format: "pt" });
    const header =
      '{"__metadata__":{"format":"pt"},"flag":{"dtype":"BOOL","shape":[1],"data_offsets":[8,9]},' +
      '"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(Buffer.from(got)).toEqual(Buffer.from(file(padded, Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 1))));
  });

  test("round trip of every dtype keeps order, shape and bytes, each tensor aligned and a view", () => {
    const all: DType[] = ["bool", "float16", "uint8", "float64", "bfloat16", "int32", "int64", "float32"];
    const tensors = new Map<string, NdArray>();
    for (const dtype of all)
      for (const shape of [[], [0], [3], [3, 5]]) {
        const data = allocate(dtype, shape.reduce((a, b) => a * b, 1)); // prettier-ignore
        new Uint8Array(data.buffer).forEach((_, i, bytes) => (bytes[i] = i % (dtype === "bool" ? 2 : 251)));
        tensors.set(`${dtype}.${shape.length}.${data.length}`, new NdArray(dtype, shape, data));
      }
    const bytes = encodeSafetensors(tensors);
    const got = decodeSafetensors(bytes, "x").tensors;
    expect([...got.keys()]).toEqual([...tensors.keys()]);
    for (const [name, want] of tensors) {
      expect(`${got.get(name)}`).toBe(`${want}`);
      expect(got.get(name)!.data).toEqual(want.data);
      expect(got.get(name)!.data.buffer).toBe(bytes.buffer);
    }
  });

  test("names and texts of any kind survive, also __proto__ and those of Object", () => {
    const names = ["__proto__", "constructor", "toString", "", 'a"\\\n', "größe 💡", "1"];
    const tensors = new Map(names.map((name, i) => [name, array([i])]));
    const metadata = Object.fromEntries(names.map((name) => [name, `of ${name}`]));
    const got = decodeSafetensors(encodeSafetensors(tensors, metadata), "x");
    expect([...got.tensors.keys()]).toEqual(names);
    expect(got.tensors.get("__proto__")!.data).toEqual(Float32Array.of(0));
    expect(new Map(got.metadata)).toEqual(new Map(Object.entries(metadata)));
    expect(Object.hasOwn(Object.prototype, "dtype")).toBe(false);
  });

  test("no tensors at all", () => {
    const got = decodeSafetensors(encodeSafetensors({}), "x");
    expect([got.tensors.size, got.metadata.size]).toEqual([0, 0]);
  });

  test("refuses what could not be read again", () => {
    expect(() => encodeSafetensors({ __metadata__: zeros([1]) })).toThrow("a tensor must have another name");
    expect(() => encodeSafetensors({ "\ud800": zeros([1]) })).toThrow("must be strings of valid Unicode");
    expect(() => encodeSafetensors({}, { epoch: 3 as unknown as string })).toThrow("must be strings");
    expect(() => encodeSafetensors({ a: zeros(Array.from({ length: 65 }, () => 1)) })).toThrow("at most 64 axes");
    expect(() => encodeSafetensors({ a: new NdArray("bool", [1], Uint8Array.of(7)) })).toThrow(
      'encodeSafetensors: tensor "a" must hold bools of 0 or 1, got 7 at element 0',
    );
  });
});

describe("decodeSafetensors", () => {
  test("reads space, escapes, any order of keys and of data", () => {
    const header =
      ' {"b\\u0065":\n{ "data_offsets" : [ 2 , 4 ] ,"shape":[2],"dtype":"U8"},\t"a":' + entry("[0,2]") + "}  ";
    const got = decodeSafetensors(file(header, Uint8Array.of(1, 2, 3, 4)), "x").tensors;
    expect([...got].map(([name, { data }]) => [name, [...data]])).toEqual([["be", [3, 4]], ["a", [1, 2]]]); // prettier-ignore
  });

  test("copies what is not aligned, in the file or in a Node Buffer", () => {
    const header = `{"a":${entry("[0,1]", "[1]")},"b":${entry("[1,5]", "[1]", '"F32"')}}`;
    const bytes = file(header, Uint8Array.of(9, 0, 0, 0x80, 0x3f));
    expect(decodeSafetensors(bytes, "x").tensors.get("b")!.data).toEqual(Float32Array.of(1));
    const odd = Buffer.alloc(bytes.length + 3).subarray(3);
    odd.set(bytes);
    expect(decodeSafetensors(odd, "x").tensors.get("b")!.data).toEqual(Float32Array.of(1));
  });

  test("reads shared memory", () => {
    const bytes = encodeSafetensors({ a: array([1, 2]) });
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    expect([...decodeSafetensors(shared, "x").tensors.get("a")!.data]).toEqual([1, 2]);
  });

  test("empty tensors may share a place, also between others", () => {
    const header = `{"a":${entry("[0,2]")},"e":${entry("[2,2]", "[0]")},"f":${entry("[2,2]", "[3,0]")},"b":${entry("[2,4]")}}`;
    expect(decodeSafetensors(file(header, 4), "x").tensors.get("f")!.shape).toEqual([3, 0]);
  });

  const long = "n".repeat(1000);
  test.each([
    ["an empty file", new Uint8Array(0), "a safetensors file must be at least 8 bytes, got 0. The file is cut short"],
    ["seven bytes", new Uint8Array(7), "at least 8 bytes, got 7"],
    ["no header", file(""), "the header must be a JSON object, got the end of the header"],
    ["a header beyond the file", file("{}", 0, 3n), "the header must end within the file, got 3 of 10 bytes"],
    [
      "a header above 100 MB",
      file("{}", 0, 100_000_001n),
      "the header must be at most 100000000 bytes long, got 100000001",
    ],
    ["the largest length", file("{}", 0, 2n ** 64n - 1n), "got 18446744073709551615"],
    [
      "a header that is cut",
      file(`{"a":${entry("[0,2]")}`, 2),
      'the header must go on with "," or end with "}", got the end',
    ],
    [
      "bytes that are not UTF-8",
      file(Uint8Array.of(0x7b, 0x22, 0xc3, 0x28, 0x22)),
      "a key of the header must be UTF-8",
    ],
    ["a byte order mark", file("\ufeff{}"), "the header must be a JSON object, got byte 0xef at byte 0"],
    ["text", file("hello"), 'the header must be a JSON object, got "h" at byte 0 of the header'],
    ["an array", file("[1]"), 'the header must be a JSON object, got "["'],
    ["a number", file("7"), 'the header must be a JSON object, got "7"'],
    ["text after the header", file("{}x"), 'the header must end after its last bracket, got "x"'],
    ["a comma too many", file(`{"a":${entry("[0,2]")},}`, 2), "a key of the header must be a string"],
    ["single quotes", file("{'a':1}"), "a key of the header must be a string"],
    ["a raw newline in a name", file('{"a\n":1}'), "must not hold control characters"],
    ["a bad escape", file('{"\\x":1}'), "must hold valid escapes"],
    ["half a surrogate pair", file('{"\\ud800":1}'), "must be valid Unicode"],
    ["an open string", file('{"a\\"'), "must end in a quote"],
    ["a tensor that is a number", file('{"a":1}'), 'tensor "a" must be a JSON object, got "1"'],
    ["a tensor that is null", file('{"a":null}'), 'tensor "a" must be a JSON object'],
    ["an empty tensor entry", file('{"a":{}}'), 'tensor "a" must have dtype, shape and two data_offsets, got none'],
    ["an entry without dtype", file('{"a":{"shape":[],"data_offsets":[0,1]}}', 1), "got shape, data_offsets"],
    [
      "another key",
      file('{"a":{"__proto__":{}}}'),
      'tensor "a" must have dtype, shape and data_offsets only, got "__proto__"',
    ],
    [
      "a key twice in a tensor",
      file('{"a":{"dtype":"U8","dtype":"U8"}}'),
      'tensor "a" must not hold a key twice, got "dtype"',
    ],
    [
      "a tensor twice",
      file(`{"a":${entry("[0,2]")},"a":${entry("[0,2]")}}`, 2),
      'the header must not hold a key twice, got "a"',
    ],
    [
      "a tensor twice, once escaped",
      file(`{"a":${entry("[0,2]")},"\\u0061":${entry("[0,2]")}}`, 2),
      'a key twice, got "a"',
    ],
    ["metadata twice", file('{"__metadata__":{},"__metadata__":{}}'), 'a key twice, got "__metadata__"'],
    ["metadata with a number", file('{"__metadata__":{"k":1}}'), '__metadata__ entry "k" must be a string, got "1"'],
    ["metadata that nests", file('{"__metadata__":{"k":{}}}'), '__metadata__ entry "k" must be a string'],
    ["metadata that is a list", file('{"__metadata__":[]}'), "__metadata__ must be a JSON object"],
    ["an unknown dtype", file(`{"a":${entry("[0,2]", "[2]", '"F8_E5M2"')}}`, 2), 'tensor "a" must have a dtype among F64, I64, F32, I32, F16, BF16, U8, BOOL, got "F8_E5M2"'], // prettier-ignore
    ["an inherited dtype", file(`{"a":${entry("[0,2]", "[2]", '"constructor"')}}`, 2), 'got "constructor"'],
    [
      "a dtype that is a list",
      file(`{"a":${entry("[0,2]", "[2]", '["U8"]')}}`, 2),
      'dtype of tensor "a" must be a string',
    ],
    ["a negative offset", file(`{"a":${entry("[-2,0]")}}`, 2), 'data_offsets of tensor "a" must be whole numbers from 0 to 2^53 - 1, got "-"'], // prettier-ignore
    ["a fractional offset", file(`{"a":${entry("[0,2.0]")}}`, 2), 'data_offsets of tensor "a" must be whole numbers'],
    ["an exponent", file(`{"a":${entry("[0,2e0]")}}`, 2), 'data_offsets of tensor "a" must be whole numbers'],
    ["a leading zero", file(`{"a":${entry("[0,02]")}}`, 2), 'data_offsets of tensor "a" must be whole numbers'],
    [
      "an offset of 2^64",
      file(`{"a":${entry("[0,18446744073709551616]")}}`, 2),
      "must be whole numbers from 0 to 2^53 - 1",
    ],
    ["text as an offset", file(`{"a":${entry('["0",2]')}}`, 2), "must be whole numbers"],
    ["one offset", file(`{"a":${entry("[0]")}}`, 2), 'tensor "a" must have dtype, shape and two data_offsets'],
    ["three offsets", file(`{"a":${entry("[0,2,4]")}}`, 2), 'data_offsets of tensor "a" must be at most 2 numbers'],
    ["a comma too many in a list", file(`{"a":${entry("[0,2,]")}}`, 2), "must not end in a comma"],
    ["offsets the wrong way round", file(`{"a":${entry("[2,0]")}}`, 2), 'tensor "a" must not end before it begins, got data_offsets [2, 0]'], // prettier-ignore
    ["an end beyond the file", file(`{"a":${entry("[0,2]")}}`, 1), 'tensor "a" must end within 1 bytes of data, got data_offsets [0, 2]. The file is cut short'], // prettier-ignore
    ["a length that is not the shape's", file(`{"a":${entry("[0,3]")}}`, 3), 'tensor "a", U8 [2], must take 2 bytes, got data_offsets [0, 3]'], // prettier-ignore
    ["a length that is not the dtype's", file(`{"a":${entry("[0,2]", "[2]", '"F32"')}}`, 2), 'tensor "a", F32 [2], must take 8 bytes'], // prettier-ignore
    ["an overlap", file(`{"a":${entry("[0,2]")},"b":${entry("[1,3]")}}`, 3), 'tensor "b" must not overlap tensor "a", got byte 1 of the data'], // prettier-ignore
    [
      "the same place twice",
      file(`{"a":${entry("[0,2]")},"b":${entry("[0,2]")}}`, 2),
      'tensor "b" must not overlap tensor "a"',
    ],
    [
      "an empty tensor inside another",
      file(`{"a":${entry("[0,2]")},"b":${entry("[1,1]", "[0]")}}`, 2),
      "must not overlap",
    ],
    ["a gap at the start", file(`{"a":${entry("[1,3]")}}`, 3), 'tensor "a" must follow the header without a gap, at byte 0, got byte 1'], // prettier-ignore
    ["a gap between", file(`{"a":${entry("[0,2]")},"b":${entry("[3,5]")}}`, 5), 'tensor "b" must follow tensor "a" without a gap, at byte 2, got byte 3'], // prettier-ignore
    [
      "bytes after the last",
      file(`{"a":${entry("[0,2]")}}`, 5),
      'tensor "a" must be the end of the file, got 3 bytes more',
    ],
    ["bytes after nothing", file("{}", 5), "the header must be the end of the file, got 5 bytes more"],
    ["a negative axis", file(`{"a":${entry("[0,2]", "[-2]")}}`, 2), 'shape of tensor "a" must be whole numbers'],
    ["an absurd axis", file(`{"a":${entry("[0,2]", "[9007199254740991]")}}`, 2), "must take 9007199254740991 bytes"],
    ["a product that wraps to 0 in 64 bits", file(`{"a":${entry("[0,0]", "[4294967296,4294967296]")}}`), 'tensor "a" must have at most 2^53 - 1 elements, got shape [4294967296, 4294967296]'], // prettier-ignore
    [
      "an absurd shape that is empty",
      file(`{"a":${entry("[0,0]", "[0,4294967296,4294967296]")}}`),
      "at most 2^53 - 1 elements",
    ],
    [
      "too many axes",
      file(`{"a":${entry("[0,1]", `[${"1,".repeat(64)}1]`)}}`, 1),
      'shape of tensor "a" must be at most 64 numbers',
    ],
    ["a bool of 255", file(`{"a":${entry("[0,2]", "[2]", '"BOOL"')}}`, Uint8Array.of(1, 255)), 'tensor "a" must hold bools of 0 or 1, got 255 at element 1'], // prettier-ignore
    ["a long name, cut in the message", file(`{"${long}":1}`), `tensor "${"n".repeat(80)}…" must be a JSON object`],
    [
      "a name that would garble a terminal",
      file('{"\\u001b[2J\u009b\u202e":1}'),
      'tensor "\\u001b[2J\\u009b\\u202e" must be',
    ],
  ])("refuses %s", (_, bytes, message) => expect(refusal(bytes).message).toContain(message));

  test("refuses bombs at once", () => {
    const started = performance.now();
    for (const unit of ["[", '{"a":', " ", "9", '{"a":{"shape":[', '"'])
      for (const before of ["", '{"a":', '{"a":{"shape":', '{"a":{"shape":[', '{"__metadata__":'])
        refusal(file(before + unit.repeat(2_000_000 / unit.length)));
    const names = Array.from({ length: 100_001 }, (_, i) => `"${i}":"v"`).join(",");
    expect(refusal(file(`{"__metadata__":{${names}}}`)).message).toContain(
      "__metadata__ must hold at most 100000 keys",
    );
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
