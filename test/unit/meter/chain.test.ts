// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Notice } from "#core/records/notice";
import { TxType } from "#core/records/tx";
import { draftBody } from "#meter/chain";
import { firstState, type NodeState, Uncertain } from "#meter/state";

const TICK_MS = 30_000;
const START_MS = 1_000_000;
const notice = { epoch: 1, epochStartMs: START_MS, tickMs: TICK_MS, nowMs: START_MS } as Notice;
const cap = { id: new Uint8Array(32).fill(4), tMs: START_MS + 5 };
const draft = { type: TxType.reserve, slot: 0, legs: [], expiryMs: 0, notBeforeMs: START_MS };

function tickAfter(changes: Partial<NodeState>): { seq: number; tick: number } {
  const state = { ...firstState(), ...changes };
  const body = draftBody("test", new Uint8Array(16), state, notice, () => [cap], draft);
  assert.ok(body);
  return { seq: body.seq, tick: body.tick };
}

test("the first body of all takes the tick it is made in", () => {
  assert.deepEqual(tickAfter({}), { seq: 1, tick: 0 });
});

test("a body follows its predecessor by a tick", () => {
  const txid = new Uint8Array(32).fill(1);
  assert.deepEqual(tickAfter({ txSeq: 3, txid, txMs: START_MS + 9 }), { seq: 4, tick: 1 });
});

test("so it does a first body that came to nothing: two of one number and tick would be a fraud", () => {
  const txMs = START_MS + 2 * TICK_MS + 7;
  assert.deepEqual(tickAfter({ uncertain: Uncertain.dropped, txMs }), { seq: 1, tick: 3 });
});

test("after a loss of state it is two ticks: an earlier life may have taken the next one", () => {
  const txMs = START_MS + 2 * TICK_MS + 7;
  const txid = new Uint8Array(32).fill(1);
  assert.deepEqual(tickAfter({ uncertain: Uncertain.lost, txMs }), { seq: 1, tick: 4 });
  const known = { uncertain: Uncertain.lost, txMs, txSeq: 8, txid };
  assert.deepEqual(tickAfter(known), { seq: 9, tick: 4 });
  const draftIn = (epoch: number) =>
    draftBody(
      "t",
      txid.slice(0, 16),
      { ...firstState(), ...known, txid: undefined },
      { ...notice, epoch },
      () => [cap],
      draft,
    );
  assert.equal(draftIn(0)?.tick, 0, "without witnesses nothing is signed twice");
});
