// SPDX-License-Identifier: Apache-2.0
/** A node that boots checks what it owns against a block's state root (paper 1, II-B-1). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { openSigned, type RecordType } from "#core/codec/record";
import { MAP_STEP_BYTES } from "#core/crypto/map-proof";
import { accountRecord } from "#core/records/account";
import { type BalanceProof, proofRecord } from "#core/records/proof";
import { walletCommitment } from "#core/wallets";
import { proofFault } from "#meter/inspect";
import { crypto, LocalArea, worldOf } from "../../helpers/local-area.ts";

const NET_WH = [-600, 700, 300, -200, 100].map((wh) => Array.from({ length: 5 }, () => wh));
const HOME = 1;

interface Heard {
  proof: BalanceProof;
  account: { header: Uint8Array; freeMicro: number; lockedMicro: number };
}

/** Boots a node again after slot 3, with what its gateway greets it with. */
async function rebooted(lie?: <T>(type: RecordType<T>, value: T) => T) {
  const heard: Partial<Heard> = {};
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH),
    down: (home, topic, payload) => {
      if (home !== HOME) return true;
      const what = topic.slice(topic.lastIndexOf("/") + 1);
      const proof = what === "proof" ? openSigned(proofRecord, crypto, payload) : undefined;
      const account = what === "account" ? openSigned(accountRecord, crypto, payload) : undefined;
      // The proof comes right after the account that it is about.
      if (account?.ok && !heard.proof) heard.account = account.value;
      if (proof?.ok) heard.proof = proof.value;
      return true;
    },
  });
  await area.start();
  await area.run(() => area.gateway.area.settledSlots === 3);
  area.stopNode(HOME);
  heard.proof = undefined;
  const { area: inner } = area.gateway;
  const sign = inner.sign.bind(inner);
  if (lie) inner.sign = (type, value) => sign(type, lie(type, value));
  area.startNode(HOME);
  await area.settle();
  const alarms = area.logs.filter(({ who, event }) => who === `home ${HOME}` && event === "alarm");
  assert.ok(heard.proof && heard.account, "it was greeted");
  return { area, heard: heard as Heard, alarms: alarms.map(({ facts }) => facts) };
}

test("a node that boots finds its balance, its locks and its addresses under the state root", async () => {
  const { area, heard, alarms } = await rebooted();
  assert.deepEqual(alarms, []);
  const { proof, account } = heard;
  const steps = proof.path.length / MAP_STEP_BYTES;
  assert.ok(Number.isInteger(steps) && steps >= 3, "five members, their locks, and totals");
  assert.deepEqual(
    [proof.balanceMicro, proof.lockedMicro],
    [account.freeMicro, account.lockedMicro],
  );
  assert.equal(toHex(proof.node), area.nodeId(HOME));
});

test("what is not under the state root, or not what the account says, is a fault", async () => {
  const { area, heard } = await rebooted();
  const { proof, account } = heard;
  const { publicKey, options } = area.gateway.area;
  const commitment = area.gateway.area.chain.state.newestSet(area.nodeId(HOME)).commitment;
  const faultOf = (changes: Partial<BalanceProof>, of = account, key = publicKey) =>
    proofFault(crypto, key, options.net, { ...proof, ...changes }, of, commitment);
  assert.equal(faultOf({}), undefined);
  const other = crypto.sha256(commitment);
  const faults: [string, string | undefined, RegExp][] = [
    ["more", faultOf({ balanceMicro: proof.balanceMicro + 1 }), /not under/],
    ["locked", faultOf({ lockedMicro: proof.lockedMicro + 1 }), /not under/],
    ["another node", faultOf({ node: proof.node.slice().fill(1) }), /not under/],
    ["half a step", faultOf({ path: proof.path.slice(1) }), /not under/],
    ["a shorter path", faultOf({ path: proof.path.slice(MAP_STEP_BYTES) }), /not under/],
    ["no path", faultOf({ path: new Uint8Array(0) }), /not under/],
    ["another path", faultOf({ path: proof.path.toReversed() }), /not under/],
    ["another set", faultOf({ walletSet: proof.walletSet + 1 }), /not under/],
    ["other addresses", faultOf({ commitment: other }), /not under/],
    ["no header", faultOf({ header: Uint8Array.of(0x80) }), /no header/],
    ["another's header", faultOf({}, account, crypto.publicKey(other)), /no header/],
    ["another block", faultOf({}, { ...account, header: other }), /another block/],
    ["another balance", faultOf({}, { ...account, freeMicro: 1 }), /under the state root/],
    ["other locks", faultOf({}, { ...account, lockedMicro: 1 }), /under the state root/],
  ];
  for (const [what, fault, expected] of faults) assert.match(fault ?? "", expected, what);
  const foreign = walletCommitment(crypto, other);
  const fault = proofFault(crypto, publicKey, options.net, proof, account, foreign);
  assert.match(fault ?? "", /addresses/);
});

test("a gateway that says another balance than its block has is found out", async () => {
  const { area, alarms } = await rebooted((type, value) => {
    if ((type as { kind: number }).kind !== accountRecord.kind) return value;
    const account = value as { freeMicro: number };
    return { ...value, freeMicro: account.freeMicro - 1 };
  });
  assert.equal((alarms[0] as { code: string }).code, "GATEWAY_BALANCE");
  const session = area.gateway.area.sessions.get(area.nodeId(HOME))!;
  assert.equal(session.alarm, "GATEWAY_BALANCE", "and all can see it");
});
