// SPDX-License-Identifier: Apache-2.0
/** Who may publish and subscribe what. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { areaAcl, type Identity, isStanding, type Standing } from "#node/broker/acl";
import { topicMatches } from "#node/mqtt/topic-filter";

const ID = "0123456789abcdef0123456789abcdef";
const OTHER = "fedcba9876543210fedcba9876543210";
const root = "wattle/1/a1";
/** What the node is to the area; a test may change it. */
let now: Standing = "member";
const acl = areaAcl("a1", (id) => (id === ID ? now : "member"));
const node: Identity = { client: ID, class: "node" };
const operator: Identity = { client: "monitor-grafana", class: "operator" };
const outsider: Identity = { client: "monitor-curious", class: "outsider" };

const STANDINGS: readonly Standing[] = ["member", "guest", "barred"];

/** Runs `look` with the node in `standing`. */
function as(standing: Standing, look: () => void): void {
  now = standing;
  try {
    look();
  } finally {
    now = "member";
  }
}

test("known clients", () => {
  const known = [ID, "ab".repeat(16), "monitor-grafana", "operator-ann"];
  for (const id of known) assert.equal(acl.knows(id), true, id);
  const unknown = ["", "0", "00", "AB".repeat(16), "xyz", "monitor-", "operator-"];
  for (const id of [...unknown, "monitor-a b", "00".repeat(17), "gateway", "Monitor-x", "0x12"])
    assert.equal(acl.knows(id), false, id);
});

/** Topics that nobody but the gateway publishes to, and those of another node. */
const FOREIGN = [
  `node/${OTHER}/up/reading`,
  `node/${OTHER}/up/enrol`,
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
  "trust/gateway",
  "public/head",
  "",
];

test("what a member may publish", () => {
  const publish = (topic: string, retain = false) => acl.publish(node, topic, retain);
  assert.equal(publish(`${root}/node/${ID}/up/reading`), undefined);
  assert.equal(publish(`${root}/node/${ID}/state`), undefined);
  assert.equal(publish(`${root}/node/${ID}/state`, true), undefined);
  assert.equal(publish(`${root}/node/${ID}/up/reading`, true), "RETAIN_NOT_ALLOWED");
  assert.equal(publish(`wattle/1/a2/node/${ID}/up/reading`), "OUTSIDE_AREA");
  assert.equal(publish("$SYS/x"), "OUTSIDE_AREA");
  assert.equal(publish(`${root}/node/${ID}/up/${"x".repeat(300)}`), "TOPIC_TOO_LONG");
  for (const below of FOREIGN) assert.equal(publish(`${root}/${below}`), "NOT_ALLOWED", below);
});

test("guests and barred nodes may ask to be enrolled, and say nothing else", () => {
  for (const [standing, reason] of [
    ["guest", "NOT_ENROLLED"],
    ["barred", "BARRED"],
  ] as const)
    as(standing, () => {
      const publish = (below: string, retain = false) =>
        acl.publish(node, `${root}/${below}`, retain);
      assert.equal(publish(`node/${ID}/up/enrol`), undefined);
      assert.equal(publish(`node/${ID}/up/certificate`), undefined);
      assert.equal(publish(`node/${ID}/up/enrol`, true), "RETAIN_NOT_ALLOWED");
      for (const kind of ["reading", "order", "tx", "event", "update"])
        assert.equal(publish(`node/${ID}/up/${kind}`), reason, kind);
      assert.equal(publish(`node/${ID}/state`, true), reason);
      for (const below of FOREIGN) assert.equal(publish(below), "NOT_ALLOWED", below);
    });
  assert.equal(isStanding("NOT_ENROLLED") && isStanding("BARRED"), true);
  assert.equal(isStanding("NOT_ALLOWED"), false);
});

test("operators and outsiders say nothing", () => {
  for (const who of [operator, outsider])
    for (const below of ["monitor/x", `node/${ID}/state`, `node/${ID}/up/enrol`, "public/x"])
      assert.equal(acl.publish(who, `${root}/${below}`, false), "READ_ONLY_CLIENT", below);
});

const OWN = [`node/${ID}/down/+`, `node/${ID}/down/receipt`];
const OPEN = ["trust/#", "trust/gateway", "public/#", "public/head"];
const BROADCASTS = ["dag/#", "market/#", "chain/#", "chain/head", "epoch", "epoch/#", "update/#"];
const MONITOR = ["monitor/#", "monitor/x/y", "node/+/state", `node/${ID}/state`];
const NOBODYS = [
  "#",
  "+",
  "+/#",
  "+/gateway",
  "node/#",
  "node/+/up/+",
  "node/+/+",
  `node/${OTHER}/down/+`,
  "node/+/down/+",
  `node/${ID}/#`,
  `node/${ID}/down/#`,
  `node/${ID}/down`,
  `node/${ID}/up/+`,
];

test("what each class may subscribe to", () => {
  const all = [...OWN, ...OPEN, ...BROADCASTS, ...MONITOR, "monitor/gateway", ...NOBODYS];
  const may = (who: Identity, rights: readonly string[]) => {
    for (const below of all) {
      const expected = rights.includes(below) ? undefined : "NOT_ALLOWED";
      assert.equal(acl.subscribe(who, `${root}/${below}`), expected, `${who.class} ${below}`);
    }
    for (const filter of [
      "#",
      "+/#",
      "wattle/#",
      "wattle/1/+/epoch",
      "wattle/+/a1/epoch",
      "$SYS/#",
    ])
      assert.equal(acl.subscribe(who, filter), "OUTSIDE_AREA", filter);
  };
  for (const standing of STANDINGS) as(standing, () => may(node, [...OWN, ...OPEN, ...BROADCASTS]));
  may(operator, [...OPEN, ...MONITOR, "monitor/gateway"]);
  may(outsider, [...OPEN, "monitor/gateway"]);
});

test("a node hears broadcasts as long as it is a member", () => {
  const topics = (...groups: string[][]) => groups.flat().filter((below) => !/[+#]/.test(below));
  for (const standing of STANDINGS)
    as(standing, () => {
      for (const below of topics(OWN, OPEN))
        assert.equal(acl.hears(node, `${root}/${below}`), true, below);
      for (const below of [...topics(BROADCASTS), "market/clearing"])
        assert.equal(acl.hears(node, `${root}/${below}`), standing === "member", below);
      assert.equal(acl.hears(node, "wattle/1/a2/trust/x"), standing === "member");
      assert.equal(acl.keeps(node), standing === "member");
    });
  for (const who of [operator, outsider]) {
    assert.equal(acl.hears(who, `${root}/monitor/gateway`), true);
    assert.equal(acl.keeps(who), false);
  }
});

test("no filter that a client may have matches what another client alone may read", () => {
  const levels = ["wattle", "1", "a1", "node", ID, OTHER, "down", "up", "state", "+", "#", "dag"];
  const level = fc.constantFrom(...levels, "epoch", "monitor", "gateway", "trust", "receipt", "");
  const secret = [`${root}/node/${OTHER}/down/receipt`, `${root}/node/${OTHER}/up/reading`];
  const forOperators = [`${root}/monitor/node/a`, `${root}/node/${OTHER}/state`];
  const filters = fc.array(level, { minLength: 1, maxLength: 7 }).map((one) => one.join("/"));
  const rooted = fc.oneof(
    filters,
    filters.map((below) => `${root}/${below}`),
  );
  fc.assert(
    fc.property(rooted, (filter) => {
      for (const topic of secret)
        if (topicMatches(filter, topic))
          for (const who of [node, operator, outsider])
            assert.notEqual(acl.subscribe(who, filter), undefined, filter);
      for (const topic of forOperators)
        if (topicMatches(filter, topic))
          for (const who of [node, outsider])
            assert.notEqual(acl.subscribe(who, filter), undefined, filter);
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
