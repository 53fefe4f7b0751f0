// SPDX-License-Identifier: Apache-2.0
/**
 * IEEE 754 binary32 (3.4) to scaled integers by shifts alone. A JavaScript number would do the multiplication
 * in doubles, whose rounding differs from case to case; here the result is exact but for one stated rounding.
 */

/**
 * `factor` times the value with these `bits` (0 to 2³²−1), rounded towards zero, so that a counter never
 * shows more than the meter counted; it is off by less than 1. Undefined for infinities and not-a-numbers.
 * Negative zero is zero.
 */
export function scaleFloat32(bits: number, factor: bigint): bigint | undefined {
  const exponent = (bits >>> 23) & 0xff;
  if (exponent === 0xff) return undefined;
  const fraction = bits & 0x7fffff;
  // value = ± significand · 2^shift; subnormals have no hidden bit, and the exponent of the smallest normals
  const significand = exponent === 0 ? fraction : fraction + 0x800000;
  const shift = Math.max(exponent, 1) - 150;
  const scaled = BigInt(significand) * factor;
  const magnitude = shift < 0 ? scaled >> BigInt(-shift) : scaled << BigInt(shift);
  return bits >>> 31 ? -magnitude : magnitude;
}
