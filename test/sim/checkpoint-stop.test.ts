// SPDX-License-Identifier: Apache-2.0
/** Whenever a gateway is stopped, the checkpoint that it leaves is of what its log leads to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesEqual, toHex } from "#core/codec/bytes";
import { Gateway } from "#gateway/gateway";
import type { GatewayPorts } from "#gateway/ports";
import { fingerprint } from "#host-sim/chaos/town/fingerprint";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";
import { enginePacker } from "#node/process/packer";
import { openMemoryStore } from "#node/store/memory";

const packer = enginePacker();
const CHECKPOINT = "checkpoint";

function townOf(gateways: number): Town {
  const world = smallWorld(9, 6, 10, 900);
  return new Town({ seed: 9, gateways, world, crypto: keyedCrypto(), packer });
}

/** A copy of what is on the disk, with or without the checkpoint. */
function copyOf({ store }: TownGateway, checkpoint: boolean): GatewayPorts["store"] {
  const copy = openMemoryStore();
  copy.append([...store.read()]);
  const kept = store.kept(CHECKPOINT);
  if (checkpoint && kept) copy.keep(CHECKPOINT, kept);
  return copy;
}

/** What a gateway has in memory that starts on this store. */
async function started(one: TownGateway, store: GatewayPorts["store"]): Promise<string> {
  const { ports } = one.latest!.area;
  const silent = { ...ports.bus, publish: () => {}, subscribe: () => {} };
  const consortium = ports.consortium && {
    ...ports.consortium,
    link: { send: () => {}, listen: () => {} },
  };
  const outside = { ...ports, bus: silent, store, log: () => {}, time: { nowMs: () => one.nowMs } };
  const time = { nowMs: () => one.nowMs, wakeAfter: () => {} };
  const gateway = new Gateway(one.options, { ...outside, time, consortium });
  await gateway.start();
  const { area } = gateway;
  // Without a consortium the log has no word of where a node is.
  return `${fingerprint(area, area.shared)}\nreveals ${toHex(area.epochs.parts.reveals)}`;
}

async function same(one: TownGateway, when: string): Promise<void> {
  const whole = await started(one, copyOf(one, false));
  assert.equal(await started(one, copyOf(one, true)), whole, when);
}

/** Makes a write of this gateway fail, the `at`th from now on; says what became of it. */
function failAt(town: Town, one: TownGateway, at: number): { failed: boolean } {
  const state = { failed: false };
  const { store } = one;
  const append = store.append.bind(store);
  let writes = 0;
  store.append = (entries) => {
    if (++writes >= at) throw new Error("the disk is full");
    append(entries);
  };
  town.failed = (gateway) => {
    assert.equal(gateway, one);
    state.failed = true;
    store.append = append;
    gateway.gateway?.stop();
    gateway.fall(Number.POSITIVE_INFINITY);
  };
  return state;
}

for (const gateways of [1, 4])
  test(`${gateways}: a write fails in the midst of a turn`, async () => {
    for (const at of [3, 12, 25]) {
      const town = townOf(gateways);
      const [one] = town.gateways;
      await town.start();
      const state = failAt(town, one, at);
      await town.runFor(1500, () => {});
      assert.ok(state.failed, `write ${at}`);
      await same(one, `write ${at}`);
    }
  });

for (const gateways of [1, 4])
  test(`${gateways}: it is stopped while signatures of a turn are checked`, async () => {
    for (const at of [2, 9, 20, 41]) {
      const town = townOf(gateways);
      town.verifyMs = 15;
      const [one] = town.gateways;
      let checks = 0;
      const { crypto } = town;
      await town.start();
      const verifier = one.gateway!.area.ports.verifier;
      const verify = verifier.verify.bind(verifier);
      verifier.verify = (jobs) => {
        const right = verify(jobs);
        if (++checks !== at) return right;
        one.gateway?.stop();
        one.fall(Number.POSITIVE_INFINITY);
        return new Promise(() => {});
      };
      await town.runFor(3000);
      assert.ok(checks >= at && !one.up, `check ${at}`);
      verifier.verify = (jobs) =>
        jobs.map((job) => crypto.verify(job.publicKey, job.message, job.signature));
      await same(one, `check ${at}`);
    }
  });

for (const gateways of [1, 4])
  test(`${gateways}: at rest a checkpoint is left, and a start that is refused leaves it alone`, async () => {
    const town = townOf(gateways);
    const [one] = town.gateways;
    await town.start();
    await town.runFor(600);
    one.gateway!.stop();
    one.fall(Number.POSITIVE_INFINITY);
    assert.ok(one.store.kept(CHECKPOINT));
    await same(one, "at rest");
    const { ports } = one.latest!.area;
    const kept = one.store.kept(CHECKPOINT);
    const other = { ...one.options, ageMaxMs: one.options.ageMaxMs + 1, area: "elsewhere" };
    const refused = new Gateway(other, { ...ports, log: () => {} });
    await assert.rejects(refused.start());
    refused.stop();
    assert.ok(bytesEqual(one.store.kept(CHECKPOINT)!, kept!));
    await same(one, "refused");
  });
