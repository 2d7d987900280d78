import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { allocate, type DType } from "../core/dtype.ts";
import { HeedError } from "../core/errors.ts";
import { NdArray, array, zeros } from "../core/ndarray.ts";
import { fromNpy, toNpy } from "./npy.ts";

// Written by NumPy 2.4.6: np.lib.format.write_array(f, np.array([[1.5, -2, 0], [3, 4, np.inf]], "<f4"), version)
const elements = "0000c03f000000c00000000000004040000080400000807f";
const dict =
  "7b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028322c2033292c207d";
const version1 = `934e554d50590100${"7600"}${dict}${"20".repeat(58)}0a${elements}`;
const version2 = `934e554d50590200${"74000000"}${dict}${"20".repeat(56)}0a${elements}`;
const version3 = version2.replace("50590200", "50590300");

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const sample = array([[1.5, -2, 0], [3, 4, Infinity]]); // prettier-ignore

/** A version 1.0 file with any header text. */
function file(header: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const text = Buffer.from(header, "latin1");
  return new Uint8Array([...bytesOf("934e554d50590100"), text.length & 255, text.length >> 8, ...text, ...data]);
}

const header = (descr: string, shape: string, order = "False"): string =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

function refusal(bytes: Uint8Array): HeedError {
  try {
    fromNpy(bytes, "x.npy");
  } catch (error) {
    if (error instanceof HeedError && error.code === "file" && error.where === "x.npy") return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("toNpy", () => {
  test("writes the bytes of NumPy", () => {
    expect(Buffer.from(toNpy(sample)).toString("hex")).toBe(version1);
  });

  test("pads 192 other headers as NumPy 2.4.6 does", () => {
    const hash = createHash("sha256");
    for (let axes = 0; axes < 20; axes++) hash.update(toNpy(zeros(Array.from({ length: axes }, () => 1))));
    for (let n = 1; n < 1200; n += 7) hash.update(toNpy(zeros([n], "uint8")));
    expect(hash.digest("hex")).toBe("a217df1f3051451cdfdd24298374fba390ace2b0982c8390b164bd8243479622");
  });

  test("refuses bfloat16 with a way out", () => {
    expect(() => toNpy(zeros([2], "bfloat16"))).toThrow(
      "toNpy: array must have a dtype that NumPy knows (float32, float64, float16, int32, int64, uint8, bool), " +
        "got bfloat16[2]. Convert it with bfloat16ToFloat32 first, or write safetensors.",
    );
  });

  test("refuses more axes than can be read again", () => {
    expect(() => toNpy(zeros(Array.from({ length: 65 }, () => 1)))).toThrow("at most 64 axes");
  });
});

describe("fromNpy", () => {
  test.each([
    ["1.0", version1],
    ["2.0", version2],
    ["3.0", version3],
  ])("reads version %s", (_, hex) => {
    // prettier-ignore
    const got = fromNpy(bytesOf(hex), "x.npy");
    expect(`${got}`).toBe("float32[2, 3]");
    expect(got.data).toEqual(sample.data);
  });

  test.each(["float32", "float64", "float16", "int32", "int64", "uint8", "bool"] satisfies DType[])(
    "round trip of %s for a scalar, an empty and an odd shape",
    (dtype) => {
      for (const shape of [[], [0, 4], [3], [2, 1, 5]]) {
        const data = allocate(dtype, shape.reduce((a, b) => a * b, 1)); // prettier-ignore
        new Uint8Array(data.buffer).forEach((_, i, all) => (all[i] = i % (dtype === "bool" ? 2 : 251)));
        const got = fromNpy(toNpy(new NdArray(dtype, shape, data)), "x.npy");
        expect([got.dtype, got.shape]).toEqual([dtype, shape]);
        expect(new Uint8Array(got.data.buffer, got.data.byteOffset, got.byteLength)).toEqual(
          new Uint8Array(data.buffer),
        );
      }
    },
  );

  test("views aligned bytes and copies others, also those of a Node Buffer", () => {
    const aligned = toNpy(sample);
    expect(fromNpy(aligned, "x.npy").data.buffer).toBe(aligned.buffer);
    const shifted = Buffer.alloc(aligned.length + 1).subarray(1);
    shifted.set(aligned);
    const got = fromNpy(shifted, "x.npy").data;
    expect(got.buffer).not.toBe(shifted.buffer);
    expect(got).toEqual(sample.data);
  });

  test("transposes column-major files", () => {
    // np.asfortranarray(np.arange(24).reshape(2, 3, 4)) lays its elements so:
    const stored = [0, 12, 4, 16, 8, 20, 1, 13, 5, 17, 9, 21, 2, 14, 6, 18, 10, 22, 3, 15, 7, 19, 11, 23];
    const got = fromNpy(file(header("'|u1'", "(2, 3, 4)", "True"), Uint8Array.from(stored)), "x.npy");
    expect([...got.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
    const wide = fromNpy(file(header("'<i8'", "(2, 2)", "True"), new Uint8Array(BigInt64Array.of(1n, 2n, 3n, 4n).buffer)), "x.npy"); // prettier-ignore
    expect([...wide.data]).toEqual([1n, 3n, 2n, 4n]);
    expect(fromNpy(file(header("'<f4'", "()", "True"), new Uint8Array(4)), "x.npy").shape).toEqual([]);
    expect(fromNpy(file(header("'<f4'", "(3, 0)", "True")), "x.npy").shape).toEqual([3, 0]);
  });

  test("takes the dict in any order, either quote, without padding", () => {
    const got = fromNpy(file(`{"shape":(2,),"fortran_order":False,"descr":"<u1"}`, Uint8Array.of(5, 6)), "x.npy");
    expect([...got.data]).toEqual([5, 6]);
  });

  test.each([
    ["not .npy at all", new Uint8Array(20), "a .npy file must begin with \\x93NUMPY"],
    ["nothing", new Uint8Array(0), "a .npy file must begin with \\x93NUMPY"],
    ["only the magic", bytesOf("934e554d5059"), "the .npy version must be 1.0, 2.0 or 3.0, got none.none"],
    ["version 4", bytesOf("934e554d50590400"), "the .npy version must be 1.0, 2.0 or 3.0, got 4.0"],
    ["no length", bytesOf("934e554d505902000000"), "the .npy file must be at least 12 bytes, got 10"],
    ["a header beyond the file", bytesOf("934e554d50590200ffffffff20"), "the header must be at most 1 bytes long here, got 4294967295"], // prettier-ignore
    [
      "a header beyond the bound",
      file(" ".repeat(10_001)),
      "the header must be at most 10000 bytes long here, got 10001",
    ],
    ["big-endian", file(header("'>f4'", "(0,)")), '<b1, got ">f4". Write it little-endian: a.astype(a.dtype.newbyteorder("<"))'.slice(5)], // prettier-ignore
    [
      "ml_dtypes' bfloat16",
      file(header("'<V2'", "(0,)")),
      'got "<V2". bfloat16 has no type in .npy; write it as float32',
    ],
    ["pickled objects", file(header("'|O'", "(1,)")), 'got "|O". Convert it before saving'],
    ["an inherited name", file(header("'<constructor'", "(1,)")), 'got "<constructor"'],
    [
      "records",
      file(header("[('a', '<f4')]", "(1,)")),
      'descr, a plain type, must be a string in quotes, got "[" at byte 10',
    ],
    ["code", file(header("__import__('os')", "(1,)")), 'must be a string in quotes, got "_"'],
    ["a negative axis", file(header("'<f4'", "(-1,)")), 'shape must be whole numbers from 0 to 2^53 - 1, got "-"'],
    ["a fraction", file(header("'<f4'", "(1.5,)")), "shape must be whole numbers"],
    [
      "an overflowing axis",
      file(header("'<f4'", "(9007199254740992,)")),
      "shape must be whole numbers from 0 to 2^53 - 1",
    ],
    ["an overflowing shape", file(header("'<f4'", "(4294967296, 4294967296, 0)")), "the array must have at most 2^53 - 1 elements, got shape [4294967296, 4294967296, 0]"], // prettier-ignore
    ["too many axes", file(header("'<f4'", `(${"1,".repeat(65)})`)), "shape must be at most 64 numbers"],
    ["a key twice", file(`{'descr': '<f4', 'descr': '<f4'}`), 'once each, got "descr"'],
    ["another key", file(`{'__proto__': 1}`), 'once each, got "__proto__"'],
    ["a key missing", file(`{'descr': '<f4', 'shape': ()}`), "the header must hold descr, fortran_order and shape, got descr, shape"], // prettier-ignore
    ["an open string", file(`{'descr`), "must be a plain string, got the end of the header"],
    ["no comma", file(`{'descr': '<f4' 'shape': ()}`), "entries must be separated by commas"],
    ["more text", file(`${header("'<f4'", "(0,)")}x`), "must end after its last bracket"],
    ["a truth that is none", file(header("'<f4'", "(0,)", "1")), "fortran_order must be True or False"],
    ["too few bytes", bytesOf(version1).subarray(0, -1), "float32[2, 3] must be followed by 24 bytes of elements, got 23. The file is cut short"], // prettier-ignore
    ["too many bytes", bytesOf(`${version1}00`), "got 25. A file must hold one array."],
    [
      "a bool of 2",
      file(header("'|b1'", "(2,)"), Uint8Array.of(1, 2)),
      "the array must hold bools of 0 or 1, got 2 at element 1",
    ],
  ])("refuses %s", (_, bytes, message) => expect(refusal(bytes).message).toContain(message));
});
