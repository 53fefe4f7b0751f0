// SPDX-License-Identifier: Apache-2.0
/** Floats of kWh to mWh: known bits, every exponent, and all patterns against fractions of bigints. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scaleFloat32 } from "#drivers/modbus/float32";

const MWH_PER_KWH = 1_000_000n;

/** The value of a float as a fraction, from the engine's own decoder: doubles hold each float exactly. */
function fractionOf(bits: number): [numerator: bigint, denominator: bigint] | undefined {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  let value = view.getFloat32(0);
  if (!Number.isFinite(value)) return undefined;
  let denominator = 1n;
  while (!Number.isInteger(value)) {
    value *= 2; // exact: no float is so small or large that a double ends here
    denominator *= 2n;
  }
  return [BigInt(value), denominator];
}

function agrees(bits: number, factor: bigint): void {
  const scaled = scaleFloat32(bits, factor);
  const fraction = fractionOf(bits);
  const hex = bits.toString(16);
  if (fraction === undefined) return assert.equal(scaled, undefined, hex);
  assert.ok(scaled !== undefined, hex);
  // Division of bigints rounds towards zero.
  assert.equal(scaled, (fraction[0] * factor) / fraction[1], hex);
}

test("known values", () => {
  const known: [bits: number, mwh: bigint][] = [
    [0x00000000, 0n],
    [0x80000000, 0n],
    [0x3f800000, 1_000_000n], // 1
    [0x3f000000, 500_000n], // 1/2
    [0x40490fdb, 3_141_592n], // 3.14159274…
    [0x42f6e666, 123_449_996n], // 123.45, as near as a float comes
    [0x35800000, 0n], // 2⁻²⁰ kWh are 0.95 mWh
    [0x358637bd, 0n], // just below 10⁻⁶
    [0x358637be, 1n], // just above
    [0x4b800000, 16_777_216_000_000n], // 2²⁴: from here on floats skip kWh
    [0x4b800001, 16_777_218_000_000n],
    [0xbf800000, -1_000_000n],
    [0x00000001, 0n], // the least subnormal
    [0x007fffff, 0n], // the largest
    [0x7f7fffff, ((1n << 24n) - 1n) * (1n << 104n) * 1_000_000n], // the largest float
  ];
  for (const [bits, mwh] of known)
    assert.equal(scaleFloat32(bits, MWH_PER_KWH), mwh, bits.toString(16));
  for (const bits of [0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff])
    assert.equal(scaleFloat32(bits, MWH_PER_KWH), undefined, bits.toString(16));
});

test("every exponent and sign, at its ends and around its middle", () => {
  for (let high = 0; high < 512; high++)
    for (const fraction of [0, 1, 2, 0x3fffff, 0x400000, 0x400001, 0x7ffffe, 0x7fffff])
      for (const factor of [MWH_PER_KWH, 1000n, 1n << 149n])
        agrees(high * 0x800000 + fraction, factor);
});

test("any pattern is what fractions say", () => {
  const bits = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(bits, (some) => agrees(some, MWH_PER_KWH)),
    { numRuns: 20_000 },
  );
});

test("a counter that rises never falls in mWh", () => {
  const bits = fc.integer({ min: 0, max: 0x7f7ffffe });
  fc.assert(
    fc.property(bits, fc.integer({ min: 1, max: 1 << 16 }), (some, step) => {
      const before = scaleFloat32(some, MWH_PER_KWH);
      const after = scaleFloat32(Math.min(some + step, 0x7f7fffff), MWH_PER_KWH);
      assert.ok(before !== undefined && after !== undefined && after >= before);
    }),
  );
});
