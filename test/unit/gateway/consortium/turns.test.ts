// SPDX-License-Identifier: Apache-2.0
/** A turn names what the one before led to: the ledger, and the epoch in force. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Before, checkTurn, makeTurn, openTurn } from "#gateway/consortium/turns";

const hash = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const before: Before = {
  net: "test",
  height: 5,
  prev: hash(1),
  atMs: 1000,
  terms: hash(2),
  ledger: hash(3),
  epoch: { number: 7, digest: hash(4) },
};

function codeOf(made: Partial<Before>, checked: Partial<Before> = {}): string {
  const block = makeTurn({ ...before, ...made }, new Uint8Array(16), [], 2000, undefined);
  const opened = openTurn(block);
  assert.ok(opened);
  const verdict = checkTurn({ ...before, ...checked }, opened, 2000);
  return verdict.ok ? "ok" : verdict.code;
}

test("a turn of another ledger or epoch than the auditor's is none", () => {
  assert.equal(codeOf({}), "ok");
  assert.equal(codeOf({ ledger: hash(9) }), "TURN_LEDGER");
  const others = [{ number: 7, digest: hash(9) }, { number: 8, digest: hash(4) }, undefined];
  for (const epoch of others) {
    assert.equal(codeOf({ epoch }), "TURN_EPOCH");
    assert.equal(codeOf({}, { epoch }), "TURN_EPOCH");
    assert.equal(codeOf({ epoch }, { epoch }), "ok");
  }
});
