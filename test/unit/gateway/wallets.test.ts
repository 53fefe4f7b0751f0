// SPDX-License-Identifier: Apache-2.0
/** Sets of wallet addresses from the node to the ledger: a trade has its own, and nobody takes another's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { type Code, WIRE } from "#core/errors/codes";
import { upRecord } from "#core/records/receipt";
import { TxType } from "#core/records/tx";
import { walletsRecord } from "#core/records/wallets";
import { UP_KINDS } from "#core/topics";
import { claimWallets } from "#core/wallets";
import { audit } from "#gateway/audit/audit";
import { EntryKind, packEntry, saidEntry, unpackEntry } from "#gateway/entries";
import { Gateway } from "#gateway/gateway";
import { openContent } from "#gateway/intake/decode";
import type { LogEntry } from "#gateway/ports";
import { memoryStore } from "#host-sim/fleet/store";
import { LocalBus } from "#host-sim/sim/local-bus";
import { crypto, LocalArea, worldOf } from "../../helpers/local-area.ts";

const SLOTS = 24;
const WALLETS = 8;
/** Two homes sell and two buy, so that a SOLD has more than one leg. */
const NET_WH = [-900, -700, 600, 650].map((wh) =>
  Array.from({ length: SLOTS }, (_, slot) => wh + slot),
);

async function traded(wallets = WALLETS): Promise<LocalArea> {
  const area = new LocalArea({ world: worldOf(NET_WH), wallets });
  await area.start();
  await area.run();
  return area;
}

/** Everything that nodes said, in the order of the log. */
function saidIn(entries: Iterable<LogEntry>) {
  return [...entries]
    .filter(({ kind }) => kind === EntryKind.said)
    .map(({ index, bytes }) => {
      const entry = unpackEntry(saidEntry, bytes);
      const kind = UP_KINDS[entry.kind] as Parameters<typeof openContent>[1];
      const said = openContent(crypto, kind, entry.content);
      assert.ok(!("ok" in said));
      return { index, entry, said };
    });
}

/** How many legs the log has; none of two trades under one address. */
function tradesIn(area: LocalArea): number {
  const seen = new Map<string, string>();
  let legsSeen = 0;
  for (const { entry, said } of saidIn(area.store.read())) {
    if (said.kind !== "tx") continue;
    assert.equal(entry.code, 0, "taken");
    const { type, slot, from, legs } = said.tx.body;
    for (const [i, { wallet }] of legs.entries()) {
      // A purchase is the same trade as the RESERVE that pays for it.
      const part = type === TxType.sold ? `sold ${i}` : "bought";
      const trade = `${toHex(from)} ${slot} ${part}`;
      const known = seen.get(toHex(wallet));
      assert.ok(known === undefined || known === trade, `${known} and ${trade}`);
      seen.set(toHex(wallet), trade);
      legsSeen++;
    }
  }
  return legsSeen;
}

test("many trades: no address in two of them, and sets come before they are needed", async () => {
  const area = await traded();
  const trades = tradesIn(area);
  assert.ok(trades > 4 * SLOTS, String(trades));
  const { state } = area.gateway.area.chain;
  assert.ok(area.gateway.area.tradedWh > 0);
  for (const home of NET_WH.keys()) {
    const { set } = state.newestSet(area.nodeId(home));
    assert.ok(set >= SLOTS / WALLETS, `home ${home} is at set ${set}`);
  }
  // Older ones are forgotten, but for those that a lock named when the newest came.
  assert.ok(state.owners.size <= NET_WH.length * 3 * WALLETS, String(state.owners.size));
  assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0);
  const again = new Gateway(area.options, { ...area.portsForReplay(), bus: new LocalBus() });
  await again.start();
  assert.deepEqual(again.area.chain.state, state);
  const sets = (gateway: Gateway) => [...gateway.area.sessions.values()].map((s) => s.walletSet);
  assert.deepEqual(sets(again), sets(area.gateway));
});

for (const [home, role] of ["seller", "seller", "buyer"].entries())
  test(`a ${role} that lost its store uses none of the addresses that it used (home ${home})`, async () => {
    const area: LocalArea = new LocalArea({ world: worldOf(NET_WH) });
    let lost = false;
    area.bus.attach(["wattle/1/a/epoch"], () => {
      if (lost || area.gateway.area.world.openSlot !== 5) return;
      lost = true;
      area.stopNode(home);
      area.flash[home] = memoryStore();
      area.startNode(home);
    });
    await area.start();
    await area.run();
    assert.ok(lost && tradesIn(area) > 4 * SLOTS);
    const { set } = area.gateway.area.chain.state.newestSet(area.nodeId(home));
    assert.ok(set >= 1, "it began a new set");
    assert.equal(area.gateway.area.counters.rejectedTxs, 0, "that the ledger knew in time");
    assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0);
  });

test("a node with one address trades with it, and says no other", async () => {
  const area = await traded(1);
  assert.ok(area.gateway.area.tradedWh > 0);
  assert.ok(saidIn(area.store.read()).every(({ said }) => said.kind !== "wallets"));
  assert.equal(area.gateway.area.chain.state.owners.size, NET_WH.length);
  assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0);
});

/** Says a set for `home`, as its node would; the code in the log. */
function sayer(area: LocalArea, home: number) {
  const { gateway } = area;
  const session = gateway.area.sessions.get(area.nodeId(home))!;
  return async (set: number, change: { of?: number; addresses?: number } = {}): Promise<number> => {
    const secret = area.secretKeyOf(change.of ?? home);
    const claim = claimWallets(crypto, secret, "test", session.idBytes, set, 64);
    const said = session.saidSeq + 1;
    const wallets = { net: "test", node: session.idBytes, ...claim, said };
    if (change.addresses !== undefined) wallets.addresses = change.addresses;
    const { bytes } = signRecord(walletsRecord, crypto, area.secretKeyOf(home), wallets);
    const topic = gateway.area.topics.up(session.id, "wallets");
    gateway.deliver(topic, upRecord.encode({ seq: said, content: bytes }));
    await gateway.process();
    assert.equal(session.saidSeq, said, "it takes its number");
    const entries = [...area.store.read(area.store.length)];
    return unpackEntry(saidEntry, entries[0].bytes).code;
  };
}

test("a set that is not newer, not proved, of another, or too early is refused", async () => {
  const area = await traded(64);
  const { state } = area.gateway.area.chain;
  const wire = (code: Code) => WIRE[code];
  const [seller, buyer] = [0, 2];
  const newest = state.newestSet(area.nodeId(buyer)).set;
  const say = sayer(area, buyer);
  assert.equal(await say(newest), wire("WALLETS_SET"));
  assert.equal(await say(newest + 1, { addresses: 5 }), wire("WALLETS_UNPROVED"));
  assert.equal(await say(newest + 1, { addresses: 0 }), wire("WALLETS_UNPROVED"));
  // Whoever has another's seed can prove its sets as his own: what is taken stays taken.
  const theirs = state.newestSet(area.nodeId(seller)).set;
  assert.ok(theirs > newest, "a seller needs more addresses");
  assert.equal(await say(theirs, { of: seller }), wire("WALLETS_UNPROVED"));
  assert.equal(await say(newest + 40), 0, "any that is newer");
  assert.equal(await say(newest + 41), wire("WALLETS_SET"), "one waits for its block");
  const twin = await sayer(area, 3)(newest + 40, { of: buyer });
  assert.equal(twin, wire("WALLETS_UNPROVED"), "taken, if in no block yet");
  assert.equal(audit(area.store.read(), { crypto }).summary.faults, 0, "the audit agrees");
});

test("the audit finds a set that was taken against the rules, or changed", async () => {
  const area = await traded();
  const say = sayer(area, 0);
  const newest = area.gateway.area.chain.state.newestSet(area.nodeId(0)).set;
  assert.notEqual(await say(newest), 0);
  const entries = [...area.store.read()];
  const last = entries[entries.length - 1];
  const entry = unpackEntry(saidEntry, last.bytes);
  const faults = (changes: Partial<typeof entry>) => {
    const bytes = packEntry(saidEntry, { ...entry, ...changes });
    const result = audit([...entries.slice(0, -1), { ...last, bytes }], { crypto });
    return result.ok ? [] : result.faults.map(({ code }) => code);
  };
  assert.deepEqual(faults({}), []);
  assert.deepEqual(faults({ code: 0 }), ["SAID_TAKEN"]);
  assert.deepEqual(faults({ code: WIRE.WALLETS_UNPROVED }), ["SAID_CODE"]);
});
