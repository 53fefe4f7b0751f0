// SPDX-License-Identifier: Apache-2.0
/** What a gateway takes of a member that comes from another one, and what it does not; and that the audit sees it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Code } from "#core/errors/codes";
import { type Arrival, arrivalRecord } from "#core/records/arrival";
import { readingRecord } from "#core/records/reading";
import { FIRST_DIGEST, nextDigest, upRecord } from "#core/records/receipt";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import { EntryKind, packEntry, saidEntry } from "#gateway/entries";
import type { LogEntry } from "#gateway/ports";
import { crypto, LocalArea, named, worldOf } from "../../helpers/local-area.ts";

const NET_WH = [-600, 700, 300].map((wh) => Array.from({ length: 8 }, () => wh));
const HOME = 1;

/** An area whose home 1 went off in slot 4; what it says after that is made by hand. */
async function traded() {
  const area: LocalArea = new LocalArea({ world: worldOf(NET_WH) });
  area.bus.attach(["wattle/1/a/epoch"], () => {
    if (area.gateway.area.world.openSlot === 4) area.stopNode(HOME);
  });
  await area.start();
  await area.run();
  const { gateway, store } = area;
  const session = gateway.area.sessions.get(area.nodeId(HOME))!;
  const fields = (change: Partial<Arrival>): Arrival => ({
    net: "test",
    node: session.idBytes,
    gateway: gateway.area.idBytes,
    from: named("elsewhere", 8),
    txSeq: session.txSeq + 7,
    txid: named("its last one there"),
    dropped: 2,
    said: session.saidSeq + 40,
    ...change,
  });
  const signed = (change: Partial<Arrival>) =>
    signRecord(arrivalRecord, crypto, area.secretKeyOf(HOME), fields(change)).bytes;
  /** Delivers `content` as number `seq`: the code of what was not accepted, and whether it is in the log. */
  const deliver = async (
    kind: "arrival" | "order" | "reading",
    seq: number,
    content: Uint8Array,
  ) => {
    const { byCode } = gateway.area.counters;
    const before = new Map(byCode);
    const entries = store.length;
    gateway.deliver(gateway.area.topics.up(session.id, kind), upRecord.encode({ seq, content }));
    await gateway.process();
    const code = [...byCode].find(([name, count]) => count > (before.get(name) ?? 0))?.[0];
    const logged = [...store.read(entries + 1)].some((entry) => entry.kind === EntryKind.said);
    return { code, logged };
  };
  return { area, session, signed, deliver };
}

test("an arrival may begin at any number above; the chain goes on from its head", async () => {
  const { area, session, signed, deliver } = await traded();
  const { saidSeq, txSeq, reading } = session;
  const content = signed({});
  assert.deepEqual(await deliver("arrival", saidSeq + 40, content), {
    code: undefined,
    logged: true,
  });
  assert.equal(session.saidSeq, saidSeq + 40);
  assert.equal(session.txSeq, txSeq + 7);
  assert.deepEqual(session.txid, named("its last one there"));
  assert.deepEqual(session.digest, nextDigest(crypto, FIRST_DIGEST, content));
  assert.deepEqual([session.reading, session.arrived], [reading, true]);
  assert.equal((await deliver("arrival", saidSeq + 40, content)).code, "DUPLICATE");
  // What it said elsewhere is over, and so is what it had not said here.
  for (const seq of [saidSeq + 1, saidSeq + 39])
    assert.equal((await deliver("order", seq, content)).code, "DUPLICATE");
  assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0);
  await area.startGateway();
  const again = area.gateway.area.sessions.get(session.id)!;
  assert.deepEqual(
    [again.saidSeq, again.txSeq, toHex(again.digest), again.arrived],
    [session.saidSeq, session.txSeq, toHex(session.digest), true],
  );
});

test("for another gateway, behind the chain, or under another number: nothing is taken", async () => {
  const { session, signed, deliver } = await traded();
  const { saidSeq, txSeq, txid } = session;
  assert.ok(txSeq > 1 && txid);
  const seq = saidSeq + 40;
  const cases: [Code, number, Uint8Array][] = [
    ["ARRIVAL_ELSEWHERE", seq, signed({ gateway: named("elsewhere", 16) })],
    ["ARRIVAL_CHAIN", seq, signed({ txSeq: txSeq - 1 })],
    ["ARRIVAL_CHAIN", seq, signed({ txSeq })],
    ["ARRIVAL_CHAIN", seq, signed({ txSeq: 0, txid: undefined })],
    ["ARRIVAL_CHAIN", seq, signed({ txid: undefined })],
    ["SAID_NUMBER", seq + 1, signed({})],
    ["SAID_NUMBER", saidSeq + 1, signed({})],
    ["DUPLICATE", saidSeq, signed({ said: saidSeq })],
    ["WRONG_NET", seq, signed({ net: "other" })],
    ["NODE_MISMATCH", seq, signed({ node: named("another", 16) })],
  ];
  for (const [code, number, content] of cases)
    assert.deepEqual(await deliver("arrival", number, content), { code, logged: false });
  assert.deepEqual([session.saidSeq, session.txSeq], [saidSeq, txSeq]);
  assert.equal((await deliver("arrival", seq, signed({ txSeq, txid }))).logged, true);
});

test("its next reading begins an interval: it has no order for the slot before", async () => {
  const { area, session, signed, deliver } = await traded();
  await deliver("arrival", session.saidSeq + 40, signed({}));
  const { boundary, importMwh, exportMwh } = session.reading!;
  const reading = {
    ...{ net: "test", node: session.idBytes, quality: 2, boot: 1, said: session.saidSeq + 1 },
    ...{ boundary: boundary + 1, importMwh: importMwh + 1000n, exportMwh },
  };
  const { world } = area.gateway.area;
  assert.ok((world.openSlot ?? 0) > boundary);
  for (let next = 0; next < 2; next++) {
    const said = session.saidSeq + 1;
    const at = { boundary: boundary + 1 + next, atMs: world.startMs(boundary + 1 + next), said };
    const { bytes } = signRecord(readingRecord, crypto, area.secretKeyOf(HOME), {
      ...reading,
      ...at,
    });
    assert.equal((await deliver("reading", said, bytes)).code, undefined);
    assert.equal(session.previous?.boundary, next === 0 ? undefined : boundary + 1);
  }
});

/** The log with one more entry at its end: an arrival that the gateway should not have taken. */
function planted(entries: Iterable<LogEntry>, node: Uint8Array, seq: number, content: Uint8Array) {
  const log = [...entries];
  const kind = UP_KINDS.indexOf("arrival");
  const bytes = packEntry(saidEntry, { node, seq, kind, code: 0, content });
  log.push({ index: log.length + 1, kind: EntryKind.said, bytes });
  return audit(log, { crypto });
}

test("the audit finds an arrival that is for another, behind the chain, or under a used number", async () => {
  const { area, session, signed } = await traded();
  const seq = session.saidSeq + 40;
  const codesOf = (number: number, change: Partial<Arrival>) => {
    const { idBytes } = session;
    const result = planted(area.store.read(), idBytes, number, signed(change));
    return result.ok ? [] : result.faults.map(({ code }) => code);
  };
  assert.ok(!codesOf(seq, {}).includes("SAID_REPLAYED"));
  assert.ok(codesOf(seq, { gateway: named("elsewhere", 16) }).includes("SAID_REPLAYED"));
  assert.ok(codesOf(seq, { txSeq: session.txSeq - 1 }).includes("SAID_REPLAYED"));
  assert.ok(codesOf(seq, { txSeq: session.txSeq }).includes("SAID_REPLAYED"));
  assert.ok(codesOf(session.saidSeq, { said: session.saidSeq }).includes("SAID_NUMBER"));
});
