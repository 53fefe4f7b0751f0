// SPDX-License-Identifier: Apache-2.0
/** What a panel shows of a node: numbers exactly, in bounds, and alarms once each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TxState } from "#core/votes/tally";
import { Alarms, type FaceFacts, type FaceNode, faceOf, kwhText } from "#host-sim/panel/face";
import {
  ALARM_CHARS_MAX,
  ALARMS_MAX,
  parseMeterMessage,
  stateText,
} from "#host-sim/panel/protocol";
import { firstState } from "#meter/state";

const FACTS: FaceFacts = { name: "m", connected: true, alarms: [] };
const HOME = { loadW: 0, pvW: 0, line: true, fault: "none" as const, update: "" };

function nodeWith(changes: Partial<FaceNode> = {}): FaceNode {
  return {
    id: "00ff",
    state: firstState(),
    clock: { nowMs: () => 0, running: false, quality: 0 },
    speaker: { open: false },
    ...changes,
  };
}

test("kWh have three places, rounded down, at any size", () => {
  const texts: [bigint, string][] = [
    [0n, "0.000"],
    [999n, "0.000"],
    [1000n, "0.001"],
    [999_999n, "0.999"],
    [1_000_000n, "1.000"],
    [12_345_678_999n, "12345.678"],
    [0xffff_ffff_ffff_ffffn, "18446744073709.551"],
  ];
  for (const [mwh, text] of texts) assert.equal(kwhText(mwh), text);
  fc.assert(
    fc.property(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), (mwh) => {
      const [kwh, wh] = kwhText(mwh).split(".");
      assert.equal(wh.length, 3);
      assert.equal(BigInt(kwh) * 1000n + BigInt(wh), mwh / 1000n);
    }),
  );
});

test("a node that was never on has a face that fits the protocol", () => {
  const face = faceOf(nodeWith(), FACTS);
  assert.deepEqual(
    [face.role, face.link, face.slot, face.timeMs, face.trade, face.quality, face.ratePermille],
    ["idle", "joining", null, null, null, "unknown", 0],
  );
  assert.ok(parseMeterMessage(stateText({ ...face, ...HOME })).ok);
});

test("role, slot, link and clock follow the node", () => {
  const state = firstState();
  state.boundary = 8;
  state.saidSeq = 12;
  state.receiptedSeq = 9;
  state.lastNetMwh = { import: 1_000n, export: 2_999n };
  const clock = { nowMs: () => 5000, running: true, quality: 1, ratePermille: 60_000 };
  const node = nodeWith({ state, clock, speaker: { open: true } });
  const seller = faceOf(node, FACTS);
  assert.deepEqual(
    [seller.role, seller.netWh, seller.slot, seller.waiting, seller.link],
    ["seller", -1, 7, 3, "online"],
  );
  assert.deepEqual(
    [seller.timeMs, seller.quality, seller.ratePermille],
    [5000, "holdover", 60_000],
  );
  state.lastNetMwh = { import: 2_999n, export: 1_000n };
  const buyer = faceOf(node, { ...FACTS, connected: false });
  assert.deepEqual([buyer.role, buyer.netWh, buyer.link], ["buyer", 1, "offline"]);
});

test("a trade's price is exact where 2^53 is passed", () => {
  const sums = { energyWh: 742, coinsMicro: 118_721, partners: 2 };
  const sold = faceOf(nodeWith({ lastTrade: { slot: 3, sold: true, ...sums } }), FACTS).trade;
  const price = Math.floor((118_721 * 1000) / 742);
  assert.deepEqual(sold, {
    slot: 3,
    side: "sold",
    energyWh: 742,
    coinsMicro: 118_721,
    priceMicroPerKwh: price,
    partners: 2,
    state: "unknown",
  });
  const huge = { energyWh: 999_999_999, coinsMicro: 999_999_999_999_999, partners: 1 };
  const bought = faceOf(nodeWith({ lastTrade: { slot: 3, sold: false, ...huge } }), FACTS).trade;
  assert.equal(bought?.priceMicroPerKwh, 1_000_000_000);
  assert.equal(bought?.side, "bought");
});

test("alarms are the log's errors: the newest, each once, as the protocol takes them", () => {
  const alarms = new Alarms();
  alarms.note("warn", "refused", { seq: 1 });
  alarms.note("error", "alarm", { code: "GATEWAY_SIGNATURE", detail: "caps" });
  alarms.note("error", "state-lost", { node: "m", said: 1, receipted: 2 });
  alarms.note("error", "alarm", { code: "GATEWAY_SIGNATURE", detail: "caps" });
  const both = ["state-lost said=1 receipted=2", "GATEWAY_SIGNATURE caps"];
  assert.deepEqual(alarms.texts, both);
  for (let i = 0; i < 2 * ALARMS_MAX; i++)
    alarms.note("error", "alarm", { code: `C${i}`, detail: `\n"ü${"x".repeat(ALARM_CHARS_MAX)}` });
  assert.equal(alarms.texts.length, ALARMS_MAX);
  assert.match(alarms.texts[ALARMS_MAX - 1], /^C15 \?"\?xxx/);
  const face = faceOf(nodeWith(), { ...FACTS, alarms: alarms.texts });
  assert.ok(parseMeterMessage(stateText({ ...face, ...HOME })).ok);
});

test("a claim code is shown until there is a certificate", () => {
  const claim = "7K2M-9QX4";
  const shown = (node: FaceNode, facts: FaceFacts) => {
    const state = { ...faceOf(node, facts), ...HOME };
    const parsed = parseMeterMessage(stateText(state));
    assert.ok(parsed.ok && "state" in parsed.value);
    return parsed.value.state.claim;
  };
  assert.equal(shown(nodeWith(), FACTS), undefined);
  assert.equal(shown(nodeWith({ enrolment: {} }), { ...FACTS, claim }), claim);
  assert.equal(shown(nodeWith({ enrolment: { certificate: {} } }), { ...FACTS, claim }), undefined);
});

test("a body that waits shows its tokens, and a trade how far its transaction is", () => {
  const sums = { energyWh: 1, coinsMicro: 1, partners: 1 };
  const txid = new Uint8Array(32);
  const lastTrade = { slot: 3, sold: true, ...sums, txid };
  const slots = { issuer: { progress: { tokens: 6, needed: 7 } } };
  const observer = { stateOf: (id: Uint8Array) => (id === txid ? TxState.accepted : 0) };
  const face = faceOf(nodeWith({ lastTrade, slots, observer }), FACTS);
  assert.deepEqual(face.tokens, { tokens: 6, needed: 7 });
  assert.equal(face.trade?.state, "accepted");
  const idle = faceOf(nodeWith({ slots: { issuer: { progress: undefined } } }), FACTS);
  assert.equal("tokens" in idle, false);
});
