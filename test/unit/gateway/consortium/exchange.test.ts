// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { Archive } from "#gateway/consortium/archive";
import { Exchange } from "#gateway/consortium/exchange";
import { Feeds } from "#gateway/consortium/feeds";
import { openMemoryStore } from "#node/store/memory";

const peers = ["11".repeat(16), "22".repeat(16), "33".repeat(16)];

function start(): { exchange: Exchange; asked: string[] } {
  const asked: string[] = [];
  const link = { send: (to?: string) => void asked.push(to!), listen: () => {} };
  const exchange = new Exchange(
    "test",
    "00".repeat(16),
    link,
    new Feeds([]),
    new Archive(openMemoryStore()),
  );
  return { exchange, asked };
}

test("two things that are missing are each asked of one gateway after the other", () => {
  const { exchange, asked } = start();
  for (let i = 0; i < 3; i++)
    for (const gateway of peers.slice(0, 2))
      exchange.ask({ gateway, from: 1, to: 1 }, peers, 1000 + i * 350);
  const first = asked.filter((_, i) => i % 2 === 0);
  const second = asked.filter((_, i) => i % 2 === 1);
  assert.deepEqual(new Set(first), new Set(peers));
  assert.deepEqual(new Set(second), new Set(peers));
});

test("of a number that was used twice the one with its id is asked for, of the others first", () => {
  const { exchange, asked } = start();
  const missing = { gateway: peers[2], from: 1, to: 1, forked: true };
  const [one, other] = [1, 2].map((n) => new Uint8Array(32).fill(n));
  exchange.ask({ ...missing, id: one }, peers, 1000);
  exchange.ask({ ...missing, id: other }, peers, 1000);
  exchange.ask({ ...missing, id: one }, peers, 1100);
  assert.deepEqual(asked, [peers[0], peers[0]]);
});

test("the same is not asked for again at once, and a clock that is set back stops nobody", () => {
  const { exchange, asked } = start();
  const missing = { gateway: peers[0], from: 1, to: 2 };
  exchange.ask(missing, peers, 1000);
  exchange.ask(missing, peers, 1100);
  assert.equal(asked.length, 1);
  exchange.ask(missing, peers, 400);
  assert.equal(asked.length, 2);
});
