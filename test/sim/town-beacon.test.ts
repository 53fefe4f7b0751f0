// SPDX-License-Identifier: Apache-2.0
/** Beacons with real BLS signatures: the leaders' parts are in turns and in the next epoch's beacon. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesEqual, toHex } from "#core/codec/bytes";
import { BLS_PUBLIC_KEY_BYTES } from "#core/crypto/bls";
import { beaconHolds } from "#core/pot/beacon";
import { PROOF_OF_TIME } from "#host-sim/setup";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";

const HOUR = 3_600_000;

test("parts of beacons by BLS: all gateways take them, and epochs follow from them", async () => {
  const crypto = keyedCrypto();
  const world = smallWorld(3, 4, 8, 900);
  const options = { pot: { ...PROOF_OF_TIME, epochSlots: 4 } };
  const town = new Town({ seed: 3, gateways: 4, world, crypto, bls: true, options });
  for (const { options } of town.gateways)
    for (const { beaconKey } of options.consortium!.gateways)
      assert.equal(beaconKey.length, BLS_PUBLIC_KEY_BYTES);
  await town.start();
  await town.run(world.startMs + HOUR);
  const epochs = town.gateways.map(({ gateway }) => gateway!.area.epochs.latest!.epoch);
  const [first] = epochs;
  assert.ok(first.epoch >= 2, `epoch ${first.epoch}`);
  assert.ok(first.reveals.length >= 48, "at least one leader's part is in it");
  for (const epoch of epochs) {
    assert.equal(toHex(epoch.beacon), toHex(first.beacon));
    assert.ok(beaconHolds(crypto, new Uint8Array(32), epoch));
  }
  const changed = first.reveals.slice();
  changed[changed.length - 1] ^= 1;
  assert.ok(!beaconHolds(crypto, new Uint8Array(32), { ...first, reveals: changed }));
  assert.ok(!bytesEqual(changed, first.reveals));
});
