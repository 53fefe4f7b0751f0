// SPDX-License-Identifier: Apache-2.0
/** Logs that are kept short begin with a state; who is behind gets there by one, and all go on alike. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "#gateway/audit/audit";
import { writeExport } from "#gateway/audit/export";
import { EntryKind } from "#gateway/entries";
import { basesIn } from "#gateway/handout/base";
import { fingerprint } from "#host-sim/chaos/town/fingerprint";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town, type TownSetup } from "#host-sim/town/town";
import type { TownGateway } from "#host-sim/town/town-gateway";

const KEEP = 48;

function townOf(setup: Partial<TownSetup> = {}): Town {
  return new Town({
    seed: 12,
    gateways: 4,
    world: smallWorld(12, 6, 40, 900),
    crypto: keyedCrypto(),
    consortium: { stateTurns: 16, keepTurns: KEEP },
    ...setup,
  });
}

function heightOf({ gateway }: TownGateway): number {
  return gateway?.seat?.replica.past.before.height ?? 0;
}

async function until(town: Town, height: number): Promise<void> {
  while (town.gateways.every((one) => heightOf(one) < height))
    assert.ok(await town.step(() => {}), "nothing goes on");
}

function checkSame(town: Town): number {
  const prints = new Map<number, string>();
  let compared = 0;
  for (const one of town.gateways) {
    if (!one.gateway) continue;
    const print = fingerprint(one.gateway.area);
    const other = prints.get(heightOf(one));
    assert.equal(print, other ?? print, `turn ${heightOf(one)}`);
    if (other !== undefined) compared++;
    prints.set(heightOf(one), print);
  }
  return compared;
}

/** Its log has no more turns than two states are apart, and can be checked as far as it goes. */
function checkLog(town: Town, { store }: TownGateway): void {
  const entries = [...store.read()];
  const turns = entries.filter(({ kind }) => kind === EntryKind.turn).length;
  assert.ok(turns >= KEEP && turns <= 2 * KEEP + 32, `${turns} turns`);
  const result = audit(entries, { crypto: town.crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  assert.ok(result.summary.state!.dropped > 0);
  assert.throws(() => [...writeExport(entries, { crypto: town.crypto })], /keepTurns/);
}

test("short logs: restarts, a lost disk, and the same ledger to the end", async () => {
  const town = townOf();
  const taken: number[] = [];
  const restarts: number[] = [];
  const pruned = new Set<number>();
  town.logged = ({ index }, event) => {
    if (event === "state-taken") taken.push(index);
    if (event === "state") restarts.push(index);
    if (event === "log-pruned") pruned.add(index);
  };
  await town.start();
  const [first, second, , victim] = town.gateways;
  await until(town, 60);
  victim.fall(Number.POSITIVE_INFINITY);
  victim.loseDisk();
  await until(town, 200);
  for (const one of [first, second]) assert.ok(one.store.gap, `${one.index}`);
  // Two turns are no longer there: only a state helps.
  await victim.start();
  while (taken.length === 0) assert.ok(await town.step(() => {}));
  let compared = 0;
  let cuts = 0;
  while (!town.finished) {
    assert.ok(await town.step(() => {}));
    if (town.events % 16 === 0) compared += checkSame(town);
    // Power cuts at any moment, of one that has segments of its own that no turn took in.
    if (town.events % 700 === 0 && cuts < 6 && second.up) {
      cuts++;
      second.fall(3);
    }
  }
  await town.runFor(10_000);
  assert.deepEqual(taken, [3]);
  assert.equal(pruned.size, 4);
  assert.equal(restarts.filter((index) => index === 1).length, cuts);
  assert.ok(cuts > 3 && compared > 30, `${cuts} cuts, ${compared} compared`);
  assert.ok(checkSame(town) > 0);
  for (const one of town.gateways) {
    assert.equal(one.gateway!.seat!.replica.liars.size, 0);
    assert.equal(one.gateway!.seat!.replica.feeds.forks.size, 0, "a number was used twice");
    checkLog(town, one);
  }
});

test("a drop that a power cut came upon goes on at the next start", async () => {
  const town = townOf();
  await town.start();
  const [, , , victim] = town.gateways;
  await until(town, 130);
  victim.fall(Number.POSITIVE_INFINITY);
  const { store } = victim;
  const [, older] = basesIn(store);
  assert.ok(store.gap && older && store.gap.before === older.index);
  // As if less had been dropped: what is between is in the way of nobody.
  Object.defineProperty(store, "gap", {
    get: () => ({ ...whole, before: Math.min(whole.before, done) }),
  });
  const whole = { head: 2, before: older.index };
  let done = older.index - 5;
  const drop = store.drop.bind(store);
  store.drop = (head, before) => {
    done = Math.max(done, before);
    drop(head, before);
  };
  await victim.start();
  const height = heightOf(victim);
  while (heightOf(victim) < height + 4) assert.ok(await town.step(() => {}));
  assert.ok(done >= older.index);
});
