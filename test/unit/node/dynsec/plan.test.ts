// SPDX-License-Identifier: Apache-2.0
/** Roles follow from the embedded broker's table, and every plan leads from what is to what should be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { areaAcl, type Identity, type Standing } from "#node/broker/acl";
import type { RightsClass } from "#node/broker/rights";
import { type Plan, planOf } from "#node/dynsec/plan";
import { type Account, listed, wanted } from "#node/dynsec/state";
import { Plugin } from "./model.ts";

const AREA = "a1";
const GATEWAY = "gateway-a1";
const IDS = ["0", "1", "2"].map((digit) => digit.repeat(32));
const STANDINGS = ["member", "guest", "barred"] as const;

function account(username: string, kind: RightsClass, stamp = "s"): Account {
  return { username, class: kind, stamp, password: `secret ${stamp}` };
}

/** Plans and carries out; the plan. */
function bring(plugin: Plugin, accounts: readonly Account[], area = AREA): Plan {
  const gateway = `gateway-${area}`;
  const is = listed(area, plugin.listing());
  const plan = planOf(is, wanted(area, accounts), { area, gateway, accounts });
  for (const command of plan.commands)
    assert.equal(plugin.run(command), undefined, JSON.stringify(command));
  return plan;
}

const LEVELS = ["node", ...IDS, "up", "down", "state", "enrol", "certificate", "reading", "config"];
const word = fc.constantFrom(...LEVELS, "dag", "market", "epoch", "update", "tx", "block", "");
const people = fc.constantFrom("monitor", "public", "trust", "gateway", "authority");
const topics = fc
  .tuple(
    fc.constantFrom("wattle/1/a1", "wattle/1/a1", "wattle/1/a1", "wattle/1/b", "$SYS"),
    fc.array(fc.oneof(word, people), { minLength: 1, maxLength: 5 }),
  )
  .map(([root, levels]) => [root, ...levels].join("/"));
const own = fc
  .tuple(
    fc.constantFrom(...IDS),
    fc.constantFrom("up", "down", "state"),
    fc.array(word, { maxLength: 2 }),
  )
  .map(([id, channel, more]) => ["wattle/1/a1/node", id, channel, ...more].join("/"));

test("a role allows what the embedded broker allows its class, and nothing else", () => {
  const kinds = fc.constantFrom<RightsClass>(...STANDINGS, "operator", "outsider");
  let allowed = 0;
  const property = fc.property(fc.oneof(topics, own), kinds, (topic, kind) => {
    const node = STANDINGS.includes(kind as Standing);
    const client = node ? IDS[0] : `${kind}-x`;
    const who = { client, class: node ? "node" : kind } as Identity;
    const acl = areaAcl(AREA, () => kind as Standing);
    const plugin = new Plugin(GATEWAY);
    bring(plugin, [account(client, kind), account(IDS[1], "member")]);
    const says = acl.publish(who, topic, false) === undefined;
    const asks = acl.subscribe(who, topic) === undefined;
    assert.equal(plugin.may(client, "publishClientSend", topic), says, "publish");
    assert.equal(plugin.may(client, "subscribePattern", topic), asks, "subscribe");
    assert.equal(
      plugin.may(client, "publishClientReceive", topic),
      asks && acl.hears(who, topic),
      "hear",
    );
    if (says || asks) allowed++;
  });
  fc.assert(property, { numRuns: 3000 });
  assert.ok(allowed > 300, String(allowed));
});

test("from any accounts to any others; the second time there is nothing to do", () => {
  const accounts = fc
    .uniqueArray(
      fc.record({
        username: fc.constantFrom(...IDS, "operator-a", "outsider-b"),
        kind: fc.constantFrom(...STANDINGS),
        stamp: fc.constantFrom("s", "t"),
      }),
      { selector: ({ username }) => username },
    )
    .map((list) =>
      list.map(({ username, kind, stamp }) => {
        const person = /^(operator|outsider)-/.exec(username)?.[1] as RightsClass | undefined;
        return account(username, person ?? kind, stamp);
      }),
    );
  const property = fc.property(accounts, accounts, (before, after) => {
    const plugin = new Plugin(GATEWAY);
    bring(plugin, before);
    plugin.kicked = [];
    bring(plugin, after);
    assert.deepEqual(bring(plugin, after).commands, []);
    const names = [...plugin.clients.keys()].filter((name) => name !== GATEWAY);
    assert.deepEqual(names.sort(), after.map(({ username }) => username).sort());
    for (const { username, password } of after) {
      const held = plugin.clients.get(username)!;
      assert.deepEqual([held.password, held.clientid], [password, username]);
    }
    const text = ({ username, class: kind, stamp }: Account) => `${username} ${kind} ${stamp}`;
    const kept = before.map(text).filter((one) => after.map(text).includes(one));
    for (const one of kept) assert.ok(!plugin.kicked.includes(one.split(" ")[0]), "it stays");
  });
  fc.assert(property);
});

test("a revoked node is cut off once, and nobody else", () => {
  const plugin = new Plugin(GATEWAY);
  bring(plugin, [account(IDS[0], "member"), account(IDS[1], "member")]);
  assert.deepEqual(plugin.kicked, [GATEWAY], "for its own role");
  plugin.kicked = [];
  bring(plugin, [account(IDS[0], "barred"), account(IDS[1], "member")]);
  assert.deepEqual(plugin.kicked, [IDS[0]]);
});

test("at each step nobody has more than before or after", () => {
  const plugin = new Plugin(GATEWAY);
  const topic = `wattle/1/a1/node/${IDS[0]}/up/reading`;
  bring(plugin, [account(IDS[0], "guest")]);
  const accounts = [account(IDS[0], "member")];
  const is = listed(AREA, plugin.listing());
  const options = { area: AREA, gateway: GATEWAY, accounts };
  const may: boolean[] = [];
  for (const command of planOf(is, wanted(AREA, accounts), options).commands) {
    plugin.run(command);
    may.push(plugin.may(IDS[0], "publishClientSend", topic));
    assert.ok(plugin.may(IDS[0], "publishClientSend", topic.replace("reading", "enrol")));
  }
  assert.deepEqual([may[0], may.at(-1)], [false, true]);
});

test("others' accounts and roles stay, and those of an area whose name begins alike", () => {
  const plugin = new Plugin(GATEWAY);
  plugin.clients.set("gateway-a1-b", { roles: ["admin"] });
  plugin.roles.set("theirs", []);
  plugin.clients.set(IDS[2], { roles: ["theirs"], password: "theirs" });
  bring(plugin, [account(IDS[1], "member")], "a1-b");
  const accounts = [account(IDS[0], "member"), account(IDS[2], "member")];
  assert.deepEqual(bring(plugin, accounts).foreign, [IDS[2]]);
  bring(plugin, []);
  assert.deepEqual(plugin.clients.get(IDS[2]), { roles: ["theirs"], password: "theirs" });
  assert.ok(plugin.roles.has("theirs") && plugin.clients.has(IDS[1]));
  assert.deepEqual(bring(plugin, [account(IDS[1], "member")], "a1-b").commands, []);
});

test("what somebody changed by hand is put right", () => {
  const plugin = new Plugin(GATEWAY);
  const accounts = [account(IDS[0], "guest")];
  bring(plugin, accounts);
  plugin.roles
    .get("wattle/a1/guest")!
    .push({ acltype: "publishClientSend", topic: "#", allow: true });
  plugin.clients.get(IDS[0])!.roles.push("admin");
  plugin.defaults.publishClientReceive = true;
  const names = bring(plugin, accounts).commands.map(({ command }) => command);
  assert.deepEqual(names, ["setDefaultACLAccess", "modifyRole", "modifyClient"]);
  assert.deepEqual(bring(plugin, accounts).commands, []);
});
