// SPDX-License-Identifier: Apache-2.0
/** What a gateway takes from another for nodes that are heard here: words that nodes know, and so many. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { BROUGHT_FAST_PER_SECOND, BROUGHT_PER_SECOND } from "#core/limits";
import { creditNoticeRecord } from "#core/records/credit";
import { heardStruct } from "#core/records/turn";
import { tokenRecord } from "#core/records/witness";
import type { Area } from "#gateway/area";
import { Brought } from "#gateway/consortium/brought";
import { packEntry } from "#gateway/entries";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { smallWorld } from "#host-sim/smartchain/small-world";
import { Town } from "#host-sim/town/town";

let town: Town;
let node: string;
const said: { topic: string; payload: Uint8Array }[] = [];
const areaOf = (index: number): Area => town.gateways[index].gateway!.area;

before(async () => {
  town = new Town({ seed: 3, gateways: 4, world: smallWorld(3, 4, 4, 900), crypto: keyedCrypto() });
  await town.start();
  await town.runFor(300);
  node = [...areaOf(0).sessions.keys()][0];
  town.publishes = (gateway, topic, payload) => {
    if (gateway.index === 0) said.push({ topic, payload });
    return payload;
  };
});

const token = (net = areaOf(0).options.net) =>
  tokenRecord.encode({
    ...{ net, txid: new Uint8Array(32), witness: areaOf(0).idBytes, code: 1, token: undefined },
  });
/** A word of the bank of gateway `bank`. */
const word = (bank: number, net = areaOf(0).options.net) => {
  const value = { net, bank: areaOf(bank).idBytes, node: areaOf(0).idBytes };
  const notice = { ...value, about: new Uint8Array(32), code: 1, atMs: 1 };
  return signRecord(creditNoticeRecord, town.crypto, new Uint8Array(32).fill(9), notice).bytes;
};
const brought = (topic: string, payload: Uint8Array) => packEntry(heardStruct, { topic, payload });
const take = (kind: "ask" | "down", bytes: Uint8Array, from = areaOf(1).id) => {
  const taken = new Brought().take(areaOf(0), from, kind, bytes, 0);
  return taken.ok ? taken.topic : taken.code;
};

test("a token and a bank's word go on under the very topic of their kind; nothing else does", () => {
  const below = `${areaOf(0).topics.prefix}/node/${node}`;
  assert.equal(take("down", brought(`${node}/down/token`, token())), `${below}/down/token`);
  assert.equal(take("down", brought(`${node}/down/credit`, word(1))), `${below}/down/credit`);
  assert.equal(take("ask", brought(`${node}/up/ask`, new Uint8Array(1))), `${below}/up/ask`);
  for (const way of ["down/token/#", "down/token/x", "down/token/", "down/+", "down/receipt"])
    assert.equal(take("down", brought(`${node}/${way}`, token())), "UNKNOWN_TOPIC", way);
  for (const way of ["up/ask/#", "up/ask/", "up/token", "down/token"])
    assert.equal(take("ask", brought(`${node}/${way}`, token())), "UNKNOWN_TOPIC", way);
  assert.equal(take("ask", brought(`${node}/down/token`, token())), "UNKNOWN_TOPIC");
  assert.equal(take("down", brought(`${node}/up/ask`, token())), "UNKNOWN_TOPIC");
  const stranger = "0".repeat(32);
  assert.equal(take("down", brought(`${stranger}/down/token`, token())), "UNKNOWN_NODE");
  assert.equal(take("down", brought("down", token())), "UNKNOWN_NODE");
});

test("what is in no form of its kind, too long, or another bank's word goes no further", () => {
  const credit = (payload: Uint8Array) => take("down", brought(`${node}/down/credit`, payload));
  const tokens = (payload: Uint8Array) => take("down", brought(`${node}/down/token`, payload));
  assert.equal(credit(word(2)), "UNKNOWN_TOPIC");
  assert.equal(credit(word(1, "other")), "UNKNOWN_TOPIC");
  assert.equal(credit(token()), "UNKNOWN_TOPIC");
  assert.equal(credit(new Uint8Array(100)), "UNKNOWN_TOPIC");
  assert.equal(tokens(word(1)), "UNKNOWN_TOPIC");
  assert.equal(tokens(token("other")), "UNKNOWN_TOPIC");
  assert.equal(tokens(new Uint8Array(0)), "UNKNOWN_TOPIC");
  assert.equal(tokens(new Uint8Array(16_000)), "OVERSIZED");
  assert.equal(take("down", new Uint8Array(100)), "MALFORMED");
});

test("each gateway brings so many for each node in a second, and more where time is faster", () => {
  const few = new Brought();
  const bytes = brought(`${node}/down/token`, token());
  const count = (area: Area, from: string, nowMs: number) => {
    let taken = 0;
    for (let i = 0; i < 2 * BROUGHT_FAST_PER_SECOND; i++)
      if (few.take(area, from, "down", bytes, nowMs).ok) taken++;
    return taken;
  };
  const area = areaOf(0);
  const at = (clock: Area["options"]["clock"]): Area => {
    const options = { ...area.options, clock };
    return {
      ...{ sessions: area.sessions, topics: area.topics, ports: area.ports },
      options,
    } as Area;
  };
  const real = at({ kind: "running", ratePermille: 1000 });
  assert.equal(count(real, "a", 100), BROUGHT_PER_SECOND);
  assert.equal(count(real, "a", 999), 0);
  assert.equal(count(real, "b", 999), BROUGHT_PER_SECOND);
  assert.equal(count(real, "a", 1000), BROUGHT_PER_SECOND);
  assert.equal(
    count(at({ kind: "running", ratePermille: 4000 }), "a", 2000),
    4 * BROUGHT_PER_SECOND,
  );
  assert.equal(count(at({ kind: "barrier" }), "a", 3000), BROUGHT_FAST_PER_SECOND);
});

test("a gateway that sends anything makes another say what its node can read, and no more", async () => {
  const { replica } = town.gateways[1].gateway!.seat!;
  const junk = () => replica.pass(areaOf(0).id, "down", brought(`${node}/down/token/#`, token()));
  const tokens = () => said.filter(({ topic }) => topic.includes("/down/token"));
  const before = tokens().length;
  for (let i = 0; i < 100; i++) junk();
  replica.pass(areaOf(0).id, "down", brought(`${node}/down/token`, new Uint8Array(10)));
  replica.pass(areaOf(0).id, "down", brought(`${node}/down/token`, token()));
  await town.runFor(500);
  const more = tokens().slice(before);
  assert.ok(more.every(({ topic }) => topic.endsWith("/down/token")));
  assert.ok(more.some(({ payload }) => toHex(payload) === toHex(token())));
  assert.ok(more.every(({ payload }) => tokenRecord.decode(payload).ok));
});
