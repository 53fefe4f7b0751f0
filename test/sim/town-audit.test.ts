// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { quorumRecord } from "#core/records/consensus";
import { audit } from "#gateway/audit/audit";
import { EntryKind, packEntry, turnEntry, unpackEntry } from "#gateway/entries";
import type { LogEntry } from "#gateway/ports";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";

const crypto = keyedCrypto();
let log: LogEntry[] = [];

before(async () => {
  const town = new Town({ seed: 5, gateways: 4, world: smallWorld(5, 4, 2, 900), crypto });
  await town.start();
  await town.run(town.world.startMs + 600_000);
  log = [...town.gateways[1].store.read()];
});

/** Codes that an audit of these entries finds. */
function codesOf(entries: readonly { kind: number; bytes: Uint8Array }[]): Set<string> {
  const numbered = entries.map(({ kind, bytes }, i) => ({ index: i + 1, kind, bytes }));
  const result = audit(numbered, { crypto });
  return new Set(result.ok ? [] : result.faults.map(({ code }) => code));
}

function placeOf(kind: number, from = 0): number {
  return log.findIndex((entry, i) => i >= from && entry.kind === kind);
}

test("the log as it is has no fault", () => {
  assert.deepEqual([...codesOf(log)], []);
});

test("a turn with too few voices, or with one that is another's, is no turn", () => {
  const at = placeOf(EntryKind.turn);
  const entry = unpackEntry(turnEntry, log[at].bytes);
  const quorum = quorumRecord.decode(entry.quorum);
  assert.ok(quorum.ok);
  const { voices } = quorum.value;
  const forged = [{ ...voices[0], signature: voices[1].signature }, ...voices.slice(1)];
  for (const others of [voices.slice(1), forged]) {
    const record = quorumRecord.encode({ ...quorum.value, voices: others });
    const bytes = packEntry(turnEntry, { ...entry, quorum: record });
    const changed = log.map((one, i) => (i === at ? { ...one, bytes } : one));
    assert.ok(codesOf(changed).has("TURN_QUORUM"));
  }
});

test("a turn that is left out breaks the chain, and what it led to comes of nothing", () => {
  const at = placeOf(EntryKind.turn, placeOf(EntryKind.said));
  const next = placeOf(EntryKind.turn, at + 1);
  assert.ok(next > at + 1);
  const codes = codesOf(log.filter((_, i) => i !== at));
  assert.ok(codes.has("TURN_CHAIN"));
  assert.ok(codes.has("TURN_FOREIGN"));
});

test("a segment that is left out is missed, and a member that no turn took in is foreign", () => {
  const segment = placeOf(EntryKind.segment);
  const codes = codesOf(log.filter((_, i) => i !== segment));
  assert.ok(codes.has("TURN_FEED"));
  const member = placeOf(EntryKind.member);
  const moved = log.filter((_, i) => i !== member);
  moved.splice(placeOf(EntryKind.block), 0, log[member]);
  assert.ok(codesOf(moved).has("TURN_FOREIGN"));
});

test("a block that the next turn does not name is none that was agreed on", () => {
  const first = placeOf(EntryKind.block);
  assert.ok(codesOf(log.filter((_, i) => i !== first)).has("TURN_LEDGER"));
});

test("an epoch that the next turn does not name is none that was agreed on", () => {
  const first = placeOf(EntryKind.epoch);
  assert.ok(codesOf(log.filter((_, i) => i !== first)).has("TURN_EPOCH"));
});
