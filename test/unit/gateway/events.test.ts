// SPDX-License-Identifier: Apache-2.0
/** Events of meters from the node to the log, the monitor, the audit, and back at a restart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { WIRE } from "#core/errors/codes";
import { EventKind, eventRecord, type MeterEvent } from "#core/records/event";
import { upRecord } from "#core/records/receipt";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { EntryKind, packEntry, saidEntry, unpackEntry } from "#gateway/entries";
import { Gateway } from "#gateway/gateway";
import type { LogEntry } from "#gateway/ports";
import { fromUtf8 } from "#host-sim/fleet/abi";
import { LocalBus } from "#host-sim/sim/local-bus";
import { Metrics } from "#node/process/metrics";
import { crypto, LocalArea, worldOf } from "../../helpers/local-area.ts";

const NET_WH = [
  [-600, -500, -700, -600, -500, -600],
  [700, 650, 700, 720, 700, 700],
  [300, 300, 310, 300, 290, 300],
];
const HOME = 1;

/** A run in which one home's node is off from slot 2 to slot 3, while its chip counts on. */
async function offForASlot(): Promise<LocalArea> {
  const area: LocalArea = new LocalArea({ world: worldOf(NET_WH) });
  area.bus.attach(["wattle/1/a/epoch"], () => {
    const { openSlot } = area.gateway.area.world;
    const runs = area.running[HOME] !== undefined;
    if (openSlot === 2 && runs) area.stopNode(HOME);
    else if (openSlot === 4 && !runs) area.startNode(HOME);
  });
  await area.start();
  await area.run();
  return area;
}

const isEvent = ({ kind, bytes }: LogEntry) =>
  kind === EntryKind.said && unpackEntry(saidEntry, bytes).kind === UP_KINDS.indexOf("event");

/** The events in a log with their place and verdict. */
function eventsIn(entries: readonly LogEntry[]) {
  return entries.filter(isEvent).map(({ index, bytes }) => {
    const said = unpackEntry(saidEntry, bytes);
    const opened = openSigned(eventRecord, crypto, said.content);
    assert.ok(opened.ok);
    return { index, said, event: opened.value };
  });
}

const faultsOf = (entries: readonly LogEntry[]) => {
  const result = audit(entries, { crypto });
  return result.ok ? [] : result.faults;
};

test("what a chip counted while its node was off is in the log, signed, before the reading that has it", async () => {
  const area = await offForASlot();
  const entries = [...area.store.read()];
  const [{ index, said, event }, ...others] = eventsIn(entries);
  assert.deepEqual(others, []);
  assert.equal(said.code, 0);
  assert.equal(toHex(said.node), area.nodeId(HOME));
  assert.equal(event.event, EventKind.offCounted);
  // It was off in slots 2 and 3 and came back for slot 4's start.
  assert.equal(event.valueMwh, (700n + 720n) * 1000n);
  assert.equal(event.afterMwh - event.beforeMwh, event.valueMwh);
  assert.equal(event.boot, 2);
  const next = entries.slice(index).find(({ kind, bytes }) => {
    if (kind !== EntryKind.said) return false;
    const { node, kind: what } = unpackEntry(saidEntry, bytes);
    return toHex(node) === area.nodeId(HOME) && UP_KINDS[what] === "reading";
  });
  assert.ok(next, "the reading comes after it");
  assert.equal(area.gateway.area.missedSlots.length > 0, true, "it was missing meanwhile");
});

test("the audit counts events, and finds one that is changed, taken out or judged wrongly", async () => {
  const area = await offForASlot();
  const entries = [...area.store.read()];
  assert.deepEqual(faultsOf(entries), []);
  const { summary } = audit(entries, { crypto });
  assert.equal(summary.events, 1);
  assert.deepEqual(summary.eventsByKind, { "off-counted": 1 });
  const [{ index, said, event }] = eventsIn(entries);
  const withEntry = (changes: Partial<typeof said>) =>
    entries.map((entry) =>
      entry.index === index
        ? { ...entry, bytes: packEntry(saidEntry, { ...said, ...changes }) }
        : entry,
    );
  for (let at = 0; at < said.content.length; at++) {
    const content = said.content.slice();
    content[at] ^= 1;
    const [fault] = faultsOf(withEntry({ content }));
    assert.equal(fault?.index, index, `byte ${at}`);
  }
  const rest = entries.filter((entry) => entry.index !== index);
  const gone = faultsOf(rest.map((entry, i) => ({ ...entry, index: i + 1 })));
  assert.equal(gone[0].code, "SAID_NUMBER");
  const [refused] = faultsOf(withEntry({ code: WIRE.EVENT_FORM }));
  assert.equal(refused.code, "SAID_REFUSED");
  const wrong = { ...event, afterMwh: event.afterMwh + 1n };
  const { bytes } = signRecord(eventRecord, crypto, area.secretKeyOf(HOME), wrong);
  const [taken] = faultsOf(withEntry({ content: bytes }));
  assert.equal(taken.code, "SAID_TAKEN");
  assert.match(taken.detail, /EVENT_FORM/);
  const other = { ...event, said: event.said + 1 };
  const moved = signRecord(eventRecord, crypto, area.secretKeyOf(HOME), other).bytes;
  const [replayed] = faultsOf(withEntry({ content: moved }));
  assert.equal(replayed.code, "SAID_REPLAYED");
  assert.match(replayed.detail, /SAID_NUMBER/);
});

test("the monitor shows the latest events of a member, and a restarted gateway still knows them", async () => {
  const area = await offForASlot();
  const shown = new Map<string, Record<string, unknown>>();
  area.bus.attach(["wattle/1/a/monitor/#"], (topic, payload) => {
    if (payload.length > 0) shown.set(topic, JSON.parse(fromUtf8(payload)));
  });
  await area.bus.pump();
  const json = shown.get("wattle/1/a/monitor/event/home_1")!;
  assert.equal(json.events, 1);
  const [event] = json.latest as Record<string, unknown>[];
  assert.deepEqual(
    [event.event, event.register, event.valueMwh, event.boot],
    ["off-counted", "1-0:1.8.0 import", "1420000", 2],
  );
  assert.match(String(event.at), /^2023-11-14T/);
  assert.equal(shown.get("wattle/1/a/monitor/node/home_1")!.events, 1);
  assert.equal(shown.get("wattle/1/a/monitor/node/home_0")!.events, 0);
  assert.ok(!shown.has("wattle/1/a/monitor/event/home_0"));

  const again = new Gateway(area.options, { ...area.portsForReplay(), bus: new LocalBus() });
  await again.start();
  const facts = (gateway: Gateway) => {
    const { events, eventCount } = gateway.area.sessions.get(area.nodeId(HOME))!;
    return [eventCount, events];
  };
  assert.deepEqual(facts(again), facts(area.gateway));
});

test("the metrics count events by kind, and go on where the log ends at a restart", async () => {
  const area = await offForASlot();
  const again = new Gateway(area.options, { ...area.portsForReplay(), bus: new LocalBus() });
  await again.start();
  for (const gateway of [area.gateway, again]) {
    const metrics = new Metrics({
      gateway,
      store: area.store,
      pool: { counts: { workerCrashes: 0, inWorkers: 0, inline: 0 } },
      bus: { messagesIn: 0, bytesIn: 0, messagesOut: 0, bytesOut: 0 },
      broker: undefined,
    });
    const lines = (await metrics.text()).split("\n").filter((line) => /^wattle_events/.test(line));
    assert.deepEqual(lines, ['wattle_events_total{kind="off-counted"} 1']);
  }
});

test("an event below the node's last reading is refused, logged and receipted", async () => {
  const area = await offForASlot();
  const { gateway } = area;
  const session = gateway.area.sessions.get(area.nodeId(HOME))!;
  const [{ event }] = eventsIn([...area.store.read()]);
  const say = async (changes: Partial<MeterEvent>) => {
    const said = session.saidSeq + 1;
    const value = { ...event, ...changes, said };
    const { bytes } = signRecord(eventRecord, crypto, area.secretKeyOf(HOME), value);
    const before = area.store.length;
    gateway.deliver(
      gateway.area.topics.up(session.id, "event"),
      upRecord.encode({ seq: said, content: bytes }),
    );
    await gateway.process();
    assert.equal(session.saidSeq, said, "it takes its number");
    assert.equal(area.store.length, before + 1);
    const [last] = [...area.store.read(area.store.length)];
    return unpackEntry(saidEntry, last.bytes).code;
  };
  assert.equal(await say({}), WIRE.EVENT_REGISTER, "readings have come since");
  const { importMwh } = session.reading!;
  const fresh = { beforeMwh: importMwh, afterMwh: importMwh + 5n, valueMwh: 5n };
  assert.equal(await say(fresh), 0);
  assert.equal(await say({ ...fresh, valueMwh: 6n }), WIRE.EVENT_FORM);
  assert.equal(await say({ ...fresh, afterMwh: importMwh - 1n }), WIRE.EVENT_REGISTER);
});
