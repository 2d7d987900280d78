// The two 16-bit floats, kept as raw bits in a Uint16Array, to and from float32: integer arithmetic on the bits.

const FLOAT32_INFINITY = 0x7f800000;

/**
 * float16 bits -> float32, exactly: subnormals, signed zeros and infinities keep their value, NaN its payload.
 *
 * Source: IEEE 754-2008, binary16 (1 sign, 5 exponent, 10 fraction bits; bias 15).
 */
export function float16ToFloat32(source: Uint16Array): Float32Array {
  const target = new Float32Array(source.length);
  const bits = new Uint32Array(target.buffer);
  for (let i = 0; i < source.length; i++) {
    const half = source[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = half & 0x7c00;
    if (exponent === 0x7c00) bits[i] = sign | FLOAT32_INFINITY | ((half & 0x3ff) << 13);
    else if (exponent !== 0) bits[i] = sign | (((half & 0x7fff) << 13) + 0x38000000);
    else {
      // Zero or subnormal: fraction * 2^-24.
      const magnitude = (half & 0x3ff) * 2 ** -24;
      target[i] = sign === 0 ? magnitude : -magnitude;
    }
  }
  return target;
}

/**
 * float32 -> float16 bits, rounded to nearest, ties to even. From 65520 on the result is an infinity;
 * up to 2^-25 it is a zero. NaN stays NaN (made quiet), signs stay.
 */
export function float32ToFloat16(source: Float32Array): Uint16Array {
  const target = new Uint16Array(source.length);
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fffffff;
    target[i] = sign | halfOf(magnitude);
  }
  return target;
}

/** bfloat16 bits -> float32, exactly: they are its upper half. */
export function bfloat16ToFloat32(source: Uint16Array): Float32Array {
  const target = new Float32Array(source.length);
  const bits = new Uint32Array(target.buffer);
  for (let i = 0; i < source.length; i++) bits[i] = source[i]! << 16;
  return target;
}

/** float32 -> bfloat16 bits, rounded to nearest, ties to even. NaN stays NaN (made quiet), signs stay. */
export function float32ToBfloat16(source: Float32Array): Uint16Array {
  const target = new Uint16Array(source.length);
  const bits = bitsOf(source);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i]!;
    const isNaN = (word & 0x7fffffff) > FLOAT32_INFINITY;
    // Adding just under half of the last kept bit, plus that bit, carries exactly when rounding goes up.
    target[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return target;
}

/** The float16 bits nearest to a positive float32, both without their sign. */
function halfOf(magnitude: number): number {
  if (magnitude > FLOAT32_INFINITY) return 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  if (magnitude >= 0x47800000) return 0x7c00; // 65536 and above
  if (magnitude >= 0x38800000) {
    // 2^-14 and above, a normal float16: move the bias from 127 to 15 and round off 13 bits; a carry may reach infinity.
    const rebiased = magnitude - 0x38000000;
    return (rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13;
  }
  if (magnitude <= 0x33000000) return 0; // 2^-25, half of the smallest float16, ties to the even zero
  // A subnormal float16 counts steps of 2^-24; the float32 is significand * 2^(exponent - 150).
  const shift = 126 - (magnitude >>> 23);
  const significand = (magnitude & 0x7fffff) | 0x800000;
  const steps = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && (steps & 1) === 1) ? steps + 1 : steps;
}

function bitsOf(source: Float32Array): Uint32Array {
  return new Uint32Array(source.buffer, source.byteOffset, source.length);
}
