// SPDX-License-Identifier: Apache-2.0
/** A node checks its latest trade against the header of the block that settled it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { EffectKind, headerRecord } from "#core/records/block";
import { type Settlement, settlementRecord } from "#core/records/settlement";
import { settledBy } from "#meter/inspect";
import { crypto, LocalArea, worldOf } from "../../helpers/local-area.ts";

const NET_WH = [-600, 700, 300, -200, 0].map((wh) => Array.from({ length: 5 }, () => wh));
const [SELLER, BUYER, IDLE] = [0, 1, 4];

interface Run {
  area: LocalArea;
  heard: Map<number, Settlement[]>;
  alarms: () => { code?: string; detail?: string }[];
}

async function traded(lie?: (home: number, proof: Settlement) => Settlement): Promise<Run> {
  const heard = new Map<number, Settlement[]>();
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH),
    down: (home, topic, payload) => {
      if (!topic.endsWith("/settlement")) return true;
      const decoded = settlementRecord.decode(payload);
      assert.ok(decoded.ok);
      heard.set(home, [...(heard.get(home) ?? []), decoded.value]);
      if (!lie || home !== BUYER) return true;
      const changed = settlementRecord.encode(lie(home, decoded.value));
      area.running[home]!.node.onMessage(topic, changed);
      return false;
    },
  });
  await area.start();
  await area.run();
  await area.settle();
  const alarms = () =>
    area.logs
      .filter(({ event }) => event === "alarm")
      .map(({ facts }) => facts as { code?: string; detail?: string });
  return { area, heard, alarms };
}

test("who traded knows after each slot which block settled it; who did not hears nothing", async () => {
  const { area, heard, alarms } = await traded();
  assert.deepEqual(alarms(), []);
  for (const home of [SELLER, BUYER]) {
    assert.equal(heard.get(home)?.length, 5, "one for each slot");
    const [last] = heard.get(home)!.slice(-1);
    const header = openSigned(headerRecord, crypto, last.header);
    assert.ok(header.ok);
    const { lastTrade } = area.running[home]!.node;
    assert.equal(lastTrade?.height, header.value.height);
    const own = home === SELLER ? last.effect.sold : last.effect.bought;
    assert.equal(toHex(own!), toHex(lastTrade!.txid));
  }
  assert.equal(heard.get(IDLE), undefined);
});

test("a node that boots is told of its latest trade again, and a gateway that restarted knows it", async () => {
  const { area, heard, alarms } = await traded();
  area.stopNode(BUYER);
  heard.clear();
  area.startNode(BUYER);
  await area.settle();
  const [again] = heard.get(BUYER) ?? [];
  assert.ok(again, "with the greeting");
  assert.deepEqual(alarms(), []);
  const said = settlementRecord.encode(again);
  await area.startGateway(); // from its log
  assert.deepEqual(area.gateway.area.settlements.of(area.nodeId(BUYER)), said);
});

test("what is not an effect of the block, of this node and a payment is a fault", async () => {
  const { area, heard } = await traded();
  const [proof] = heard.get(BUYER)!.slice(-1);
  const { publicKey, options } = area.gateway.area;
  const own = area.running[BUYER]!.node.purse.addressAt(proof.walletSet, proof.wallet);
  const id = (bytes: Uint8Array) => {
    const opened = openSigned(headerRecord, crypto, bytes);
    return opened.ok ? opened.id : new Uint8Array(32);
  };
  const of = (changes: Partial<Settlement>, address = own, key = publicKey, known?: Uint8Array) =>
    settledBy(crypto, key, options.net, { ...proof, ...changes }, address, known);
  assert.ok(typeof of({}) === "object");
  const other = crypto.publicKey(crypto.sha256(publicKey));
  const { effect } = proof;
  assert.ok(typeof of({}, own, other, id(proof.header)) === "object", "the block is known");
  const faults: [string, ReturnType<typeof of>, RegExp][] = [
    ["no header", of({ header: Uint8Array.of(0x80) }), /no header/],
    ["another's header", of({}, own, other), /of the gateway/],
    ["another block is known", of({}, own, other, crypto.sha256(own)), /of the gateway/],
    ["more coins", of({ effect: { ...effect, micro: effect.micro + 1 } }), /not among/],
    ["more energy", of({ effect: { ...effect, qtyWh: effect.qtyWh + 1 } }), /not among/],
    ["another SOLD", of({ effect: { ...effect, sold: effect.bought } }), /not among/],
    ["another place", of({ index: proof.index + 1 }), /not among/],
    ["a shorter path", of({ path: proof.path.slice(1) }), /not among/],
    ["a lock", of({ effect: { ...effect, kind: EffectKind.lock } }), /no payment/],
    ["of another", of({}, crypto.sha256(own).subarray(0, 20)), /of another/],
  ];
  for (const [what, fault, expected] of faults) assert.match(String(fault), expected, what);
  const path = proof.path.map((step) => step.slice());
  for (const step of path)
    for (let i = 0; i < step.length; i++) {
      step[i] ^= 1;
      assert.match(String(of({ path })), /not among/);
      step[i] ^= 1;
    }
});

test("a gateway that says that another trade was settled is found out", async () => {
  const { area, alarms } = await traded((_, proof) => ({
    ...proof,
    effect: { ...proof.effect, micro: proof.effect.micro - 1 },
  }));
  assert.deepEqual(
    [alarms()[0].code, alarms()[0].detail],
    ["GATEWAY_TRADE", "not among the block's effects"],
  );
  assert.equal(area.running[BUYER]!.node.lastTrade?.height, undefined);
});
