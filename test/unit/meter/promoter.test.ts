// SPDX-License-Identifier: Apache-2.0
/** When a node says a PROMOTE, and when it leaves a transaction to votes or a block (ledger 4.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WATCHED_MAX } from "#core/limits";
import type { Notice } from "#core/records/notice";
import { TxType } from "#core/records/tx";
import type { Intent } from "#meter/issuer";
import { Promoter } from "#meter/promoter";

const TICK_MS = 30_000;
const AGE_MAX_MS = 4 * TICK_MS;
const EPSILON_MS = 2000;
const HALF_MS = AGE_MAX_MS / 2;

function idOf(n: number): Uint8Array {
  return new Uint8Array(32).fill(n);
}

/** A node that can say one thing at a time; `state` is what it knows of all that it watches. */
function scene() {
  const state = { nowMs: 0, approved: false as boolean | undefined, decided: false };
  const said: Intent[] = [];
  const issuer = {
    busy: false,
    waits: false,
    say: (_notice: Notice, intent: Intent, fixed: (txid: Uint8Array, tsMs: number) => void) => {
      if (issuer.waits) return false;
      said.push(intent);
      fixed(idOf(99), intent.notBeforeMs);
      return true;
    },
  };
  const clock = {
    running: true,
    nowMs: () => state.nowMs,
    realDelayMs: (ms: number) => Math.max(0, ms - state.nowMs),
  };
  const node = {
    clock,
    speaker: { open: true, full: false },
    state: { txMs: 0 },
    slots: { issuer },
  };
  const standing = { approved: () => state.approved, decided: () => state.decided };
  const promoter = new Promoter(node as never, standing, () => {});
  const notice = { slot: 7, tickMs: TICK_MS, ageMaxMs: AGE_MAX_MS, endMs: 1e9 };
  promoter.follow(notice as Notice, EPSILON_MS);
  const at = (ms: number): number => {
    state.nowMs = ms;
    promoter.onTimer();
    return said.length;
  };
  return { state, said, issuer, node, promoter, at };
}

test("older than A_max / 2 it is promoted, once", () => {
  const { promoter, at, said } = scene();
  promoter.watch(idOf(1), 0, true);
  assert.equal(promoter.delayMs(), HALF_MS + 1);
  assert.equal(at(HALF_MS), 0);
  assert.equal(promoter.late(HALF_MS), undefined);
  assert.equal(at(HALF_MS + 1), 1);
  const { type, slot, legs, beforeMs, expiryMs } = said[0];
  assert.deepEqual([type, slot, legs], [TxType.promote, 7, []]);
  assert.deepEqual([beforeMs, expiryMs], [AGE_MAX_MS, AGE_MAX_MS]);
  assert.deepEqual(promoter.late(HALF_MS + 1)?.id, idOf(1), "what is said is to approve it");
  assert.equal(at(HALF_MS + 2), 1);
  assert.equal(promoter.delayMs(), undefined);
});

test("votes, an approval or a block are enough", () => {
  const cases: ((one: ReturnType<typeof scene>) => void)[] = [
    ({ state }) => (state.decided = true),
    ({ state }) => (state.approved = true),
    ({ state }) => (state.approved = undefined),
    ({ promoter }) => promoter.sealed(5),
    ({ node }) => (node.clock.running = false),
    ({ node }) => (node.speaker.open = false),
    ({ node }) => (node.speaker.full = true),
    ({ issuer }) => (issuer.busy = true),
    ({ issuer }) => (issuer.waits = true),
  ];
  for (const [index, happens] of cases.entries()) {
    const one = scene();
    one.promoter.watch(idOf(1), 5, true);
    happens(one);
    assert.equal(one.at(HALF_MS + 6), 0, `case ${index}`);
    assert.equal(one.promoter.delayMs(), undefined, `case ${index}`);
  }
  const later = scene();
  later.promoter.watch(idOf(1), 5, true);
  later.promoter.sealed(4);
  assert.equal(later.at(HALF_MS + 6), 1, "a block before it does not hold it");
});

test("too late for its tokens it is left to a block", () => {
  const { promoter, at } = scene();
  promoter.watch(idOf(1), 0, true);
  const lastMs = AGE_MAX_MS - TICK_MS - EPSILON_MS;
  assert.ok(promoter.late(lastMs));
  assert.equal(promoter.late(lastMs + 1), undefined);
  assert.equal(at(lastMs + 1), 0);
  assert.equal(promoter.delayMs(), undefined);
});

test("so is one that V7 keeps from being said in time", () => {
  const { promoter, at, node } = scene();
  promoter.watch(idOf(1), 0, true);
  node.state.txMs = HALF_MS + 1;
  assert.equal(at(HALF_MS + 1), 0);
  assert.equal(promoter.delayMs(), undefined);
});

test("one that was heard late gets Δ for its votes", () => {
  const { promoter, at, state } = scene();
  state.nowMs = HALF_MS;
  promoter.watch(idOf(1), 0, true);
  assert.equal(promoter.delayMs(), TICK_MS);
  assert.equal(at(HALF_MS + TICK_MS - EPSILON_MS), 0);
});

test("another's is approved by what is said, and gets no PROMOTE", () => {
  const { promoter, at } = scene();
  promoter.watch(idOf(1), 0, false);
  assert.equal(promoter.delayMs(), undefined);
  assert.equal(at(HALF_MS + 1), 0);
  assert.deepEqual(promoter.late(HALF_MS + 1)?.id, idOf(1));
});

test("one that waits for its witnesses is said when their time has come", () => {
  const { promoter, at, issuer, said } = scene();
  promoter.watch(idOf(1), 0, true);
  Object.assign(issuer, {
    say: () => {
      issuer.waits = true;
      return false;
    },
  });
  at(HALF_MS + 1);
  assert.equal(promoter.delayMs(), undefined, "the issuer wakes it");
  Object.assign(issuer, {
    waits: false,
    say: (_notice: Notice, intent: Intent) => said.push(intent) > 0,
  });
  assert.equal(at(HALF_MS + 2), 1);
});

test("of too many the oldest is left alone", () => {
  const { promoter, at } = scene();
  for (let n = 0; n <= WATCHED_MAX; n++) promoter.watch(idOf(n), n, true);
  at(HALF_MS + 1);
  assert.equal(promoter.late(HALF_MS + 1), undefined);
  assert.deepEqual(promoter.late(HALF_MS + 2)?.id, idOf(1));
});
