// SPDX-License-Identifier: Apache-2.0
/** Updates within the node application: topics, admission, the retained state, quiet moments. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { nodeIdOf } from "#core/identity";
import { configRecord } from "#core/records/member";
import { chunkRecord, fetchRecord } from "#core/records/release";
import { TimeQuality } from "#core/units/time";
import { CHIP_COUNTERS, chipSample } from "#host-sim/fleet/chip";
import { memoryStore } from "#host-sim/fleet/store";
import { MeterNode } from "#meter/node";
import { Owed } from "#meter/owed";
import { LocalArea, worldOf } from "../../../helpers/local-area.ts";
import { CHUNK, crypto, RELEASE_KEY, Rig, release } from "./rig.ts";

const GATEWAY = crypto.sha256(Uint8Array.of(50));

function nodeOn(rig: Rig, firmware = true) {
  const sent: { topic: string; payload: Uint8Array; retain: boolean }[] = [];
  let wakeMs: number | undefined;
  const config = {
    net: "test",
    area: "a",
    name: "n",
    secretKey: crypto.sha256(Uint8Array.of(51)),
    gatewayKey: crypto.publicKey(GATEWAY),
    capacityWh: 1000,
    wallets: 1,
    policy: { trade: false },
  };
  const { slots } = rig;
  const restart = () => void rig.restarts++;
  const node = new MeterNode(config, {
    crypto,
    entropy: { bytes: (n) => new Uint8Array(n).fill(9) },
    store: memoryStore(),
    meter: {
      counters: CHIP_COUNTERS,
      sample: (atMs) => chipSample(atMs, { importMwh: 0n, exportMwh: 0n }),
    },
    transport: { publish: (topic, payload, retain) => void sent.push({ topic, payload, retain }) },
    time: {
      uptimeMs: () => rig.nowMs,
      utc: () => ({ utcMs: 0, quality: TimeQuality.unknown, errorMs: 0 }),
      wakeAfter: (delayMs) => {
        wakeMs = rig.nowMs + delayMs;
      },
    },
    log: () => {},
    ...(firmware && { firmware: { board: "rig", releaseKey: RELEASE_KEY, slots, restart } }),
  });
  const admit = () => {
    const { bytes } = signRecord(configRecord, crypto, GATEWAY, {
      net: "test",
      gateway: nodeIdOf(crypto, crypto.publicKey(GATEWAY)),
      node: node.idBytes,
      code: 0,
      upTo: node.state.receiptedSeq,
      digest: node.state.digest,
      txSeq: 0,
      txid: new Uint8Array(32),
      txMs: 0,
      boundary: 0,
      importMwh: 0n,
      exportMwh: 0n,
      atMs: 0,
    });
    node.onMessage(`wattle/1/a/node/${node.id}/down/config`, bytes);
  };
  const states = () =>
    sent
      .filter(({ topic, retain }) => topic === `wattle/1/a/node/${node.id}/state` && retain)
      .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()));
  const next = () => {
    rig.nowMs = Math.max(rig.nowMs, wakeMs ?? rig.nowMs);
    node.onTimer();
  };
  return { node, sent, admit, states, next };
}

test("a node without slots knows nothing of updates", () => {
  const { node, states } = nodeOn(new Rig(), false);
  assert.equal(node.updater, undefined);
  assert.ok(node.subscriptions().every((filter) => !filter.includes("/update")));
  node.onConnect();
  assert.equal(states()[0].firmware, undefined);
});

test("a whole update through the node's topics, asked for only once it is admitted", () => {
  const rig = new Rig();
  const { node, sent, admit, states, next } = nodeOn(rig);
  assert.ok(node.subscriptions().includes("wattle/1/a/update/rig"));
  const signed = release("1.3.0");
  node.onConnect();
  assert.deepEqual(states()[0].firmware, "1.2.0");
  node.onMessage("wattle/1/a/update/rig", signed.bytes);
  const up = `wattle/1/a/node/${node.id}/up/update`;
  const asked = () => sent.filter(({ topic }) => topic === up);
  for (let i = 0; i < 5; i++) next();
  assert.equal(asked().length, 0, "not before the gateway knows it");
  admit();
  for (let i = 0; i < 200 && rig.restarts === 0; i++) {
    const before = asked().length;
    next();
    if (asked().length === before) continue;
    const request = fetchRecord.decode(asked()[before].payload);
    assert.ok(request.ok);
    assert.equal(toHex(request.value.release), toHex(signed.id));
    for (let n = 0; n < request.value.chunks; n++) {
      const offset = request.value.offset + n * CHUNK;
      const bytes = signed.image.slice(offset, offset + CHUNK);
      const chunk = chunkRecord.encode({ release: signed.id, offset, bytes });
      node.onMessage(`wattle/1/a/node/${node.id}/down/update`, chunk);
    }
  }
  assert.equal(rig.restarts, 1);
  const updates = states().map(({ update }) => update);
  assert.deepEqual(updates.slice(-3), ["fetching 1.3.0", "verifying 1.3.0", "ready 1.3.0"]);
  assert.equal(asked().length, 3, "no window was asked for twice");
});

test("a trial wakes the node where no network ever comes, and the state says so", () => {
  const rig = new Rig();
  rig.slots.running = { major: 1, minor: 3, patch: 0 };
  rig.slots.bootState = "trial";
  const { states, next } = nodeOn(rig);
  for (let i = 0; i < 1000 && rig.slots.rolledBack === 0; i++) next();
  assert.equal(rig.slots.rolledBack, 1);
  assert.equal(rig.nowMs, 30 * 60_000);
  assert.equal(states()[0].updateCode, "TRIAL_GATES");
});

test("a trial is confirmed once the gateway has answered", () => {
  const rig = new Rig();
  rig.slots.running = { major: 1, minor: 3, patch: 0 };
  rig.slots.bootState = "trial";
  const { node, admit, states, next } = nodeOn(rig);
  node.onConnect();
  assert.match(states()[0].update, /^on trial for 30 minutes/);
  next();
  assert.equal(rig.slots.confirmed, 0);
  admit();
  next();
  assert.equal(rig.slots.confirmed, 1);
  assert.equal(states().at(-1).update, "confirmed");
});

test("the state stays within its 256 characters, whatever is wrong", () => {
  const rig = new Rig();
  const { node, sent } = nodeOn(rig);
  Object.assign(node, { alarm: { code: "ORDER_NOT_INCLUDED", detail: "x".repeat(300) } });
  node.updater?.onAnnounced(release("65535.65535.65535").bytes);
  node.publishState();
  const { payload } = sent[sent.length - 1];
  assert.ok(payload.length <= 256, `${payload.length} bytes`);
  const facts = JSON.parse(Buffer.from(payload).toString());
  assert.equal(facts.alarm, "ORDER_NOT_INCLUDED");
  assert.equal(facts.update, "fetching 65535.65535.65535");
  assert.equal(facts.detail, undefined);
});

test("it is not quiet while something is unsaid or unanswered", async () => {
  const seen = { quiet: 0, busy: 0 };
  const area: LocalArea = new LocalArea({
    world: worldOf([
      [400, -900, 500],
      [-900, 600, -200],
    ]),
    down: (home) => {
      const node = area.running[0]?.node;
      if (home !== 0 || !node) return true;
      const { receiptedSeq, saidSeq } = node.state;
      seen[node.quiet ? "quiet" : "busy"]++;
      if (node.quiet) assert.equal(receiptedSeq, saidSeq);
      return true;
    },
  });
  await area.start();
  await area.run();
  assert.ok(area.running[0]?.node.quiet, "when all is settled");
  assert.ok(seen.busy > 0 && seen.quiet > 0, JSON.stringify(seen));
  const owed = new Owed();
  assert.equal(owed.waiting, false);
  owed.said(3, 17, new Uint8Array(32));
  assert.equal(owed.waiting, true);
  owed.answered(3);
  assert.equal(owed.waiting, false);
});

test("under a running clock no restart begins just before a boundary", async () => {
  const area = new LocalArea({
    world: worldOf([
      [400, -900, 500],
      [-900, 600, -200],
    ]),
    options: { clock: { kind: "running", ratePermille: 1000 } },
  });
  await area.start();
  const settled = () => !!area.gateway.area.runs.has(1) && !!area.running[0]?.node.quiet;
  await area.run(settled);
  const node = area.running[0]!.node;
  const { notice } = area.gateway.area.runs.get(1)!;
  const leftMs = () => notice.endMs - node.clock.nowMs();
  area.nowMs += leftMs() - 90_000;
  assert.equal(leftMs(), 90_000);
  assert.equal(node.quiet, true, "a minute and a half before it");
  area.nowMs += 60_000;
  assert.equal(leftMs(), 30_000);
  assert.equal(node.quiet, false, "half a minute before it");
});
