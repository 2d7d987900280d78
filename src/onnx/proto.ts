// Protocol buffers, the writing half: varints, fields and length-delimited messages, without copies of large payloads.

/** A message under construction: chunks of bytes that are joined once, at the end. */
export class ProtoWriter {
  readonly #chunks: Uint8Array[] = [];
  #small: number[] = [];
  #length = 0;

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** A varint field; negative numbers take ten bytes, as int64 does. Zero is written too. */
  int(field: number, value: number): this {
    this.#tag(field, 0);
    this.#varint(value);
    return this;
  }

  /** A 32-bit float field. */
  float(field: number, value: number): this {
    this.#tag(field, 5);
    const view = new DataView(new ArrayBuffer(4));
    view.setFloat32(0, value, true);
    for (let i = 0; i < 4; i++) this.#byte(view.getUint8(i));
    return this;
  }

  /** A UTF-8 string field. */
  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  /** A bytes field; the array is kept by reference until `finish`. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(value.length);
    this.#push(value);
    return this;
  }

  /** A nested message. */
  message(field: number, value: ProtoWriter): this {
    this.#tag(field, 2);
    this.#varint(value.length);
    value.#flush();
    for (const chunk of value.#chunks) this.#push(chunk);
    return this;
  }

  /** The message as one array. */
  finish(): Uint8Array {
    this.#flush();
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.length;
    }
    return out;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    if (value < 0) {
      let rest = BigInt.asUintN(64, BigInt(value));
      while (rest > 127n) {
        this.#byte(Number(rest & 127n) | 128);
        rest >>= 7n;
      }
      this.#byte(Number(rest));
      return;
    }
    while (value > 127) {
      this.#byte((value % 128) | 128);
      value = Math.floor(value / 128);
    }
    this.#byte(value);
  }

  #byte(value: number): void {
    this.#small.push(value);
    this.#length++;
  }

  #push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (chunk.length < 64) {
      for (const byte of chunk) this.#byte(byte);
      return;
    }
    this.#flush();
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  #flush(): void {
    if (this.#small.length === 0) return;
    this.#chunks.push(Uint8Array.from(this.#small));
    this.#small = [];
  }
}
