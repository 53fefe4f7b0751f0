// SPDX-License-Identifier: Apache-2.0
/** Who may publish and subscribe what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { areaAcl } from "#node/broker/acl";
import { topicMatches } from "#node/mqtt/topic-filter";

const acl = areaAcl("a1");
const ID = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";
const MONITOR = "monitor-grafana";
const root = "wattle/1/a1";

test("known clients", () => {
  for (const id of [ID, "ab".repeat(16), MONITOR]) assert.equal(acl.knows(id), true, id);
  for (const id of [
    "",
    "0",
    "00",
    "AB".repeat(16),
    "xyz",
    "monitor-",
    "monitor-a b",
    "00".repeat(17),
    "gateway",
  ])
    assert.equal(acl.knows(id), false, id);
});

test("what a node may publish", () => {
  const publish = (topic: string, retain = false) => acl.publish(ID, topic, retain);
  assert.equal(publish(`${root}/node/${ID}/up/reading`), undefined);
  assert.equal(publish(`${root}/node/${ID}/state`), undefined);
  assert.equal(publish(`${root}/node/${ID}/state`, true), undefined);
  assert.equal(publish(`${root}/node/${ID}/up/reading`, true), "RETAIN_NOT_ALLOWED");
  assert.equal(publish(`wattle/1/a2/node/${ID}/up/reading`), "OUTSIDE_AREA");
  assert.equal(publish("$SYS/x"), "OUTSIDE_AREA");
  assert.equal(publish(`${root}/node/${ID}/up/${"x".repeat(300)}`), "TOPIC_TOO_LONG");
  for (const below of [
    `node/${OTHER}/up/reading`,
    `node/${OTHER}/state`,
    `node/${ID}/down/receipt`,
    `node/${ID}/up`,
    `node/${ID}/up/a/b`,
    `node/${ID}/state/x`,
    `node/${ID}`,
    "dag/tx",
    "market/book",
    "chain/head",
    "epoch",
    "update/wattle-c3",
    "monitor/x",
    "",
  ]) {
    assert.equal(publish(`${root}/${below}`), "NOT_ALLOWED", below);
  }
});

test("what a node may subscribe to", () => {
  const subscribe = (filter: string) => acl.subscribe(ID, filter);
  for (const below of [
    `node/${ID}/down/+`,
    `node/${ID}/down/receipt`,
    "dag/#",
    "market/#",
    "chain/#",
    "chain/head",
    "epoch",
    "epoch/#",
    "update/#",
    "update/wattle-c3",
  ]) {
    assert.equal(subscribe(`${root}/${below}`), undefined, below);
  }
  for (const below of [
    "#",
    "+",
    "+/#",
    `node/${OTHER}/down/+`,
    "node/+/down/+",
    `node/${ID}/#`,
    `node/${ID}/down/#`,
    `node/${ID}/up/+`,
    "node/+/state",
    "monitor/#",
  ]) {
    assert.equal(subscribe(`${root}/${below}`), "NOT_ALLOWED", below);
  }
  for (const filter of ["#", "+/#", "wattle/#", "wattle/1/+/epoch", "wattle/+/a1/epoch", "$SYS/#"])
    assert.equal(subscribe(filter), "OUTSIDE_AREA", filter);
});

test("monitors read what is public and say nothing", () => {
  assert.equal(acl.publish(MONITOR, `${root}/monitor/x`, false), "READ_ONLY_CLIENT");
  assert.equal(acl.publish(MONITOR, `${root}/node/${ID}/state`, true), "READ_ONLY_CLIENT");
  for (const below of ["monitor/#", "monitor/x/y", "node/+/state", `node/${ID}/state`]) {
    assert.equal(acl.subscribe(MONITOR, `${root}/${below}`), undefined, below);
  }
  for (const below of ["#", "node/#", "node/+/up/+", "node/+/down/+", "dag/#", "node/+/+"]) {
    assert.equal(acl.subscribe(MONITOR, `${root}/${below}`), "NOT_ALLOWED", below);
  }
});

test("strangers may do nothing", () => {
  for (const id of ["", "gateway", "Monitor-x", "0x12"]) {
    assert.equal(acl.publish(id, `${root}/node/${id}/state`, false), "UNKNOWN_CLIENT");
    assert.equal(acl.subscribe(id, `${root}/epoch`), "UNKNOWN_CLIENT");
  }
});

test("no filter that a client may have matches what another client alone may read", () => {
  const level = fc.constantFrom(
    "wattle",
    "1",
    "a1",
    "node",
    ID,
    OTHER,
    "down",
    "up",
    "state",
    "+",
    "#",
    "dag",
    "epoch",
    "monitor",
    "receipt",
    "",
  );
  const secret = [`${root}/node/${OTHER}/down/receipt`, `${root}/node/${OTHER}/up/reading`];
  const filters = fc.array(level, { minLength: 1, maxLength: 7 }).map((levels) => levels.join("/"));
  const rooted = fc.oneof(
    filters,
    filters.map((below) => `${root}/${below}`),
  );
  fc.assert(
    fc.property(rooted, (filter) => {
      for (const topic of secret) {
        if (!topicMatches(filter, topic)) continue;
        assert.notEqual(acl.subscribe(ID, filter), undefined, filter);
        assert.notEqual(acl.subscribe(MONITOR, filter), undefined, filter);
      }
    }),
    { numRuns: 2000 },
  );
});

test("an area is one topic level", () => {
  for (const area of ["", "a/b", "+", "#", "a\0"]) {
    assert.throws(() => areaAcl(area), { code: "ACL_AREA" });
  }
});

test("topic filters (MQTT 3.1.1 section 4.7)", () => {
  const yes: [string, string][] = [
    ["a/b", "a/b"],
    ["a/+", "a/b"],
    ["a/+", "a/"],
    ["+/+", "/finance"],
    ["/+", "/finance"],
    ["a/#", "a"],
    ["a/#", "a/b/c"],
    ["#", "a/b"],
    ["+", "a"],
    ["$SYS/#", "$SYS/x"],
  ];
  const no: [string, string][] = [
    ["a/b", "a"],
    ["a", "a/b"],
    ["a/+", "a"],
    ["a/+", "a/b/c"],
    ["+", "/finance"],
    ["a/#", "ab"],
    ["a/#/b", "a/x/b"],
    ["#", "$SYS/x"],
    ["+/x", "$SYS/x"],
  ];
  for (const [filter, topic] of yes)
    assert.equal(topicMatches(filter, topic), true, `${filter} ${topic}`);
  for (const [filter, topic] of no)
    assert.equal(topicMatches(filter, topic), false, `${filter} ${topic}`);
});
