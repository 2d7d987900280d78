import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtoWriter } from "./proto.ts";

/** The fields of a message by number, read with another implementation. */
function read<T>(
  bytes: Uint8Array,
  take: (reader: BinaryReader, wire: WireType) => T,
): readonly (readonly [number, T])[] {
  const reader = new BinaryReader(bytes);
  const fields: [number, T][] = [];
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    fields.push([field, take(reader, wire)]);
  }
  return fields;
}

describe("ProtoWriter", () => {
  test("integers, negative ones as int64", () => {
    const numbers = [
      0,
      1,
      127,
      128,
      300,
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
      -1,
      -(2 ** 31),
      Number.MIN_SAFE_INTEGER,
    ];
    const writer = new ProtoWriter();
    for (const n of numbers) writer.int(3, n);
    expect(read(writer.finish(), (r) => Number(r.int64()))).toEqual(numbers.map((n) => [3, n]));
  });

  test("any safe integer in any field", () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: 1, max: 2 ** 29 - 1 }), (n, field) => {
        expect(read(new ProtoWriter().int(field, n).finish(), (r) => Number(r.int64()))).toEqual([[field, n]]);
      }),
    );
  });

  test("floats", () => {
    const numbers = [0, -0, 1.5, -1e-30, Infinity, -Infinity, NaN];
    const writer = new ProtoWriter();
    for (const x of numbers) writer.float(2, x);
    expect(read(writer.finish(), (r) => r.float())).toEqual(numbers.map((x) => [2, Math.fround(x)]));
  });

  test("strings of any length and script", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), (text) => {
        expect(read(new ProtoWriter().string(1, text).finish(), (r) => r.string())).toEqual([[1, text]]);
      }),
    );
  });

  test("nested messages with payloads short and long", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (payloads) => {
        const inner = new ProtoWriter();
        for (const bytes of payloads) inner.bytes(1, bytes);
        const outer = new ProtoWriter().int(1, 7).message(2, inner).int(3, 9);
        expect(outer.length).toBe(outer.finish().length);
        const fields = read(outer.finish(), (r, wire) => (wire === WireType.Varint ? r.uint32() : r.bytes()));
        expect(fields.map(([field]) => field)).toEqual([1, 2, 3]);
        expect(read(fields[1]![1] as Uint8Array, (r) => Array.from(r.bytes()))).toEqual(
          payloads.map((b) => [1, [...b]]),
        );
      }),
    );
  });
});
