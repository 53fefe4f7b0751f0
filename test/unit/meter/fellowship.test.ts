// SPDX-License-Identifier: Apache-2.0
/** What a node does with the keys of a consortium's gateways, of all and of some. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeIdOf } from "#core/identity";
import { Topics } from "#core/topics";
import { memoryStore } from "#host-sim/fleet/store";
import type { NodeConfig } from "#meter/config";
import { Conversation } from "#meter/conversation";
import { certifierOf } from "#meter/fellowship";
import { Consortium, NET } from "../../helpers/consortium.ts";

const { crypto, set } = new Consortium(7);
const keys = set.list.map(({ publicKey }) => publicKey);

function bench(gateways: Uint8Array[], gatewayCount?: number) {
  const config = { net: NET, gatewayKey: keys[0], gateways, gatewayCount } as unknown as NodeConfig;
  const ports = { crypto, store: memoryStore(), log: () => {}, time: { uptimeMs: () => 0 } };
  const conversation = new Conversation({} as never, config, ports);
  const node = { topics: new Topics("street-1"), conversation };
  return { conversation, certifier: certifierOf(node as never, config, ports as never) };
}

test("with the keys of all gateways certificates are checked, and tokens counted by those", () => {
  const { conversation, certifier } = bench(keys);
  assert.equal(certifier?.fellows.quorum, 5);
  assert.equal(conversation.gatewayCount, 7);
});

test("with the keys of some no certificate is checked, and tokens counted by how many there are", () => {
  const { conversation, certifier } = bench(keys.slice(0, 4), 7);
  assert.equal(certifier, undefined);
  assert.equal(conversation.gatewayCount, 7);
  // In the order of all: tokens have to stand in it.
  const known = conversation.gateways.map(({ node }) => node);
  const all = bench(keys).conversation.gateways.map(({ node }) => node);
  const given = keys.slice(0, 4).map((key) => nodeIdOf(crypto, key).join());
  assert.deepEqual(
    known,
    all.filter((id) => given.includes(id.join())),
  );
});

test("a gateway that keeps its ledger alone is one", () => {
  const config = { net: NET, gatewayKey: keys[0] } as NodeConfig;
  const conversation = new Conversation({} as never, config, { crypto, log: () => {} });
  assert.deepEqual([conversation.gatewayCount, conversation.gateways.length], [1, 1]);
});
