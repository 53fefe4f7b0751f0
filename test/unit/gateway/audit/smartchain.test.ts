// SPDX-License-Identifier: Apache-2.0
/** Areas with proof-of-time: an honest log has no fault; and whatever a gateway changes of it is found. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { beaconOf } from "#core/pot/beacon";
import { makeEvidence } from "#core/pot/make-evidence";
import { potParams } from "#core/pot/params";
import { randomKeyOf, signToken } from "#core/pot/token";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { openTx, signTx, type Tx } from "#core/records/tx";
import { evidenceRecord, Fraud, voteRecord } from "#core/records/vote";
import { UP_KINDS } from "#core/topics";
import { audit } from "#gateway/audit/audit";
import type { Fault } from "#gateway/audit/types";
import {
  EntryKind,
  epochEntry,
  evidenceEntry,
  packEntry,
  saidEntry,
  tokenEntry,
  unpackEntry,
  voteEntry,
} from "#gateway/entries";
import type { LogEntry } from "#gateway/ports";
import { AreaRun } from "../../../helpers/area-run.ts";
import { faultsOf } from "./plant.ts";

const POT = { epochSlots: 2, epsilonMs: 2000, tauMs: 10_000 };
let run: AreaRun;
let small: AreaRun;

async function runOf(nodes: number): Promise<AreaRun> {
  const made = new AreaRun({ nodes, slots: 6, gateway: { pot: POT } });
  assert.ok(await made.finish(), "the run came to its end");
  return made;
}

before(async () => {
  run = await runOf(4);
  small = await runOf(1);
});

/** Numbers the entries anew. */
function renumbered(entries: LogEntry[]): LogEntry[] {
  return entries.map((entry, i) => ({ ...entry, index: i + 1 }));
}

/** The log with another entry after the one at `place`. */
function withEntry(
  entries: LogEntry[],
  place: number,
  kind: number,
  bytes: Uint8Array,
): LogEntry[] {
  const added = [...entries];
  added.splice(place + 1, 0, { index: 0, kind, bytes });
  return renumbered(added);
}

/** The log with its epoch `number` changed and signed again. */
function withEpoch(number: number, change: (epoch: Epoch) => Partial<Epoch>): Fault[] {
  const entries = run.entries();
  const place = entries.findIndex(
    ({ kind, bytes }) => kind === EntryKind.epoch && epochIn(bytes).epoch === number,
  );
  const epoch = epochIn(entries[place].bytes);
  const changed = { ...epoch, ...change(epoch) };
  const { bytes: signed } = signRecord(epochRecord, run.crypto, run.secretKey, changed);
  entries[place] = { ...entries[place], bytes: packEntry(epochEntry, { signed }) };
  return faultsOf(run, entries);
}

function epochIn(bytes: Uint8Array): Epoch {
  const opened = openSigned(epochRecord, run.crypto, unpackEntry(epochEntry, bytes).signed);
  assert.ok(opened.ok);
  return opened.value;
}

/** The epochs of the run. */
function epochs(): Epoch[] {
  return run
    .entries()
    .filter(({ kind }) => kind === EntryKind.epoch)
    .map(({ bytes }) => epochIn(bytes));
}

interface SaidTx {
  place: number;
  tx: Tx;
}

/** The transactions that a log accepted. */
function txsOf(entries: LogEntry[]): SaidTx[] {
  const found: SaidTx[] = [];
  entries.forEach(({ kind, bytes }, place) => {
    if (kind !== EntryKind.said) return;
    const said = unpackEntry(saidEntry, bytes);
    if (UP_KINDS[said.kind] !== "tx") return;
    const opened = openTx(run.crypto, said.content);
    assert.ok(opened.ok);
    found.push({ place, tx: opened.tx });
  });
  return found;
}

/** The home whose node has this id. */
function homeOf(id: Uint8Array): number {
  return run.nodes.findIndex((node) => node.id === toHex(id));
}

/** Faults of the last transaction with other tokens, which its author signed too: it is in league with the gateway. */
function withTokens(change: (tx: Tx) => Tx["pot"], code = 0): Fault[] {
  const entries = run.entries();
  const { place, tx } = txsOf(entries).at(-1)!;
  const said = unpackEntry(saidEntry, entries[place].bytes);
  const secretKey = run.keyOf(homeOf(tx.body.from));
  const { bytes: content } = signTx(run.crypto, secretKey, tx.body, said.seq, change(tx));
  const bytes = packEntry(saidEntry, { ...said, code, content });
  entries[place] = { ...entries[place], bytes };
  return faultsOf(run, entries).filter(({ index }) => index === entries[place].index);
}

test("an honest log has no fault, and every token of it was checked", () => {
  const { summary, ok } = audit(run.entries(), { crypto: run.crypto });
  assert.ok(ok);
  assert.equal(run.alarms.size, 0);
  assert.equal(summary.epochs, 3);
  const tokens = txsOf(run.entries()).map(({ tx }) => tx.pot.length);
  assert.equal(
    summary.tokensChecked,
    tokens.reduce((a, b) => a + b, 0),
  );
  assert.ok(tokens.every((count) => count >= potParams(4).m));
  assert.equal(summary.acceptedTxs, run.area.votes.accepted);
  assert.equal(summary.votes, run.area.votes.votes);
  assert.deepEqual(summary.suspended, []);
});

/** Whose entry it is, and what it says. */
function codesAndDetails(faults: readonly Fault[]): string[] {
  return faults.map(({ code, detail }) => `${code} ${detail}`);
}

test("a token that its witness did not sign is found", () => {
  const faults = withTokens(({ pot }) => {
    const [first, ...rest] = pot;
    return [{ ...first, signature: new Uint8Array(64).fill(7) }, ...rest];
  });
  assert.deepEqual(
    faults.map(({ code }) => code),
    ["TOKEN_SIGNATURE"],
  );
  assert.match(faults[0].detail, /^home_\d$/);
});

test("a token of another time than its witness signed is found", () => {
  const faults = withTokens(({ pot }) => [{ ...pot[0], tMs: pot[0].tMs + 1 }, ...pot.slice(1)]);
  assert.ok(faults.some(({ code }) => code === "TOKEN_SIGNATURE"));
});

test("a missing token is found", () => {
  const [fault] = codesAndDetails(withTokens(({ pot }) => pot.slice(0, 1)));
  assert.match(fault, /^SAID_TAKEN tx: TX_TOKENS/);
  const [none] = codesAndDetails(withTokens(() => []));
  assert.match(none, /^SAID_TAKEN tx: TX_TOKENS/);
});

test("a token of somebody who was not chosen is found, though he signed it", () => {
  const { crypto } = run;
  const { epoch: number } = txsOf(run.entries()).at(-1)!.tx.body;
  const { beacon } = epochs().find(({ epoch }) => epoch === number)!;
  // Its author is never in its own committee.
  const faults = withTokens(({ body, txid, pot }) => {
    const secretKey = run.keyOf(homeOf(body.from));
    const randomKey = randomKeyOf(crypto, secretKey);
    const context = { net: "test", beacon, body, txid };
    return [
      ...pot.slice(1),
      signToken(crypto, secretKey, randomKey, body.from, context, body.tsMs),
    ];
  });
  assert.match(codesAndDetails(faults)[0], /^SAID_TAKEN tx: TX_TOKENS/);
});

test("a transaction with good tokens that was refused for them is found", () => {
  const faults = withTokens(({ pot }) => pot, WIRE.TX_TOKENS);
  assert.match(codesAndDetails(faults)[0], /^SAID_REFUSED tx with TX_TOKENS/);
});

test("one with a forged token may be refused for it", () => {
  const forged = (tx: Tx) => tx.pot.map((token) => ({ ...token, random: new Uint8Array(16) }));
  assert.deepEqual(withTokens(forged, WIRE.TX_TOKENS), []);
});

const EPOCHS: [string, string, (epoch: Epoch) => Partial<Epoch>][] = [
  [
    "a member left out",
    "EPOCH_MEMBERS",
    ({ members }) => ({ members: members.slice(1), ...potParams(members.length - 1) }),
  ],
  [
    "somebody who is no member",
    "EPOCH_MEMBERS",
    ({ members }) => {
      const stranger = {
        node: new Uint8Array(members[0].node.length),
        publicKey: run.area.publicKey,
      };
      return { members: [stranger, ...members], ...potParams(members.length + 1) };
    },
  ],
  [
    "a member with another key",
    "EPOCH_MEMBERS",
    ({ members: [first, ...rest] }) => ({
      members: [{ ...first, publicKey: run.area.publicKey }, ...rest],
    }),
  ],
  ["a wrong beacon", "EPOCH_BEACON", () => ({ beacon: new Uint8Array(32) })],
  [
    "a beacon out of something else",
    "EPOCH_BEACON",
    () => {
      const reveals = new Uint8Array(64).fill(3);
      return { reveals, beacon: beaconOf(run.crypto, reveals) };
    },
  ],
  ["fewer tokens", "EPOCH_COMMITTEE", ({ m }) => ({ m: m - 1 })],
  ["another start", "EPOCH_TIME", ({ startMs }) => ({ startMs: startMs + 1 })],
  ["an earlier start", "EPOCH_TIME", ({ startMs }) => ({ startMs: startMs - 1 })],
];
for (const [what, code, change] of EPOCHS)
  test(`an epoch with ${what} is found`, () => {
    const codes = withEpoch(3, change)
      .filter(({ kind, code: one }) => kind === "epoch" || one === "EPOCH_TIME")
      .map((fault) => fault.code);
    assert.deepEqual([...new Set(codes)], [code]);
  });

test("an epoch with a number left out is found", () => {
  const faults = withEpoch(3, ({ epoch }) => ({ epoch: epoch + 1 }));
  assert.equal(codesAndDetails(faults)[0], "EPOCH_ORDER epoch 4 after 2");
});

test("the first epoch begins before slot 0", () => {
  const faults = withEpoch(1, ({ startMs }) => ({ startMs: startMs + 1 }));
  assert.ok(faults.some(({ code }) => code === "EPOCH_TIME"));
});

/** The last transaction of the log, and the log with an entry after it. */
function afterLastTx(kind: number, bytes: Uint8Array): LogEntry[] {
  const entries = run.entries();
  return withEntry(entries, txsOf(entries).at(-1)!.place, kind, bytes);
}

/** A vote for the last transaction by whoever has this key. */
function voteBy(secretKey: Uint8Array, epoch?: number): Uint8Array {
  const { crypto } = run;
  const { txid, body } = txsOf(run.entries()).at(-1)!.tx;
  const voter = nodeIdOf(crypto, crypto.publicKey(secretKey));
  const said = { net: "test", voter, epoch: epoch ?? body.epoch, txids: [txid], atMs: body.tsMs };
  return signRecord(voteRecord, crypto, secretKey, said).bytes;
}

test("votes are counted again, and accept", () => {
  // Without those of the run the last transaction is not accepted before its block.
  const silent = renumbered(run.entries().filter(({ kind }) => kind !== EntryKind.vote));
  const before = audit(silent, { crypto: run.crypto });
  assert.ok(before.ok);
  const last = txsOf(silent).at(-1)!;
  let entries = silent;
  for (let home = 0; home < 4; home++) {
    const bytes = packEntry(voteEntry, { signed: voteBy(run.keyOf(home)) });
    entries = withEntry(entries, last.place, EntryKind.vote, bytes);
  }
  const { ok, summary } = audit(entries, { crypto: run.crypto });
  assert.ok(ok);
  assert.equal(summary.votes, 4);
  assert.ok(summary.acceptedTxs > before.summary.acceptedTxs);
  const whole = audit(run.entries(), { crypto: run.crypto });
  assert.equal(whole.summary.votes, run.area.votes.votes);
  assert.equal(whole.summary.acceptedTxs, run.area.votes.accepted);
});

test("a vote by somebody who may not vote, or that he did not sign, is found", () => {
  const found = (signed: Uint8Array): string[] => {
    const bytes = packEntry(voteEntry, { signed });
    return faultsOf(run, afterLastTx(EntryKind.vote, bytes)).map(({ code }) => code);
  };
  assert.deepEqual(found(voteBy(new Uint8Array(32).fill(9))), ["VOTE_MEMBER"]);
  assert.deepEqual(found(voteBy(run.keyOf(1), 1)), ["VOTE_MEMBER"]);
  const forged = voteBy(run.keyOf(1));
  forged[forged.length - 1] ^= 1;
  assert.deepEqual(found(forged), ["SIGNATURE_NODE"]);
});

/** Two bodies of one home for one number. */
function fraudOf(home: number): Uint8Array {
  const { crypto } = run;
  const id = run.nodes[home].id;
  const { tx } = txsOf(run.entries()).find((said) => toHex(said.tx.body.from) === id)!;
  const other = { ...tx.body, expiryMs: tx.body.expiryMs + 1 };
  const second = signTx(crypto, run.keyOf(home), other, tx.said, tx.pot);
  const key = crypto.publicKey(run.keyOf(home));
  const proof = makeEvidence(crypto, "test", key, tx.bytes, second.bytes);
  assert.ok(proof);
  return evidenceRecord.encode(proof);
}

test("a proof names who did it, and what it says afterwards may not be taken", () => {
  const bytes = packEntry(evidenceEntry, { encoded: fraudOf(1) });
  const entries = run.entries();
  const atEnd = audit(withEntry(entries, entries.length - 1, EntryKind.evidence, bytes), run);
  assert.ok(atEnd.ok);
  assert.deepEqual(atEnd.summary.suspended, ["home_1"]);
  const first = txsOf(entries)[0].place;
  const early = faultsOf(run, withEntry(entries, first, EntryKind.evidence, bytes));
  const own = early.filter(({ which }) => which.node === "home_1");
  assert.match(codesAndDetails(own)[0], /^SAID_TAKEN \w+: AUTHOR_SUSPENDED/);
});

test("a proof that proves nothing is found, and one said twice", () => {
  const { crypto } = run;
  const { tx } = txsOf(run.entries())[0];
  const items = [tx.bytes, tx.bytes];
  const publicKey = crypto.publicKey(run.keyOf(homeOf(tx.body.from)));
  const empty = evidenceRecord.encode({ net: "test", fraud: Fraud.bodies, publicKey, items });
  const at = run.entries().length - 1;
  const log = (encoded: Uint8Array, entries = run.entries()) =>
    withEntry(entries, at, EntryKind.evidence, packEntry(evidenceEntry, { encoded }));
  assert.deepEqual(codesAndDetails(faultsOf(run, log(empty))), ["EVIDENCE one body"]);
  const twice = log(fraudOf(1), log(fraudOf(1)));
  assert.deepEqual(codesAndDetails(faultsOf(run, twice)), ["EVIDENCE suspended before"]);
});

test("an area of one: the gateway's tokens stand in its log, each once", () => {
  const { ok, summary } = audit(small.entries(), { crypto: small.crypto });
  assert.ok(ok);
  assert.equal(summary.byGatewayTxs, summary.transactions);
  assert.ok(summary.byGatewayTxs > 0);
  const entries = small.entries();
  const place = entries.findIndex(({ kind }) => kind === EntryKind.token);
  const without = renumbered(entries.filter((_, i) => i !== place));
  assert.deepEqual(
    faultsOf(small, without).map(({ code }) => code),
    ["TOKEN_UNLOGGED"],
  );
  const token = unpackEntry(tokenEntry, entries[place].bytes);
  const other = packEntry(tokenEntry, { ...token, txid: new Uint8Array(32) });
  const twice = withEntry(entries, place, EntryKind.token, other);
  assert.ok(faultsOf(small, twice).some(({ code }) => code === "TOKEN_TWICE"));
});

test("a member that is suspended while the area goes on", async () => {
  let said = false;
  const live = new AreaRun({
    nodes: 4,
    slots: 6,
    gateway: { pot: POT },
    lose: (_home, topic, { area, bus }) => {
      if (said || area.world.openSlot !== 3 || !topic.endsWith("/up/order")) return false;
      said = true;
      bus.publish(area.topics.up(live.nodes[0].id, "evidence"), fraudOf(1), { retain: false });
      return false;
    },
  });
  assert.ok(await live.finish());
  assert.deepEqual([...live.area.suspended], [live.nodes[1].id]);
  const result = audit(live.entries(), { crypto: live.crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  assert.deepEqual(result.summary.suspended, ["home_1"]);
  assert.equal(live.area.epochs.latest?.epoch.members.length, 3);
});

test("witnesses that do not answer: the gateway stands in", async () => {
  const live = new AreaRun({
    nodes: 4,
    slots: 6,
    gateway: { pot: POT },
    lose: (_home, topic, { area }) => area.world.openSlot === 3 && topic.endsWith("/up/token"),
  });
  assert.ok(await live.finish());
  const result = audit(live.entries(), { crypto: live.crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  assert.ok(result.summary.byGatewayTxs > 0);
});
