// SPDX-License-Identifier: Apache-2.0
/** A gateway that is far behind gets there by a state that others hand out, and goes on as they do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { pieceRecord, stateOfferRecord } from "#core/records/state";
import { audit } from "#gateway/audit/audit";
import { EntryKind, packEntry, stateEntry, unpackEntry } from "#gateway/entries";
import { StateDamaged } from "#gateway/handout/base";
import type { LogEntry } from "#gateway/ports";
import { fingerprint } from "#host-sim/chaos/town/fingerprint";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town, type TownSetup } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";
import { explainFailure } from "#node/process/failure";
import { enginePacker } from "#node/process/packer";
import { openMemoryStore } from "#node/store/memory";

const packer = enginePacker();
const SLOTS = 40;

function townOf(setup: Partial<TownSetup> = {}): Town {
  return new Town({
    seed: 9,
    gateways: 4,
    world: smallWorld(9, 6, SLOTS, 900),
    crypto: keyedCrypto(),
    consortium: { stateTurns: 32 },
    packer,
    ...setup,
  });
}

function heightOf({ gateway }: TownGateway): number {
  return gateway?.seat?.replica.past.before.height ?? 0;
}

/** Until some gateway has executed so many turns. */
async function until(town: Town, height: number): Promise<void> {
  while (town.gateways.every((one) => heightOf(one) < height))
    assert.ok(await town.step(() => {}), "nothing goes on");
}

interface Seen {
  taken: { gateway: number; height: number }[];
  events: string[];
  /** Turns that each executed. */
  executed: Map<TownGateway, number>;
}

function watch(town: Town): Seen {
  const seen: Seen = { taken: [], events: [], executed: new Map() };
  town.logged = (gateway, event, facts) => {
    seen.events.push(`${gateway.index} ${event}`);
    if (event === "state-taken")
      seen.taken.push({ gateway: gateway.index, height: Number(facts?.height) });
  };
  town.probe = (gateway, stage) => {
    if (stage === "applied") seen.executed.set(gateway, (seen.executed.get(gateway) ?? 0) + 1);
  };
  return seen;
}

/** All that are up are the same where they are at the same turn. */
function sameAt(town: Town): number {
  const prints = new Map<number, string>();
  let compared = 0;
  for (const { gateway } of town.gateways) {
    if (!gateway) continue;
    const { height } = gateway.seat!.replica.past.before;
    const print = fingerprint(gateway.area);
    const other = prints.get(height);
    if (other !== undefined) {
      assert.equal(print, other, `turn ${height}`);
      compared++;
    }
    prints.set(height, print);
  }
  return compared;
}

test("a lost disk: by a state, past a liar, and on through a restart", async () => {
  const town = townOf();
  const seen = watch(town);
  await town.start();
  const [liar, , , victim] = town.gateways;
  await until(town, 40);
  victim.fall(Number.POSITIVE_INFINITY);
  victim.loseDisk();
  await until(town, 150);
  // It says another state than it has, or brings other bytes, or none.
  let lies = 0;
  town.net.tap = (from, to, kind, bytes) => {
    if (from !== liar.id || to !== victim.id) return bytes;
    if (kind === "state-offer" && lies++ % 2 === 0) {
      const opened = openSigned(stateOfferRecord, town.crypto, bytes);
      assert.ok(opened.ok);
      const root = new Uint8Array(32);
      const { secretKey } = liar.options;
      return signRecord(stateOfferRecord, town.crypto, secretKey, { ...opened.value, root }).bytes;
    }
    if (kind !== "piece") return bytes;
    const piece = pieceRecord.decode(bytes);
    assert.ok(piece.ok);
    lies++;
    if (piece.value.index % 3 === 0) return undefined;
    return pieceRecord.encode({ ...piece.value, bytes: piece.value.bytes.map((byte) => byte ^ 1) });
  };
  const before = seen.executed.get(victim)!;
  await victim.start();
  let compared = 0;
  while (!town.finished) {
    assert.ok(await town.step(() => {}));
    if (town.events % 16 === 0) compared += sameAt(town);
    if (seen.taken.length > 0 && victim.up && !seen.events.includes("3 checkpoint")) {
      if (heightOf(victim) < seen.taken[0].height + 20) continue;
      victim.gateway!.checkpoints.save();
      victim.fall(5);
    }
  }
  await town.runFor(10_000);
  assert.ok(lies > 0);
  assert.equal(seen.taken.length, 1);
  assert.ok(seen.taken[0].height >= 128);
  const executed = seen.executed.get(victim)! - before;
  assert.ok(executed <= heightOf(victim) - seen.taken[0].height, `${executed} turns`);
  assert.ok(compared > 50, `${compared}`);
  assert.ok(sameAt(town) > 0);
  const heads = town.gateways.map(({ gateway }) => toHex(gateway!.area.chain.head!.id));
  assert.equal(new Set(heads).size, 1);
  const kinds = [...victim.store.read()].map(({ kind }) => kind);
  assert.equal(kinds.filter((kind) => kind === EntryKind.state).length, 1);
  checkAudit(town, victim);
});

const verdictOf = (town: Town, entries: Iterable<LogEntry>) =>
  audit(entries, { crypto: town.crypto });

/** `wattle verify` of a log with a state, as it is and with something changed. */
function checkAudit(town: Town, { store }: TownGateway): void {
  const log = [...store.read()];
  const whole = verdictOf(town, log);
  assert.deepEqual(whole.ok ? [] : whole.faults, []);
  const { state, turns, blocks } = whole.summary;
  assert.equal(state?.by.length, 2);
  assert.ok(turns > 50 && blocks > 5, `${turns} turns, ${blocks} blocks`);
  const codes = (change: (entry: LogEntry) => LogEntry | undefined): string[] => {
    const changed = log.flatMap((entry) => change(entry) ?? []);
    const found = verdictOf(
      town,
      changed.map((entry, i) => ({ ...entry, index: i + 1 })),
    );
    return found.ok ? [] : [...new Set(found.faults.map(({ code }) => code))];
  };
  const flip = (kind: number, at: number) => (entry: LogEntry) =>
    entry.kind === kind ? { ...entry, bytes: entry.bytes.with(at, entry.bytes[at] ^ 1) } : entry;
  assert.deepEqual(codes(flip(EntryKind.piece, 2000)), ["STATE"]);
  const unsigned = codes((entry) => {
    if (entry.kind !== EntryKind.state) return entry;
    const { offers, ...rest } = unpackEntry(stateEntry, entry.bytes);
    return { ...entry, bytes: packEntry(stateEntry, { ...rest, offers: offers.slice(0, 1) }) };
  });
  assert.deepEqual(unsigned, ["STATE"]);
  const last = log.findLast(({ kind }) => kind === EntryKind.block)!.index;
  const before = log.findLast(({ kind, index }) => kind === EntryKind.block && index < last)!.index;
  assert.ok(codes((entry) => (entry.index === before ? undefined : entry)).includes("TURN_LEDGER"));
  const said = log.findLast(({ kind }) => kind === EntryKind.said)!.index;
  const turn = log.findLast(({ kind, index }) => kind === EntryKind.turn && index < said)!.index;
  assert.ok(codes((entry) => (entry.index === turn ? undefined : entry)).includes("TURN_CHAIN"));
}

test("a gateway that joins late: by a state, and then it has its voice", async () => {
  // Without checkpoints: a restart begins with the state of the log.
  const town = townOf({ spare: 1, consortium: { stateTurns: 16 }, packer: undefined });
  const seen = watch(town);
  await town.start();
  const [first, second, third, , late] = town.gateways;
  await until(town, 20);
  const { net } = first.options;
  const change = { net, number: 1, leaves: undefined, joins: town.entrant(4) };
  for (const { gateway } of [first, second, third]) gateway!.wish(change);
  await until(town, 120);
  assert.equal(first.gateway!.seat!.replica.partners.version, 1);
  await late.start();
  while (heightOf(late) < 150) assert.ok(await town.step(() => {}));
  assert.deepEqual([...new Set(seen.taken.map(({ gateway }) => gateway))], [4]);
  assert.ok(seen.taken[0].height >= 112);
  const executed = seen.executed.get(late)!;
  // A handful came before it was clear how far ahead the others are.
  const behind = heightOf(late) - seen.taken[0].height;
  assert.ok(executed <= behind + 8, `${executed} turns`);
  late.fall(5);
  while (!late.up) assert.ok(await town.step(() => {}));
  assert.equal(seen.events.filter((event) => event === "4 state").length, 1);
  // Without one of five a quorum needs its voice.
  second.fall(Number.POSITIVE_INFINITY);
  const height = heightOf(late);
  let compared = 0;
  while (heightOf(late) < height + 100) {
    assert.ok(await town.step(() => {}));
    if (town.events % 16 === 0) compared += sameAt(town);
  }
  assert.ok(compared > 20, `${compared}`);
});

test("a log whose state is damaged is not executed", async () => {
  const town = townOf({ packer: undefined });
  const seen = watch(town);
  await town.start();
  const victim = town.gateways[3];
  await until(town, 40);
  victim.fall(Number.POSITIVE_INFINITY);
  victim.loseDisk();
  await until(town, 100);
  await victim.start();
  while (seen.taken.length === 0 || !victim.up) assert.ok(await town.step(() => {}));
  victim.fall(Number.POSITIVE_INFINITY);
  const entries = [...victim.store.read()];
  const kept = victim.store.kept("base")!;
  const piece = entries.find(({ kind }) => kind === EntryKind.piece)!;
  const restart = async (change: (entry: LogEntry) => LogEntry): Promise<unknown> => {
    victim.store = openMemoryStore();
    victim.store.append(entries.map(change));
    victim.store.keep("base", kept);
    let failed: unknown;
    town.failed = (_gateway, error) => {
      failed = error;
    };
    await victim.start();
    victim.fall(Number.POSITIVE_INFINITY);
    return failed;
  };
  assert.equal(await restart((entry) => entry), undefined);
  const damaged = await restart((entry) =>
    entry === piece ? { ...entry, bytes: entry.bytes.with(900, entry.bytes[900] ^ 1) } : entry,
  );
  assert.ok(damaged instanceof StateDamaged, String(damaged));
  const { code, message } = explainFailure(damaged, "gateway.db");
  assert.equal(code, "STATE_DAMAGED");
  assert.match(message, /gateway\.db: the state at entry \d+ is damaged.*keyUsed/);
});
