// SPDX-License-Identifier: Apache-2.0
/** A gateway that starts from a checkpoint goes on as one that executed its whole log. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { audit } from "#gateway/audit/audit";
import type { PlainGraph } from "#gateway/checkpoint/graph";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import { StoreMismatch } from "#gateway/replay";
import { fingerprint } from "#host-sim/chaos/town/fingerprint";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";
import { enginePacker } from "#node/process/packer";

const packer = enginePacker();
const MOMENTS = [60, 110, 200, 390, 700];

function start(gateways: number, packed: boolean): Town {
  return new Town({
    seed: 9,
    gateways,
    world: smallWorld(9, 6, 10, 900),
    crypto: keyedCrypto(),
    ...(packed && { packer }),
  });
}

interface Ran {
  heads: string[];
  tradedWh: number;
  /** Entries of the checkpoints that were started from. */
  from: number[];
}

/** Heads of all gateways after a run in which the second (or only) one restarts at each of these moments. */
async function run(gateways: number, packed: boolean): Promise<Ran> {
  const town = start(gateways, packed);
  const from: number[] = [];
  const victim = town.gateways[gateways > 1 ? 1 : 0];
  await town.start();
  for (const moment of MOMENTS)
    town.agenda.at(town.world.startMs + moment, async () => {
      if (!victim.gateway) return;
      if (packed) victim.gateway.checkpoints.save();
      victim.crash(0);
    });
  town.logged = (gateway, event, facts) => {
    if (gateway === victim && event === "checkpoint") from.push(Number(facts?.entries));
  };
  await town.run(town.world.startMs + 3_600_000);
  await town.runFor(10_000);
  const heads = town.gateways.map(({ gateway }) => toHex(gateway!.area.chain.head!.id));
  assert.ok(town.gateways.every(({ gateway }) => gateway!.area.settledSlots === 10));
  for (const { store } of town.gateways) {
    const result = audit(store.read(), { crypto: town.crypto });
    assert.deepEqual(result.ok ? [] : result.faults, []);
  }
  return { heads, from, tradedWh: town.gateways[0].gateway!.area.tradedWh };
}

test("one gateway: the same trade with checkpoints as without, and a sound log", async () => {
  const whole = await run(1, false);
  const packed = await run(1, true);
  assert.deepEqual(whole.from, []);
  assert.ok(packed.from.length >= 3, `${packed.from.length} starts from a checkpoint`);
  assert.equal(packed.tradedWh, whole.tradedWh);
});

test("four gateways: all come to one chain", async () => {
  const { heads, from } = await run(4, true);
  assert.ok(from.length >= 3);
  assert.equal(new Set(heads).size, 1);
});

test("another world, other settings, another log or a damaged one: the checkpoint is left alone", async () => {
  const town = start(1, true);
  await town.start();
  await town.runFor(400);
  const [one] = town.gateways;
  one.gateway!.checkpoints.save();
  const from = async (change: (options: GatewayOptions) => GatewayOptions): Promise<boolean> => {
    const seen: string[] = [];
    const { area } = one.gateway!;
    const log = (_: string, event: string) => void seen.push(event);
    const again = new Gateway(change(area.options), { ...area.ports, log });
    await again.start().catch((error) => seen.push(error.name));
    return seen.includes("checkpoint");
  };
  assert.equal(await from((options) => options), true);
  assert.equal(await from((options) => ({ ...options, area: "elsewhere" })), false);
  assert.equal(await from((options) => ({ ...options, ageMaxMs: options.ageMaxMs + 1 })), false);
  const kept = one.store.kept("checkpoint")!;
  one.store.keep("checkpoint", packer.pack({ ...(packer.unpack(kept) as object), build: "other" }));
  assert.equal(await from((options) => options), false);
  const last = { ...(packer.unpack(kept) as object), last: new Uint8Array(32) };
  one.store.keep("checkpoint", packer.pack(last));
  assert.equal(await from((options) => options), false);
});

test("a checkpoint whose ledger is not that of its last block is put away, and the log executed", async () => {
  const town = start(1, true);
  await town.start();
  await town.runFor(400);
  const [one] = town.gateways;
  assert.ok(one.gateway!.area.chain.head);
  one.gateway!.checkpoints.save();
  const { area } = one.gateway!;
  const expected = fingerprint(area, false);
  const kept = packer.unpack(one.store.kept("checkpoint")!) as { graph: PlainGraph[number][] };
  const other = kept.graph.push({ bytes: new Uint8Array(32) }) - 1;
  for (const node of kept.graph)
    if ("fields" in node)
      for (const field of node.fields) if (field[0] === "stateRoot") field[1] = { at: other };
  one.store.keep("checkpoint", packer.pack(kept));
  const seen: string[] = [];
  const ports = { ...area.ports, log: (_: string, event: string) => void seen.push(event) };
  await assert.rejects(
    new Gateway(area.options, ports).start(),
    /put away: start the gateway again/,
  );
  const again = new Gateway(area.options, ports);
  await again.start();
  assert.ok(!seen.includes("checkpoint"));
  assert.equal(fingerprint(again.area, false), expected);
});

test("settings that changed since the first turn are refused at a start, with the cure", async () => {
  const short = { stateTurns: 16, keepTurns: 16 };
  for (const consortium of [undefined, short]) {
    const town = new Town({
      ...{ seed: 9, gateways: 4, world: smallWorld(9, 6, 10, 900), crypto: keyedCrypto() },
      ...(consortium && { consortium }),
    });
    await town.start();
    const [one] = town.gateways;
    const { area } = one.gateway!;
    const done = () => (consortium ? one.store.gap : area.chain.head) !== undefined;
    while (!done()) assert.ok(await town.step(() => {}), "nothing goes on");
    const options = { ...area.options, slotTimeoutMs: area.options.slotTimeoutMs + 1 };
    const error = await new Gateway(options, area.ports).start().catch((thrown) => thrown);
    assert.ok(error instanceof StoreMismatch, String(error));
    assert.match(error.message, /cannot change after the first turn.*Restore/);
  }
});
