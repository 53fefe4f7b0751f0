// SPDX-License-Identifier: Apache-2.0
/** A node and its chip in an area: what becomes a reading, what becomes an event, and what becomes neither. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openSigned } from "#core/codec/record";
import { EVENTS_BURST, SAVE_MIN_MS, SILENT_POLLS } from "#core/limits-device";
import { EventKind, eventRecord, type MeterEvent } from "#core/records/event";
import { UP_KINDS } from "#core/topics";
import type { EnergySample } from "#drivers/types";
import { audit } from "#gateway/audit/audit";
import { EntryKind, saidEntry, unpackEntry } from "#gateway/entries";
import { fromUtf8 } from "#host-sim/fleet/abi";
import { CHIP_COUNTERS } from "#host-sim/fleet/chip";
import { memoryStore } from "#host-sim/fleet/store";
import { crypto, LocalArea, type LocalAreaSetup, worldOf } from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";

const NET_WH = [
  [-600, -500, -700, -600, -500, -600],
  [700, 650, 700, 720, 700, 700],
];
const NAMES = new Map(Object.entries(EventKind).map(([name, kind]) => [kind as number, name]));

/** What the log has of a home, in order: boundaries of readings, and events. */
function logOf(area: LocalArea, home: number) {
  const id = area.nodeId(home);
  const events: MeterEvent[] = [];
  for (const { kind, bytes } of area.store.read()) {
    if (kind !== EntryKind.said) continue;
    const said = unpackEntry(saidEntry, bytes);
    if (Buffer.from(said.node).toString("hex") !== id || UP_KINDS[said.kind] !== "event") continue;
    assert.equal(said.code, 0, "the gateway took it");
    const opened = openSigned(eventRecord, crypto, said.content);
    assert.ok(opened.ok);
    events.push(opened.value);
  }
  const { registers } = auditLog(area.store).said.get(id)!;
  return { events, names: events.map(({ event }) => NAMES.get(event)!), registers };
}

/** The world's chip with a hand in it: what it shows of home 1 at each instant. */
function tampered(change: (sample: EnergySample, slot: number) => EnergySample | undefined) {
  const setup: LocalAreaSetup = { world: worldOf(NET_WH) };
  const { world } = setup;
  setup.meter = (home) =>
    home !== 1
      ? undefined
      : {
          counters: CHIP_COUNTERS,
          sample(atMs) {
            const { importMwh, exportMwh } = world.counters(home, atMs - world.startMs);
            const slot = Math.floor((atMs - world.startMs) / (world.slotSeconds * 1000));
            return change({ uptimeMs: atMs, counts: [importMwh, exportMwh] }, slot);
          },
        };
  return new LocalArea(setup);
}

async function ran(area: LocalArea): Promise<LocalArea> {
  await area.start();
  await area.run();
  assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0);
  return area;
}

test("an undisturbed meter has no events", async () => {
  const { names, registers } = logOf(await ran(tampered((sample) => sample)), 1);
  assert.deepEqual(names, []);
  assert.equal(registers.at(-1)!.importMwh, 4_170_000n);
});

test("a silent chip gives no reading but an event, and one more when it is back", async () => {
  const area = await ran(tampered((sample, slot) => (slot === 3 ? undefined : sample)));
  const { events, names, registers } = logOf(area, 1);
  assert.deepEqual(names, ["silent", "resumed"]);
  assert.equal(events[1].detail, 2 * 900_000);
  assert.deepEqual(
    registers.map(({ boundary }) => boundary),
    [0, 1, 2, 4, 5, 6],
  );
  assert.equal(registers.at(-1)!.importMwh, 4_170_000n, "nothing is lost with it");
});

test("a chip that never gives a sample: nothing of energy is said", async () => {
  const { names, registers } = logOf(await ran(tampered(() => undefined)), 1);
  assert.deepEqual(names, ["silent"], "once");
  assert.deepEqual(registers, []);
});

test("the sample of the last boundary is not good enough for the next", async () => {
  let last: EnergySample | undefined;
  const area = await ran(
    tampered((sample, slot) => {
      last = slot >= 3 ? last : sample;
      return last;
    }),
  );
  const { names, registers } = logOf(area, 1);
  assert.deepEqual(
    registers.map(({ boundary }) => boundary),
    [0, 1, 2],
  );
  assert.deepEqual(names, ["silent"]);
});

test("a jump is an event and no energy", async () => {
  const jump = 10n ** 12n;
  const area = await ran(
    tampered(({ uptimeMs, counts: [imported, exported] }, slot) => ({
      uptimeMs,
      counts: [slot >= 3 ? imported + jump : imported, exported],
    })),
  );
  const { events, names, registers } = logOf(area, 1);
  assert.deepEqual(names, ["jumpRefused"]);
  assert.equal(events[0].valueMwh, jump + 700_000n, "with what flowed beside it");
  assert.equal(registers.at(-1)!.importMwh, 4_170_000n - 700_000n);
});

test("a node that lost its store says that its registers are the gateway's", async () => {
  const area: LocalArea = tampered((sample) => sample);
  let lost = false;
  area.bus.attach(["wattle/1/a/market/clearing"], () => {
    if (lost || area.gateway.area.world.openSlot !== 3) return;
    lost = true;
    area.stopNode(1);
    area.flash[1] = memoryStore();
    area.startNode(1);
  });
  const { events, names } = logOf(await ran(area), 1);
  assert.deepEqual(names, ["restored"], "export was 0 and is 0");
  assert.deepEqual([events[0].beforeMwh, events[0].afterMwh], [0n, 2_770_000n]);
});

/** A node whose chip is polled: `chip` says what it shows at a second of its own uptime. */
function polled(chip: (second: number) => bigint | undefined) {
  const clock = { second: 0 };
  const flash = memoryStore();
  const area = new LocalArea({
    world: worldOf(NET_WH),
    flash: (home) => (home === 1 ? flash : memoryStore()),
    meter: (home) =>
      home !== 1
        ? undefined
        : {
            counters: CHIP_COUNTERS,
            sample() {
              const counts = chip(clock.second);
              if (counts === undefined) return undefined;
              return { uptimeMs: clock.second * 1000, counts: [counts, 0n] };
            },
          },
    // Only the polled one is there: no slot begins.
    options: { expectNodes: 2 },
  });
  const poll = async (seconds: number) => {
    for (let i = 0; i < seconds; i++) {
      clock.second++;
      area.running[1]!.node.onPoll();
    }
    if (area.gateway) await area.settle();
  };
  return { area, flash, clock, poll };
}

test("polls bring the registers forward and store them, and the birth tells how often flash was written", async () => {
  const { area, flash, poll } = polled((second) => BigInt(second) * 1000n); // 3.6 kW
  await area.start([1]);
  await poll(SAVE_MIN_MS / 1000);
  const { state } = area.running[1]!.node;
  assert.equal(state.registers.importMwh, 29_000n);
  assert.equal(state.registers.writes, 0);
  await poll(1);
  assert.deepEqual([state.registers.importMwh, state.registers.writes], [30_000n, 1]);
  await poll(10 * 30);
  assert.equal(state.registers.writes, 11);
  assert.ok(flash.entries.has("r0") && flash.entries.has("r1"));
  let birth = "";
  area.bus.attach([`wattle/1/a/node/${area.nodeId(1)}/state`], (_topic, payload) => {
    birth = fromUtf8(payload);
  });
  area.stopNode(1);
  area.startNode(1);
  await area.settle();
  assert.deepEqual(JSON.parse(birth), { state: "online", boot: 2, writes: 11 + 2 });
  assert.equal(area.running[1]!.node.state.registers.importMwh, 330_000n);
});

test("a driver may learn its counters from the chip, before its first sample", async () => {
  let counters: typeof CHIP_COUNTERS = [];
  let second = 0;
  const area = new LocalArea({
    world: worldOf(NET_WH),
    meter: () => ({
      get counters() {
        return counters;
      },
      sample: () =>
        counters.length === 0
          ? undefined
          : { uptimeMs: second * 1000, counts: [BigInt(second) * 7n, 0n] },
    }),
  });
  await area.start([1]);
  const { node } = area.running[1]!;
  for (; second < 5; second++) node.onPoll();
  counters = CHIP_COUNTERS;
  for (; second < 9; second++) node.onPoll();
  assert.equal(node.state.registers.importMwh, 21n);
});

test("a chip that is silent for a minute of polls is an event, and its return another", async () => {
  const silentTo = 10 + SILENT_POLLS;
  const { area, poll } = polled((second) => (second > 10 && second <= silentTo ? undefined : 5n));
  await area.start([1]);
  await poll(silentTo - 1);
  assert.deepEqual(logNames(area), []);
  await poll(1);
  assert.deepEqual(logNames(area), ["silent"]);
  await poll(5);
  assert.deepEqual(logNames(area), ["silent", "resumed 61000"]);
});

/** Events of the only node there is, as the log has them. */
function logNames(area: LocalArea): string[] {
  return [...area.store.read()]
    .filter(
      ({ kind, bytes }) =>
        kind === EntryKind.said && UP_KINDS[unpackEntry(saidEntry, bytes).kind] === "event",
    )
    .map(({ bytes }) => {
      const opened = openSigned(eventRecord, crypto, unpackEntry(saidEntry, bytes).content);
      assert.ok(opened.ok);
      const { event, detail, suppressed } = opened.value;
      const more = suppressed > 0 ? ` +${suppressed}` : "";
      return `${NAMES.get(event)}${detail > 0 ? ` ${detail}` : ""}${more}`;
    });
}

test("a chip that flaps says a burst, then one event for each reading that counts the rest", async () => {
  // Up and down for good: two samples of each, so that each fall is believed.
  const { area, poll } = polled((second) => (second % 4 < 2 ? 10n : 0n));
  await area.start([1]);
  await poll(3600);
  assert.equal(logNames(area).length, EVENTS_BURST);
  const { node } = area.running[1]!;
  assert.equal(node.state.saidSeq, EVENTS_BURST, "the outbox saw no more");
  assert.ok(node.metering.read(0, 0));
  await poll(4);
  assert.match(logNames(area).at(-1)!, /^counterBack \+\d{3}$/);
  assert.equal(node.state.saidSeq, EVENTS_BURST + 2);
});

test("lost reads are one event while they wait, and the clock's steps are events of their own", async () => {
  const { area, poll } = polled(() => 0n);
  area.startNode(1);
  const { node } = area.running[1]!;
  node.onFault("lost");
  node.onFault("checksum");
  node.onFault("lost");
  node.onStep(0, 1_700_000_000_000);
  node.onStep(1_700_000_000_000, 1_700_000_004_000);
  node.onStep(1_700_000_004_000, 1_700_000_003_000);
  await poll(1);
  assert.equal(node.state.registers.waiting.length, 3, "no gateway yet: they wait");
  await area.startGateway();
  await area.run(() => node.speaker.open, 10);
  await poll(1);
  assert.deepEqual(logNames(area), ["lostRead 2", "clockForward 4000", "clockBack 1000"]);
  assert.deepEqual(node.state.registers.waiting, []);
});

test("events that wait for the gateway outlive a power cut, with the start they are of", async () => {
  const { area, poll } = polled((second) => BigInt(second) * 10_000n);
  area.startNode(1);
  await poll(1);
  area.running[1]!.node.onFault("lost");
  await poll(SAVE_MIN_MS / 1000 + 1);
  area.stopNode(1);
  area.startNode(1);
  await area.startGateway();
  await area.run(() => area.running[1]!.node.speaker.open, 10);
  await area.settle();
  assert.deepEqual(logNames(area), ["lostRead 1"]);
  const said = [...area.store.read()].find(({ kind }) => kind === EntryKind.said)!;
  const opened = openSigned(eventRecord, crypto, unpackEntry(saidEntry, said.bytes).content);
  assert.ok(opened.ok);
  assert.equal(opened.value.boot, 1);
  area.stopNode(1);
  area.startNode(1);
  await area.settle();
  assert.deepEqual(logNames(area), ["lostRead 1"], "and is said once");
});

test("registers that outlived the rest of the store are not taken back", async () => {
  const { area, flash, poll } = polled((second) => BigInt(second) * 1000n);
  await area.start([1]);
  area.running[1]!.node.onFault("lost"); // so that the gateway has a number of it
  await area.settle();
  await poll(100);
  area.stopNode(1);
  for (const key of flash.keys("")) if (!key.startsWith("r")) flash.delete(key);
  area.startNode(1);
  const { node } = area.running[1]!;
  const { importMwh } = node.state.registers;
  assert.ok(importMwh >= 60_000n);
  await area.settle();
  assert.ok(area.logs.some(({ event }) => event === "state-lost"));
  await poll(1);
  assert.equal(
    node.state.registers.importMwh,
    100_000n,
    "what the chip counted since is there, too",
  );
  assert.deepEqual(logNames(area), ["lostRead 1", "offCounted"]);
});
