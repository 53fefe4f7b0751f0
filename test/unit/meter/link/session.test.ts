// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  LINK_ACK_MS,
  LINK_BACKOFF_FIRST_MS,
  LINK_CONNECT_MS,
  LINK_KEEP_ALIVE_MS,
  LINK_QUEUE_BYTES_MAX,
  LINK_QUEUE_MAX,
  LINK_SILENCE_SLACK_MS,
  LINK_UNACKED_MAX,
} from "#core/limits-device";
import { Bench, bytes, DOWN, ID, STATE, UP } from "./bench.ts";

test("it connects as the node, with its will, and subscribes before it tells the node", () => {
  const bench = new Bench({
    options: { user: "u" },
    password: () => Uint8Array.of(0, 255, 10).buffer,
  });
  let subscribed = 0;
  bench.onConnect = () => {
    subscribed = bench.broker.subscribed.length;
  };
  bench.online();
  const [connect] = bench.broker.connects;
  assert.equal(connect.clientId, ID);
  assert.equal(connect.clean, true);
  assert.equal(connect.keepalive, LINK_KEEP_ALIVE_MS / 1000);
  assert.equal(connect.username, "u");
  assert.deepEqual(connect.password, Buffer.from([0, 255, 10]), "bytes, as they are");
  assert.equal(connect.will!.topic, STATE);
  assert.equal(String(connect.will!.payload), '{"state":"offline","boot":7}');
  assert.equal(connect.will!.qos, 1);
  assert.equal(connect.will!.retain, true);
  assert.deepEqual(bench.broker.subscribed, bench.node.subscriptions());
  assert.equal(subscribed, 2);
  assert.deepEqual(bench.events, ["connect"]);
});

test("filters that do not fit into the socket's buffer at once are asked for one after the other", () => {
  const subscriptions = Array.from({ length: 7 }, (_, i) => `wattle/1/a/node/${ID}/down/${i}`);
  // The CONNECT just fits; of the filters three do.
  const bench = new Bench({ bufferBytes: () => 200, subscriptions }).online();
  assert.deepEqual(bench.broker.subscribed, subscriptions);
  assert.equal(bench.broker.subscribes, 3);
});

test("a refused subscription is no connection", () => {
  const bench = new Bench();
  bench.broker.subackCode = 0x80;
  bench.start();
  bench.timer.advance(60_000);
  assert.deepEqual(bench.events, []);
  assert.ok(bench.session.facts.attempts > 1);
  assert.equal(bench.session.online, false);
});

test("what is published arrives once, in order and whole, in fragments where it is large", () => {
  const bench = new Bench({ bufferBytes: () => 200 }).online();
  const texts = ["a", "b".repeat(150), "c".repeat(5_000), "", "d", "e".repeat(700)];
  for (const text of texts) bench.session.publish(UP, bytes(text), false);
  bench.timer.advance(5_000);
  assert.deepEqual(bench.published(UP), texts);
  assert.deepEqual(bench.census.misuse, []);
});

test("pings and acknowledgements get through between fragmented messages, however many wait", () => {
  const bench = new Bench({ bufferBytes: () => 300, delayMs: () => 50 }).online();
  const { facts } = bench.session;
  for (let i = 0; i < 600; i++) {
    const { dropped } = facts;
    while (facts.dropped === dropped) bench.session.publish(UP, bytes("x".repeat(1_500)), false);
    if (i % 10 === 0) bench.broker.push(DOWN, bytes(`message ${i}`));
    bench.timer.advance(500);
  }
  bench.timer.advance(5_000);
  assert.deepEqual(bench.events, ["connect"], "five minutes of uplink without a pause");
  assert.equal(bench.received.length, 60);
  assert.equal(bench.broker.acks, 60);
});

test("messages that come in pieces are put together; what is too long is dropped and counted", () => {
  const bench = new Bench({
    pieceBytes: (left, rng) => 1 + rng.below(left),
    options: { bytesMax: (topic) => (topic.endsWith("/epoch") ? 100_000 : 1_000) },
  }).online();
  const long = "l".repeat(60_000);
  bench.broker.push(DOWN, bytes("short"));
  bench.broker.push(DOWN, bytes("x".repeat(1_001)));
  bench.broker.push("wattle/1/a/epoch", bytes(long), 0);
  bench.broker.push(DOWN, bytes("y".repeat(1_000)));
  bench.timer.advance(10_000);
  assert.deepEqual(
    bench.received.map(({ topic, payload }) => [topic, Buffer.from(payload).toString()]),
    [
      [DOWN, "short"],
      ["wattle/1/a/epoch", long],
      [DOWN, "y".repeat(1_000)],
    ],
  );
  bench.session.close();
  assert.deepEqual([bench.session.facts.oversize, bench.session.facts.broken], [1, 0]);
  bench.assertGone();
});

test("nothing is published to a wildcard, to no topic, or to an endless one", () => {
  const bench = new Bench().online();
  for (const topic of ["", "a/+/b", "a/#", "a\0b", "ä".repeat(129)])
    bench.session.publish(topic, bytes("x"), false);
  bench.session.publish("ä".repeat(128), bytes("x"), false);
  bench.timer.advance(1_000);
  assert.equal(bench.session.facts.dropped, 5);
  assert.equal(bench.broker.published.length, 1);
});

test("the queue is bounded in messages and in bytes, and what is dropped is counted", () => {
  const bench = new Bench().online();
  bench.broker.ackPublishes = false;
  for (let i = 0; i < 300; i++) bench.session.publish(UP, bytes("x"), false);
  assert.equal(bench.session.facts.dropped, 300 - LINK_UNACKED_MAX - LINK_QUEUE_MAX);
  const heavy = new Bench().online();
  heavy.broker.ackPublishes = false;
  for (let i = 0; i < 100; i++) heavy.session.publish(UP, bytes("x".repeat(1_000)), false);
  heavy.timer.advance(10_000);
  const queued = Math.floor(LINK_QUEUE_BYTES_MAX / 1_000);
  const taken = 100 - heavy.session.facts.dropped;
  assert.ok(taken >= queued && taken <= queued + LINK_UNACKED_MAX, `${taken} were taken`);
  assert.equal(heavy.broker.published.length, LINK_UNACKED_MAX, "written without PUBACK");
});

test("a single message may be longer than the queue", () => {
  const bench = new Bench().online();
  const long = "x".repeat(LINK_QUEUE_BYTES_MAX + 1);
  bench.session.publish(UP, bytes(long), false);
  bench.timer.advance(1_000);
  assert.deepEqual(bench.published(UP), [long]);
});

test("without a connection publishes are dropped: the outbox has them", () => {
  const bench = new Bench();
  bench.session.publish(UP, bytes("x"), false);
  bench.online();
  bench.broker.kick();
  bench.timer.advance(10);
  bench.session.publish(UP, bytes("y"), false);
  bench.timer.advance(60_000);
  assert.equal(bench.session.facts.dropped, 2);
  assert.deepEqual(bench.published(UP), []);
  assert.deepEqual(bench.events, ["connect", "disconnect", "connect"]);
});

test("the birth is said again once, after the will of the connection before", () => {
  const bench = new Bench();
  bench.onConnect = () => bench.session.publish(STATE, bytes("online"), true);
  bench.online();
  bench.timer.advance(1_000);
  bench.session.publish(STATE, bytes("alarm"), true);
  bench.timer.advance(60_000);
  assert.deepEqual(bench.published(STATE), ["online", "alarm", "alarm"]);
  assert.ok(bench.broker.published.every(({ retain }) => retain));
  bench.session.publish(STATE, bytes("later"), true);
  bench.timer.advance(60_000);
  assert.equal(bench.published(STATE).filter((text) => text === "later").length, 1);
});

test("a half-open connection is noticed by its silence", () => {
  const bench = new Bench().online();
  bench.timer.advance(10 * 60_000);
  assert.deepEqual(bench.events, ["connect"], "pings keep it");
  bench.broker.mute = true;
  bench.timer.advance(2 * LINK_KEEP_ALIVE_MS);
  assert.deepEqual(bench.events, ["connect", "disconnect"]);
  bench.broker.mute = false;
  bench.online();
});

test("silence is noticed also where the client does not notice it", () => {
  const bench = new Bench({ pings: false }).online();
  bench.timer.advance(1.5 * LINK_KEEP_ALIVE_MS);
  assert.equal(bench.session.online, true, "the client comes first");
  bench.broker.push(DOWN, bytes("any message counts"));
  bench.timer.advance(1.5 * LINK_KEEP_ALIVE_MS);
  assert.equal(bench.session.online, true);
  bench.timer.advance(LINK_SILENCE_SLACK_MS + 10);
  assert.deepEqual(bench.events, ["connect", "disconnect"]);
  const never = new Bench({ pings: false, options: { keepAliveMs: 0 } }).online();
  never.timer.advance(3_600_000);
  assert.equal(never.session.online, true, "without keep-alive nobody promised anything");
});

test("a broker that takes publishes and acknowledges none is left", () => {
  const bench = new Bench().online();
  bench.broker.ackPublishes = false;
  bench.session.publish(UP, bytes("x"), false);
  bench.timer.advance(LINK_ACK_MS - 100);
  assert.equal(bench.session.online, true);
  bench.timer.advance(200);
  assert.deepEqual(bench.events, ["connect", "disconnect"]);
});

test("a message without payload, which stops the SDK's client, costs that connection only", () => {
  const bench = new Bench().online();
  bench.broker.push(DOWN, bytes(""));
  bench.timer.advance(2 * LINK_KEEP_ALIVE_MS + LINK_BACKOFF_FIRST_MS);
  bench.broker.push(DOWN, bytes("heard"));
  bench.timer.advance(1_000);
  assert.deepEqual(
    bench.received.map(({ payload }) => Buffer.from(payload).toString()),
    ["heard"],
  );
});

test("an attempt that hangs, wherever, ends after its time", () => {
  const faults: [string, (bench: Bench) => void][] = [
    ["no answer to the look-up", () => {}],
    ["no CONNACK", (bench) => void (bench.broker.deaf = true)],
    ["no bytes at all", (bench) => void (bench.broker.mute = true)],
  ];
  for (const [name, fault] of faults) {
    const hangs = name.includes("look-up");
    const bench = new Bench(hangs ? { lookUpMs: () => undefined } : {});
    fault(bench);
    bench.start();
    bench.timer.advance(
      LINK_BACKOFF_FIRST_MS + LINK_CONNECT_MS + 2 * LINK_BACKOFF_FIRST_MS + 1_000,
    );
    assert.equal(bench.session.facts.attempts, 2, name);
    assert.equal(bench.lookUpsClosed, 1, name);
    bench.session.close();
    bench.assertGone();
  }
});

test("a look-up that is answered after the connection was given up harms nobody", () => {
  const bench = new Bench({ lookUpMs: () => LINK_CONNECT_MS + 1_000 }).start();
  bench.timer.advance(10 * LINK_CONNECT_MS);
  assert.ok(bench.session.facts.attempts > 3);
  bench.session.close();
  bench.assertGone();
});

test("a client class that throws is an attempt that failed", () => {
  const bench = new Bench({
    options: {
      client: class {
        constructor() {
          throw new Error("no socket");
        }
      } as never,
    },
  }).start();
  bench.timer.advance(60_000);
  assert.ok(bench.session.facts.attempts > 2);
  bench.session.close();
  assert.equal(bench.timer.pending, 0);
});

test("a clean stop says offline, has it acknowledged, and disconnects without a will", () => {
  const bench = new Bench().online();
  bench.session.publish(UP, bytes("last"), false);
  let done = 0;
  bench.session.stop(() => done++);
  bench.session.stop(() => done++);
  assert.equal(done, 0);
  bench.timer.advance(1_000);
  assert.equal(done, 2);
  assert.deepEqual(bench.published(UP), ["last"]);
  assert.deepEqual(bench.published(STATE), ['{"state":"offline","boot":7}']);
  assert.deepEqual(bench.broker.ends, ["disconnect"]);
  assert.equal(
    bench.broker.published.some(({ will }) => will),
    false,
  );
  assert.deepEqual(bench.events, ["connect", "disconnect"]);
  bench.assertGone();
});

test("a clean stop ends in time also where the broker is gone, and says offline by the will", () => {
  for (const fault of ["mute", "ackPublishes"] as const) {
    const bench = new Bench().online();
    bench.broker[fault] = fault === "mute";
    let done = 0;
    bench.session.stop(() => done++);
    bench.timer.advance(5_000);
    assert.equal(done, 1, fault);
    bench.timer.advance(5_000);
    assert.ok(bench.broker.published.some(({ topic, will }) => topic === STATE && will));
    bench.assertGone();
  }
});

test("a stop while nothing is connected is done at once", () => {
  const never = new Bench();
  let done = 0;
  never.session.stop(() => done++);
  assert.equal(done, 1);
  const trying = new Bench({ lookUpMs: () => undefined }).start();
  trying.timer.advance(LINK_BACKOFF_FIRST_MS);
  trying.session.stop(() => done++);
  assert.equal(done, 2);
  trying.assertGone();
});

test("a stop in the middle of a large message finishes it first", () => {
  const bench = new Bench({ bufferBytes: () => 200 }).online();
  const text = "x".repeat(3_000);
  bench.session.publish(UP, bytes(text), false);
  bench.session.publish(UP, bytes("dropped"), false);
  bench.session.stop(() => {});
  bench.timer.advance(5_000);
  assert.deepEqual(bench.published(UP), [text]);
  assert.deepEqual(bench.broker.ends, ["disconnect"]);
  bench.assertGone();
});

test("close is idempotent, leaves nothing behind, and may come from within an event", () => {
  const bench = new Bench().online();
  bench.session.close();
  bench.session.close();
  assert.deepEqual(bench.events, ["connect", "disconnect"]);
  bench.timer.advance(100);
  assert.deepEqual(bench.broker.ends, ["lost"]);
  bench.assertGone();

  const inside = new Bench().online();
  inside.onMessage = () => inside.session.close();
  inside.broker.push(DOWN, bytes("go"));
  inside.broker.push(DOWN, bytes("not heard"));
  inside.timer.advance(1_000);
  assert.deepEqual(inside.events, ["connect", "disconnect"]);
  assert.equal(inside.received.length, 1);
  inside.assertGone();

  const atOnce = new Bench();
  atOnce.onConnect = () => atOnce.session.stop(() => {});
  atOnce.start();
  atOnce.timer.advance(LINK_BACKOFF_FIRST_MS + 5_000);
  assert.deepEqual(atOnce.events, ["connect", "disconnect"]);
  atOnce.assertGone();
});

test("it can be started again after it was closed, at once", () => {
  const bench = new Bench().online();
  bench.session.close();
  bench.online();
  assert.deepEqual(bench.events, ["connect", "disconnect", "connect"]);
  bench.onMessage = () => {
    bench.session.close();
    bench.session.start(bench.node);
  };
  bench.broker.push(DOWN, bytes("again"));
  bench.timer.advance(2 * LINK_BACKOFF_FIRST_MS);
  assert.equal(bench.session.online, true);
  assert.equal(bench.census.clients, 1);
});
