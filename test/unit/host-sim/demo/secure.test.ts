// SPDX-License-Identifier: Apache-2.0
/** Parts of the secure demo: who is chosen, what is said as typed, and that its checks see what is wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, underWay } from "#host-sim/demo/secure/checks";
import { commandLine } from "#host-sim/demo/secure/desk";
import { type SlotTotals, slotTotals } from "#host-sim/demo/secure/reference";
import { rolesIn, tradableWh } from "#host-sim/demo/secure/roles";
import { firstSlotWithout } from "#host-sim/demo/secure/trace";
import { counts, type SecureFacts, secureSection } from "#host-sim/report/secure";
import { worldOf } from "#test/helpers/local-area";

test("what homes can trade is the smaller of surplus and demand, without those that are out", () => {
  const world = worldOf([
    [1000, -300],
    [-700, 200],
    [-200, -100],
  ]);
  assert.equal(tradableWh(world, 0, []), 900);
  assert.equal(tradableWh(world, 0, [1]), 200);
  assert.equal(tradableWh(world, 0, [0]), 0);
  assert.equal(tradableWh(world, 1, []), 200);
});

test("roles: whose absence shows, in a market that goes on", () => {
  const row = (netWh: number) => new Array(8).fill(netWh);
  // Home 0 trades nothing; 1 and 2 sell to 3 and 4, who need less than both have.
  const world = worldOf([row(0), row(-900), row(-400), row(600), row(500)]);
  const { revoked, expired, halfSlot, endSlot, endMs } = rolesIn(world);
  assert.notEqual(revoked, 0);
  assert.notEqual(expired, 0);
  assert.deepEqual([halfSlot, endSlot], [4, 6]);
  assert.equal(endMs, world.startMs + 6.25 * world.slotSeconds * 1000);
  assert.ok(tradableWh(world, 7, [revoked]) < tradableWh(world, 7, []));
  assert.ok(tradableWh(world, 7, [revoked, expired]) < tradableWh(world, 7, [revoked]));
  assert.ok(tradableWh(world, 7, [revoked, expired]) > 0);
});

test("a command is said with its options, quoted where a shell needs it", () => {
  const options = { connectionW: "40", out: "/nowhere/x", name: "it's me", claim: undefined };
  assert.equal(
    commandLine("enrol approve", ["house 1"], options),
    "$ wattle enrol approve 'house 1' --connection-w 40 --out /nowhere/x --name 'it'\\''s me'",
  );
});

test("the first slot without somebody counts only where nothing waits for it again", () => {
  const expected = new Map([
    [0, ["a", "b"]],
    [1, ["b"]],
    [2, ["a"]],
    [3, ["a"]],
  ]);
  const trace = { expected, revokedIn: new Map() };
  assert.equal(firstSlotWithout(trace, "a"), undefined);
  assert.equal(firstSlotWithout(trace, "b"), 2);
  assert.equal(firstSlotWithout(trace, "c"), 0);
});

const totals = (settlements: number, tradedWh: number, paidMicro: number): SlotTotals => ({
  settlements,
  tradedWh,
  paidMicro,
});

test("totals that only agree over all slots do not pass, nor does another price", () => {
  const expected = [totals(1, 10, 5), totals(1, 20, 5)];
  assert.equal(compare("", [0, 1], expected, expected).pass, true);
  const swapped = compare("", [0, 1], expected, [totals(1, 20, 5), totals(1, 10, 5)]);
  assert.equal(swapped.pass, false);
  assert.match(swapped.measured, /^30 Wh in 2 trades for 10 µc; other totals in slots 0,1$/);
  assert.equal(compare("", [0], expected, [totals(1, 10, 6)]).pass, false);
  assert.equal(compare("", [1], expected, [totals(0, 0, 0), expected[1]]).pass, true);
});

test("the slot of a revocation: with it, without it, or a part, and never more", () => {
  const [all, none] = [totals(3, 30, 9), totals(1, 12, 4)];
  const said = (traded: SlotTotals) => underWay(7, traded, all, none);
  assert.match(said(all).measured, /as with all/);
  assert.match(said(none).measured, /as without it/);
  assert.match(said(totals(2, 20, 6)).measured, /left to the meters/);
  assert.equal(said(totals(2, 20, 6)).pass, true);
  assert.equal(said(totals(3, 31, 9)).pass, false);
});

test("settlements add up by slot", () => {
  const one = { slot: 1, qtyWh: 5, ecashMicro: 2 };
  assert.deepEqual(slotTotals([one, { ...one, ecashMicro: 3n }, { ...one, slot: 9 }], 2), [
    totals(0, 0, 0),
    totals(2, 10, 5),
  ]);
});

test("the page has what went wrong, and nothing of a name is markup", () => {
  assert.equal(secureSection(undefined), "");
  const node = { name: "<b>", id: "00", serial: 1, until: "2026-01-01T00:00:00.000Z" };
  const out = { ...node, slot: 3, firstSlotWithout: 4, shownMicro: 1, ledgerMicro: 1, told: ["X"] };
  const facts: SecureFacts = {
    authority: { name: "demo", anchorKey: "00".repeat(32) },
    tls: { version: "TLSv1.3", cipher: "A" },
    enrolled: [node],
    revoked: { ...out, reason: "misbehaved", askedAfterSlot: 2 },
    expired: { ...out, firstSlotWithout: null },
    notAccepted: { A: 1, B: 7 },
    connectRefused: {},
    publishDenied: {},
    checks: [{ what: "Sum", required: "1", measured: "2", pass: false }],
  };
  const page = secureSection(facts);
  assert.match(page, /✗ 2/);
  assert.match(page, /B 7, A 1/);
  assert.match(page, /out from slot 4 on/);
  assert.match(page, /never out/);
  assert.doesNotMatch(page, /<b>/);
  assert.equal(counts({}), "none");
});
