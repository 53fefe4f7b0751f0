// SPDX-License-Identifier: Apache-2.0
/** What peers sent is read by turns, with pauses, and so much of it waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { PeerInbox } from "#node/consortium/peer-inbox";
import { until } from "../mqtt-tools.ts";

interface Letter {
  name: string;
  bytes: Uint8Array;
  again: boolean;
}

const letter = (name: string, bytes = 1, again = false): Letter => {
  return { name, bytes: new Uint8Array(bytes), again };
};

function inboxOf(onRead: (one: Letter) => void = () => {}) {
  const read: string[] = [];
  const faults: unknown[] = [];
  const inbox = new PeerInbox<Letter>({
    read(one) {
      read.push(one.name);
      onRead(one);
    },
    fail: (error) => void faults.push(error),
  });
  return { inbox, read, faults };
}

test("one that says much keeps nobody waiting, and each one's messages stay in order", async () => {
  const { inbox, read } = inboxOf();
  for (let i = 0; i < 1000; i++) inbox.put("liar", letter(`l${i}`));
  for (let i = 0; i < 3; i++) inbox.put("honest", letter(`h${i}`));
  assert.equal(read.length, 0, "not within the caller's turn");
  await turnOfLoop();
  assert.deepEqual(read.slice(0, 7), ["l0", "h0", "l1", "h1", "l2", "h2", "l3"]);
  await until(() => read.length === 1003, "all");
  assert.deepEqual(
    read.filter((name) => name.startsWith("l")),
    Array.from({ length: 1000 }, (_, i) => `l${i}`),
  );
});

test("the loop turns between messages that take long", async () => {
  const busy = () => {
    const untilMs = performance.now() + 4;
    while (performance.now() < untilMs);
  };
  const { inbox, read } = inboxOf(busy);
  for (let i = 0; i < 20; i++) inbox.put("peer", letter(`${i}`));
  await turnOfLoop();
  await turnOfLoop();
  assert.ok(read.length > 0 && read.length <= 8, `${read.length} before the loop turned`);
  await until(() => read.length === 20, "all");
});

test("messages and bytes that wait are bounded for each peer; what is said again goes first", async () => {
  const { inbox, read } = inboxOf();
  assert.equal(inbox.put("one", letter("word", 1, true)), 0);
  let dropped = 0;
  for (let i = 0; i < 8191; i++) dropped += inbox.put("one", letter(`${i}`));
  assert.equal(dropped, 0);
  assert.equal(inbox.put("one", letter("in the word's place")), 1);
  assert.equal(inbox.put("one", letter("too much")), 1);
  assert.equal(inbox.put("one", letter("too much too", 1, true)), 1);
  for (let i = 0; i < 128; i++) dropped += inbox.put("two", letter("", 64 * 1024));
  assert.equal(dropped, 0);
  assert.equal(inbox.put("two", letter("one byte more")), 1);
  await until(() => read.length === 8192 + 128, "all");
  await turnOfLoop();
  assert.equal(read.length, 8192 + 128);
  assert.ok(read.includes("in the word's place") && !read.includes("word"));
  assert.equal(inbox.put("two", letter("room again")), 0);
});

test("nothing is read after the end, or after a fault of the reader", async () => {
  const { inbox, read, faults } = inboxOf(({ name }) => {
    if (name === "bad") throw new Error("of the handler");
  });
  for (const name of ["good", "bad", "next"]) inbox.put("peer", letter(name));
  await until(() => faults.length > 0, "the fault");
  assert.equal(inbox.put("peer", letter("late")), 1);
  await turnOfLoop();
  assert.deepEqual(read, ["good", "bad"]);
  assert.equal(faults.length, 1);
});
