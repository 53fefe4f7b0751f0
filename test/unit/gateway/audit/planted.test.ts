// SPDX-License-Identifier: Apache-2.0
/**
 * Gateways that cheat, each caught by the audit of its own log and, where a member can see it, by
 * members.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesEqual } from "#core/codec/bytes";
import { openSigned, type RecordType, signRecord } from "#core/codec/record";
import { WIRE } from "#core/errors/codes";
import { EffectKind } from "#core/records/block";
import { clearingRecord } from "#core/records/clearing";
import { noticeRecord } from "#core/records/notice";
import { orderRecord } from "#core/records/order";
import { readingRecord } from "#core/records/reading";
import { UP_KINDS } from "#core/topics";
import { EntryKind, packEntry, publishedEntry, saidEntry, unpackEntry } from "#gateway/entries";
import { AreaRun, smallWorld } from "../../../helpers/area-run.ts";
import {
  codesOf,
  faultsOf,
  lieAboutOrders,
  lieWhenSigning,
  raisePrice,
  resealLast,
} from "./plant.ts";

const LIE = 2;
const KINDS = ["reading", "order", "tx"] as const;

async function runWith(tamper?: AreaRunTamper): Promise<AreaRun> {
  const run = new AreaRun({ nodes: 4, slots: 6, tamper });
  assert.ok(await run.finish(), "the run came to its end");
  return run;
}
type AreaRunTamper = NonNullable<ConstructorParameters<typeof AreaRun>[0]>["tamper"];

test("an honest gateway has no fault and no alarm", async () => {
  const run = await runWith();
  assert.deepEqual(faultsOf(run), []);
  assert.equal(run.alarms.size, 0);
});

test("moving Wh from one node to another is seen by both and by the audit", async () => {
  const run = await runWith((gateway) =>
    lieAboutOrders(gateway, (name, slot, taken) => {
      const extraWh = name === "home_1" ? 40 : name === "home_2" ? -40 : 0;
      if (slot !== LIE) return taken;
      return { ...taken, order: { ...taken.order, qtyWh: taken.order.qtyWh + extraWh } };
    }),
  );
  const faults = faultsOf(run);
  const wrong = faults.filter(({ code }) => code === "PAIR_WRONG");
  assert.ok(wrong.length > 0 && wrong.every(({ which }) => which.slot === LIE), "PAIR_WRONG");
  assert.equal(faults[0].kind, "clearing");
  assert.match(wrong.map(({ detail }) => detail).join(), /home_1.*home_2|home_2.*home_1/s);
  for (const name of ["home_1", "home_2"]) {
    assert.ok(run.alarms.has(`${name} FILL_WRONG`), `${name} raises an alarm`);
    assert.equal(run.facts.get(name)?.alarm, "FILL_WRONG", `${name} says so on its state topic`);
  }
});

test("an order left out of the book is seen by its node and by the audit", async () => {
  const run = await runWith((gateway) =>
    lieAboutOrders(gateway, (name, slot, taken) =>
      name === "home_2" && slot === LIE ? undefined : taken,
    ),
  );
  const faults = faultsOf(run);
  const dropped = faults.find(({ code }) => code === "BOOK_DROPPED");
  assert.deepEqual(dropped?.which, { node: "home_2", slot: LIE });
  assert.ok(codesOf(faults).has("CLEARING_SUMMARY"));
  assert.equal(run.facts.get("home_2")?.alarm, "ORDER_NOT_INCLUDED");
});

test("a wrong price is seen by the nodes and by the audit", async () => {
  const run = await runWith((gateway) => lieWhenSigning(gateway, raisePrice(LIE, 10_000)));
  const fault = faultsOf(run).find(({ code }) => code === "CLEARING_PRICE");
  assert.equal(fault?.which.slot, LIE);
  assert.match(fault.detail, /185000 µc\/kWh, the book gives 175000/);
  assert.ok(run.alarms.has("home_1 FILL_WRONG"));
  assert.equal(run.facts.get("home_0")?.alarm, "FILL_WRONG");
});

for (const kind of ["genesis", "deposit"] as const)
  test(`coins out of nothing (${kind}) are found`, async () => {
    const run = await runWith(({ area }) => {
      const seal = area.chain.seal.bind(area.chain);
      area.chain.seal = (consensus, batch, slot, mints, closed, sealed) => {
        const id = [...area.sessions.values()].find(({ member }) => member.name === "home_0");
        const [wallet] = area.chain.state.accounts.has(id?.id ?? "")
          ? area.chain.state.newestSet(id!.id).wallets
          : [];
        const more = closed.includes(LIE) ? [{ kind, wallet, micro: 5_000_000 }] : [];
        seal(consensus, batch, slot, [...mints, ...more], closed, sealed);
      };
    });
    const codes = codesOf(faultsOf(run));
    assert.deepEqual([...codes], [kind === "genesis" ? "GENESIS" : "DEPOSIT"]);
  });

test("a payment made twice is found", async () => {
  const run = await runWith();
  const entries = resealLast(run, (block) => {
    const pay = block.effects.findIndex((effect) => effect.kind === EffectKind.pay);
    assert.ok(pay >= 0, "the last block pays");
    block.effects.splice(pay + 1, 0, { ...block.effects[pay] });
  });
  const codes = codesOf(faultsOf(run, entries));
  assert.ok(codes.has("PAY_TWICE") && codes.has("BLOCK_EFFECTS"), [...codes].join());
});

test("a payment redirected to another wallet is found", async () => {
  const run = await runWith();
  const entries = resealLast(run, (block) => {
    const pays = block.effects.filter((effect) => effect.kind === EffectKind.pay);
    pays[0].to = pays[0].from;
  });
  const codes = codesOf(faultsOf(run, entries));
  assert.ok(codes.has("PAY_TERMS") && codes.has("BLOCK_EFFECTS"), [...codes].join());
});

test("a state root that is not the ledger's is found", async () => {
  const run = await runWith();
  const entries = resealLast(run, (_, header) => {
    header.stateRoot = run.crypto.sha256(header.stateRoot);
  });
  assert.deepEqual([...codesOf(faultsOf(run, entries))], ["BLOCK_STATE"]);
});

test("a public block that tells outsiders something else, twice or not at all is found", async () => {
  const run = await runWith();
  const entries = run.entries();
  const at = entries.findLastIndex(({ kind }) => kind === EntryKind.published);
  const { salt, id } = unpackEntry(publishedEntry, entries[at].bytes);
  const entry = (value: { salt: Uint8Array; id: Uint8Array }) => ({
    ...entries[at],
    bytes: packEntry(publishedEntry, value),
  });
  const numbered = (changed: typeof entries) => changed.map((one, i) => ({ ...one, index: i + 1 }));
  const changes = [
    entries.with(at, entry({ salt, id: run.crypto.sha256(id) })),
    entries.with(at, entry({ salt: run.crypto.sha256(salt), id })),
    numbered(entries.toSpliced(at, 0, entries[at])),
    numbered(entries.toSpliced(at, 1)),
    numbered(entries.filter(({ kind }) => kind !== EntryKind.published)),
  ];
  for (const [i, changed] of changes.entries())
    assert.deepEqual([...codesOf(faultsOf(run, changed))], ["PUBLIC_BLOCK"], `change ${i}`);
});

test("a transaction left out of its block is found", async () => {
  const run = await runWith();
  const entries = resealLast(run, (block) => {
    block.txs.pop();
  });
  const codes = codesOf(faultsOf(run, entries));
  assert.ok(codes.has("BLOCK_TX_MISSING"), [...codes].join());
});

test("a changed reading no longer bears its node's signature", async () => {
  const run = await runWith();
  const entries = run.entries();
  const index = entries.findIndex(
    ({ kind, bytes }) =>
      kind === EntryKind.said &&
      unpackEntry(saidEntry, bytes).kind === UP_KINDS.indexOf("reading") &&
      unpackEntry(saidEntry, bytes).seq > 6,
  );
  const said = unpackEntry(saidEntry, entries[index].bytes);
  const opened = openSigned(readingRecord, run.crypto, said.content);
  assert.ok(opened.ok);
  const changed = { ...opened.value, importMwh: opened.value.importMwh + 1000n };
  // Signed by the only key that the gateway has.
  const { bytes: content } = signRecord(readingRecord, run.crypto, run.secretKey, changed);
  entries[index].bytes = packEntry(saidEntry, { ...said, content });
  const first = faultsOf(run, entries).find(({ code }) => code === "SIGNATURE_NODE");
  assert.equal(first?.index, index + 1);
  assert.equal(first.kind, "said");
  assert.match(first.which.node ?? "", /^home_/);
});

test("a bid excluded without cause is found", async () => {
  let victim: Uint8Array | undefined;
  const run = await runWith((gateway) => {
    lieAboutOrders(gateway, (name, slot, taken) => {
      if (name !== "home_1" || slot !== LIE) return taken;
      victim = taken.id;
      return undefined;
    });
    lieWhenSigning(gateway, (type, value) => {
      if (type.kind !== clearingRecord.kind || value.slot !== LIE || !victim) return value;
      return { ...value, excluded: [{ order: victim, code: WIRE.ORDER_NO_RESERVE }] };
    });
  });
  const fault = faultsOf(run).find(({ code }) => code === "BOOK_EXCLUDED");
  assert.deepEqual(fault?.which, { node: "home_1", slot: LIE });
});

test("prices that no rule can be made of are a fault, not a crash", async () => {
  const run = new AreaRun({
    nodes: 4,
    slots: 3,
    market: { mode: "guided" },
    tamper: (gateway) =>
      lieWhenSigning(gateway, (type, value) =>
        type.kind === noticeRecord.kind && value.slot === LIE
          ? { ...value, retailMicro: 1 }
          : value,
      ),
  });
  await run.finish();
  const codes = codesOf(faultsOf(run));
  assert.ok(codes.has("NOTICE_RULE"), [...codes].join());
});

test("an order refused although it follows every rule is found", async () => {
  const run = await runWith();
  const entries = run.entries();
  const index = entries.findLastIndex(
    ({ kind, bytes }) =>
      kind === EntryKind.said && unpackEntry(saidEntry, bytes).kind === UP_KINDS.indexOf("order"),
  );
  const said = unpackEntry(saidEntry, entries[index].bytes);
  const refusal = { ...said, code: WIRE.ORDER_LATE };
  entries[index].bytes = packEntry(saidEntry, refusal);
  const first = faultsOf(run, entries)[0];
  assert.equal(first.code, "SAID_REFUSED");
  assert.equal(first.index, index + 1);
});

/** Whether an entry is a message of `kind`, by its node's id. */
function saidOf(entry: { kind: number; bytes: Uint8Array }, kind: "reading" | "order" | "tx") {
  if (entry.kind !== EntryKind.said) return undefined;
  const said = unpackEntry(saidEntry, entry.bytes);
  return said.kind === UP_KINDS.indexOf(kind) ? said : undefined;
}

for (const kind of ["reading", "order"] as const)
  test(`a ${kind} taken under another number than it is signed for is found`, async () => {
    const run = await runWith();
    const entries = run.entries();
    const index = entries.findLastIndex((entry) => saidOf(entry, kind));
    const said = saidOf(entries[index], kind)!;
    const home = run.nodes.findIndex(({ idBytes }) => bytesEqual(idBytes, said.node));
    const type = (kind === "reading" ? readingRecord : orderRecord) as RecordType<{ said: number }>;
    const opened = openSigned(type, run.crypto, said.content);
    assert.ok(opened.ok);
    assert.equal(opened.value.said, said.seq);
    const other = { ...opened.value, said: said.seq + 1 };
    const { bytes: content } = signRecord(type, run.crypto, run.keyOf(home), other);
    entries[index].bytes = packEntry(saidEntry, { ...said, content });
    const first = faultsOf(run, entries)[0];
    assert.equal(first.code, "SAID_REPLAYED");
    assert.equal(first.index, index + 1);
    assert.match(first.detail, /SAID_NUMBER/);
  });

for (const kind of ["reading", "order", "tx"] as const)
  test(`an old ${kind} that used up a number of its node is found, whatever its code`, async () => {
    const run = await runWith();
    const entries = run.entries();
    const old = saidOf(entries.find((entry) => saidOf(entry, kind))!, kind)!;
    const last = entries
      .map((entry) => KINDS.map((of) => saidOf(entry, of)).find((said) => said !== undefined))
      .findLast((said) => said && bytesEqual(said.node, old.node))!;
    for (const code of ["REPLAYED", "SAID_NUMBER", "TX_SEQ", "READING_STALE"] as const) {
      const again = { ...old, seq: last.seq + 1, code: WIRE[code] };
      const bytes = packEntry(saidEntry, again);
      const more = { ...entries[0], index: entries.length + 1, kind: EntryKind.said, bytes };
      const faults = faultsOf(run, [...entries, more]);
      assert.deepEqual([...codesOf(faults)], ["SAID_REPLAYED"], code);
      assert.match(faults[0].detail, /SAID_NUMBER/);
    }
  });

test("two names that share a topic of the monitor are found", async () => {
  const run = new AreaRun({
    world: smallWorld(4, 1, (home) => ["home 0", "home_0"][home] ?? `home_${home}`),
    tamper: ({ area }) => {
      area.names.has = () => false;
    },
  });
  assert.ok(await run.finish());
  const faults = faultsOf(run);
  assert.deepEqual([...codesOf(faults)], ["MEMBER_NAME"]);
});

test("no entry but the last can be taken out", async () => {
  const run = await runWith();
  const entries = run.entries();
  for (let gone = 0; gone < entries.length - 1; gone++) {
    const rest = entries
      .filter((_, i) => i !== gone)
      .map((entry, i) => ({ ...entry, index: i + 1 }));
    assert.notEqual(faultsOf(run, rest).length, 0, `without entry ${gone + 1}`);
  }
});
