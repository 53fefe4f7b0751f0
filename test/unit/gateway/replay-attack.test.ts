// SPDX-License-Identifier: Apache-2.0
/**
 * Somebody who publishes under a node's topics has what that node signed before, and not its key. Whatever of
 * it comes under the node's next number is refused and leaves the number to the node.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { upRecord } from "#core/records/receipt";
import { audit } from "#gateway/audit/audit";
import {
  crypto,
  LocalArea,
  type LocalAreaSetup,
  openReceipt,
  worldOf,
} from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";

const NET_WH = [
  [-600, -500, -700, -600, -500, -600],
  [700, 650, 700, 720, 700, 700],
  [300, 300, 310, 300, 290, 300],
];
const KINDS = ["reading", "order", "tx"];

interface Attack {
  area: LocalArea;
  /** Old messages that were sent under a next number, by kind. */
  forged: Map<string, number>;
  /** Receipts that reached nodes. */
  receipts: { node: string; upTo: number; digest: Uint8Array }[];
}

/** Before each message of a node come its oldest and its latest of each kind, under the number of that message. */
async function attacked(attack: boolean, setup: Partial<LocalAreaSetup> = {}): Promise<Attack> {
  const forged = new Map<string, number>();
  const receipts: Attack["receipts"] = [];
  const heard = NET_WH.map(() => new Map<string, Uint8Array[]>(KINDS.map((kind) => [kind, []])));
  const last = NET_WH.map(() => 0);
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH),
    ...setup,
    up: (home, topic, payload) => {
      const kind = topic.split("/").at(-1) ?? "";
      if (!attack || !KINDS.includes(kind)) return true;
      const up = upRecord.decode(payload);
      assert.ok(up.ok);
      const { seq, content } = up.value;
      if (seq <= last[home]) return true; // said again
      last[home] = seq;
      for (const [old, contents] of heard[home])
        for (const stale of new Set([contents[0], contents.at(-1)])) {
          if (!stale) continue;
          const up = `${topic.slice(0, topic.lastIndexOf("/") + 1)}${old}`;
          area.bus.publish(up, upRecord.encode({ seq, content: stale }), { retain: false });
          forged.set(old, (forged.get(old) ?? 0) + 1);
        }
      heard[home].get(kind)!.push(content);
      return true;
    },
    down: (home, topic, payload) => {
      if (!topic.endsWith("/down/receipt")) return true;
      const { upTo, digest } = openReceipt(payload);
      receipts.push({ node: area.nodeId(home), upTo, digest });
      return true;
    },
  });
  await area.start();
  await area.run();
  return { area, forged, receipts };
}

test("old words of a node under its next number are refused and leave the number to the node", async () => {
  const quiet = await attacked(false);
  const { area, forged, receipts } = await attacked(true);
  const { byCode } = area.gateway.area.counters;
  const readingsAndOrders = forged.get("reading")! + forged.get("order")!;
  assert.ok(forged.get("tx")! > 50 && readingsAndOrders > 100, "there was an attack");
  const all = readingsAndOrders + forged.get("tx")!;
  assert.equal(byCode.get("SAID_NUMBER"), all, "every old reading, order and transaction");

  const alarms = area.logs.filter(({ event }) => event === "alarm" || event === "node-alarm");
  assert.deepEqual(alarms, [], "no node finds anything wrong");
  const { said, paidWh } = auditLog(area.store);
  for (const running of area.running) {
    const { id, state } = running!.node;
    const { codes, digests } = said.get(id)!;
    assert.ok(
      codes.every((code) => code === 0),
      "all that it said itself was accepted",
    );
    assert.equal(codes.length, state.saidSeq, "and nothing else is in the log");
    assert.equal(state.receiptedSeq, state.saidSeq, "and all of it was receipted");
    assert.equal(toHex(state.digest), toHex(digests[state.saidSeq]));
  }
  for (const { node, upTo, digest } of receipts)
    assert.equal(toHex(digest), toHex(said.get(node)!.digests[upTo]), `receipt up to ${upTo}`);
  assert.deepEqual(audit(area.store.read(), { crypto }).summary.faults, 0);
  assert.ok(paidWh > 0 && paidWh === auditLog(quiet.area.store).paidWh, "trade goes on as without");
});

test("a transaction whose body the gateway has forgotten takes no number either", async () => {
  let stale: Uint8Array | undefined;
  const area = new LocalArea({
    world: worldOf(NET_WH),
    up: (home, topic, payload) => {
      const up = topic.endsWith("/up/tx") && home === 1 ? upRecord.decode(payload) : undefined;
      if (up?.ok) stale ??= up.value.content;
      return true;
    },
  });
  await area.start();
  await area.run(() => area.gateway.area.settledSlots === 2);
  const { gateway } = area;
  const session = gateway.area.sessions.get(area.nodeId(1))!;
  session.txids.clear();
  const { saidSeq, txSeq } = session;
  const topic = gateway.area.topics.up(session.id, "tx");
  const entries = area.store.length;
  gateway.deliver(topic, upRecord.encode({ seq: saidSeq + 1, content: stale! }));
  await gateway.process();
  assert.equal(gateway.area.counters.byCode.get("SAID_NUMBER"), 1);
  assert.deepEqual([session.saidSeq, session.txSeq], [saidSeq, txSeq]);
  assert.equal(area.store.length, entries, "nothing is logged");
  await area.run();
  assert.deepEqual(
    area.logs.filter(({ event }) => event === "alarm"),
    [],
  );
});
