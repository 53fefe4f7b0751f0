// SPDX-License-Identifier: Apache-2.0
/** Ten thousand damaged answers for each Modbus driver (fuzz.ts). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { bytesOf } from "#test/vectors/drivers/modbus-check";
import { DAMAGE_NAMES, damage, Seeded } from "./corrupt.ts";
import { fuzzModbus } from "./fuzz.ts";

const CASES = 10_000;

for (const [i, meter] of (["PZEM-004T", "SDM120", "SDM630", "SDM72"] as const).entries())
  test(`${meter}: ${CASES} damaged answers`, (t) => {
    const { damaged, byChance, wrong, stuck, faults } = fuzzModbus(meter, 0xc0ffee + i, CASES);
    t.diagnostic(`${byChance} with a right CRC by chance; ${JSON.stringify(faults)}`);
    assert.deepEqual([wrong.slice(0, 5), stuck.slice(0, 5)], [[], []]);
    assert.equal(damaged, CASES);
    assert.ok(byChance <= 3, `${byChance} right by chance`);
    assert.ok(faults.framing > 1000 && faults.checksum > 1000, "both kinds are met");
    assert.ok(faults.timeout > 0, "also what lost all its bytes");
  });

test("each kind of damage is met, and damages", () => {
  const random = new Seeded(1);
  const frame = bytesOf("01 04 14 08d1 006c 0000 00f4 0000 0026 0000 01f4 0064 0000 5134");
  const met = new Map<string, number>();
  for (let i = 0; i < 3000; i++) {
    const { name, bytes } = damage(frame, random);
    if (toHex(bytes) !== toHex(frame)) met.set(name, (met.get(name) ?? 0) + 1);
  }
  for (const name of DAMAGE_NAMES)
    assert.ok((met.get(name) ?? 0) > 100, `${name}: ${met.get(name)}`);
});
