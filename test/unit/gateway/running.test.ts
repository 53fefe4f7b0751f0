// SPDX-License-Identifier: Apache-2.0
/**
 * The running clock: notice, reading, order, clearing and settlement at their protocol deadlines.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isNothing } from "#core/topics";
import { LocalArea, type LocalAreaSetup, worldOf } from "../../helpers/local-area.ts";
import { auditLog } from "../../helpers/log-audit.ts";

const NET_WH = [
  [-600, -600, -600, -600],
  [700, 700, 700, 700],
  [300, 300, 300, 300],
];
const RATE_PERMILLE = 60_000;
const SLOT_MS = 900_000;

interface Seen {
  what: string;
  slot: number;
  /** Protocol time since the slot's start, ms. */
  atMs: number;
}

/** Runs the area and notes when what was seen on the bus, in protocol time. */
async function watched(
  setup: Partial<LocalAreaSetup> = {},
): Promise<{ area: LocalArea; seen: Seen[] }> {
  const seen: Seen[] = [];
  const area = new LocalArea({
    world: worldOf(NET_WH),
    ...setup,
    options: { clock: { kind: "running", ratePermille: RATE_PERMILLE }, ...setup.options },
  });
  const note = (what: string) => {
    const { world } = area.gateway.area;
    const slot = world.openSlot ?? -1;
    seen.push({ what, slot, atMs: world.nowMs() - world.startMs(slot) });
  };
  const topics = ["epoch", "market/clearing", "node/+/up/reading", "node/+/up/order"];
  area.bus.attach(
    topics.map((topic) => `wattle/1/a/${topic}`),
    // A first message takes away what a gateway before left retained.
    (topic, payload) => {
      if (!isNothing(payload)) note(topic.split("/").at(-1)!);
    },
  );
  await area.start();
  await area.run();
  area.state.assertConserved();
  return { area, seen };
}

const TOLERANCE_MS = 2 * (RATE_PERMILLE / 1000);

function near(found: number, expected: number, what: string): void {
  assert.ok(found >= expected && found <= expected + TOLERANCE_MS, `${what}: ${found} ms`);
}

test("every slot begins at its start, is read at its ends, and trades in full", async () => {
  const { area, seen } = await watched();
  assert.equal(area.gateway.area.tradedWh, 4 * 600);
  assert.deepEqual(area.gateway.area.missedSlots, []);
  const notices = seen.filter(({ what }) => what === "epoch");
  assert.deepEqual(
    notices.map(({ slot }) => slot),
    [0, 1, 2, 3],
  );
  for (const { slot, atMs } of notices.slice(1)) near(atMs, 0, `notice ${slot}`);
  assert.ok(notices[0].atMs < 0, "before slot 0 there is room for RESERVEs");
  for (const { what, slot, atMs } of seen) {
    if (what === "reading") near(((atMs % SLOT_MS) + SLOT_MS) % SLOT_MS, 0, `reading in ${slot}`);
    if (what === "order") near(((atMs % SLOT_MS) + SLOT_MS) % SLOT_MS, 0, `order in ${slot}`);
  }
});

test("real time is protocol time divided by the rate", async () => {
  const { area } = await watched();
  const elapsedMs = area.nowMs - 1_800_000_000_000;
  const slots = NET_WH[0].length;
  const leastMs = ((slots + 0.5) * SLOT_MS * 1000) / RATE_PERMILLE;
  assert.ok(elapsedMs >= leastMs && elapsedMs < leastMs + SLOT_MS / 60, `${elapsedMs} ms`);
});

test("a silent member is waited for until a quarter of a slot is over", async () => {
  const clearedAtMs: number[] = [];
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH.map(([wh]) => new Array<number>(6).fill(wh))),
    options: { clock: { kind: "running", ratePermille: RATE_PERMILLE } },
    up: (home) => home !== 2 || (area.gateway.area.world.openSlot ?? -1) < 2,
  });
  area.bus.attach(["wattle/1/a/market/clearing"], (_topic, payload) => {
    if (isNothing(payload)) return;
    const { world } = area.gateway.area;
    clearedAtMs.push(world.nowMs() - world.endMs(clearedAtMs.length));
  });
  await area.start();
  await area.run();
  // Its BOUGHT of slot 1 is the first thing missing, found before slot 3 begins.
  const expectedMs = [0, 0, SLOT_MS / 4, 0, 0, 0];
  assert.equal(clearedAtMs.length, expectedMs.length);
  for (const [slot, ms] of expectedMs.entries()) near(clearedAtMs[slot], ms, `slot ${slot}`);
  const { missedSlots } = area.gateway.area;
  assert.deepEqual(
    missedSlots.map(({ slot }) => slot),
    [1, 2],
  );
  for (const { nodes } of missedSlots) assert.deepEqual(nodes, [area.nodeId(2)]);
});

test("a node that cannot read its meter in time does not spin", async () => {
  let silent = false;
  let wakes = 0;
  const area: LocalArea = new LocalArea({
    world: worldOf(NET_WH),
    options: { clock: { kind: "running", ratePermille: RATE_PERMILLE } },
    chipSilent: (home) => home === 1 && silent,
    onWake: () => void wakes++,
  });
  await area.start();
  await area.run(() => area.gateway.area.world.openSlot === 1);
  silent = true;
  await area.run(() => area.gateway.area.world.openSlot === 2);
  silent = false;
  await area.run();
  assert.ok(wakes < 60, `${wakes} wake-ups in four slots`);
  assert.equal(auditLog(area.store).clearedWh.get(3), 600, "it trades again");
});

test("a seller that says no SOLD ends its slot at the deadline", async () => {
  const holder: { area?: LocalArea } = {};
  const area = new LocalArea({
    world: worldOf(NET_WH),
    options: { clock: { kind: "running", ratePermille: RATE_PERMILLE } },
    up: (home, topic) =>
      home !== 0 ||
      !topic.endsWith("/tx") ||
      holder.area?.gateway.area.runs.get(1)?.phase !== "settle",
  });
  holder.area = area;
  const closedAtMs: number[] = [];
  area.bus.attach(["wattle/1/a/monitor/slot"], () => {
    const { world } = area.gateway.area;
    closedAtMs.push(world.nowMs() - world.startMs(closedAtMs.length));
  });
  await area.start();
  await area.run();
  assert.equal(closedAtMs.length, 4);
  near(closedAtMs[1], SLOT_MS + SLOT_MS * 0.8, "slot 1 is closed at its deadline");
  assert.ok(closedAtMs[2] < SLOT_MS + SLOT_MS * 0.25, "slot 2 is closed early");
  assert.equal(area.gateway.area.missedSlots[0].slot, 1);
  assert.equal(auditLog(area.store).clearedWh.get(3), 600);
});

test("an area whose members were all given up goes on when they are heard again", async () => {
  const holder: { area?: LocalArea } = {};
  const openSlot = () => holder.area?.gateway.area.world.openSlot ?? -1;
  const area = new LocalArea({
    world: worldOf(NET_WH.map(([wh]) => new Array<number>(8).fill(wh))),
    options: { clock: { kind: "running", ratePermille: RATE_PERMILLE } },
    up: () => openSlot() < 2 || openSlot() > 3,
  });
  holder.area = area;
  await area.start();
  await area.run();
  const { missedSlots } = area.gateway.area;
  const silent = missedSlots.filter(({ nodes }) => nodes.length === NET_WH.length);
  assert.ok(silent.length > 0, "all were given up");
  assert.equal(auditLog(area.store).clearedWh.get(7), 600, "and trade again");
});
