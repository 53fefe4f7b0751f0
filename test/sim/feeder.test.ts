// SPDX-License-Identifier: Apache-2.0
/**
 * An area with a feeder meter through a real gateway: a member that lies is found and named, an honest
 * area is not accused, and the audit of the log comes to the same.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { toHex } from "#core/codec/bytes";
import { nodeIdOf } from "#core/identity";
import { audit } from "#gateway/audit/audit";
import { FEEDER_DEFAULTS, type FeederTerms } from "#gateway/feeder/terms";
import { drawStreet, type Lie } from "#host-sim/feeder/street";
import { FEEDER_NAME, streetWorld } from "#host-sim/feeder/street-world";
import { loadWorld } from "#host-sim/worlds/load";
import { MonitorView } from "#node/cli/monitor-view";
import { renderReport } from "#node/cli/verify-text";
import { sodiumCrypto } from "#node/crypto/sodium";
import { AreaRun, type AreaRunOptions } from "../helpers/area-run.ts";

const HOMES = 4;
const DAYS = 10;
const SEED = 5;
const LIAR = 2;
const homes = loadWorld({ seed: SEED, nodes: HOMES, days: DAYS, slotSeconds: 3600 });

interface Shown {
  state: string;
  missingWh: number;
  highWh: number;
  judgedSlots: number;
  unjudgedSlots: number;
  alarms: { test: string; sinceSlot: number }[];
  suspects: { name: string; register: string; permille: number }[];
  leftOut: string[];
}

/** Keys of AreaRun follow from the number of the home. */
function feederTerms(): FeederTerms {
  const crypto = sodiumCrypto();
  const key = new AreaRun({ nodes: 1 }).keyOf(HOMES);
  return { ...FEEDER_DEFAULTS, node: toHex(nodeIdOf(crypto, crypto.publicKey(key))) };
}

async function runStreet(lie: Lie | undefined, options: AreaRunOptions = {}, from = homes) {
  const world = streetWorld(from, drawStreet(from, SEED, FEEDER_DEFAULTS, lie));
  const run = new AreaRun({
    world,
    policy: (home) => ({ trade: home !== HOMES }),
    ...options,
    gateway: { feeder: feederTerms(), ...options.gateway },
  });
  let shown: Shown | undefined;
  const view = new MonitorView("a", "mqtt://test");
  run.bus.attach(["wattle/1/a/monitor/#"], (topic, payload) => void view.apply(topic, payload));
  run.bus.attach(["wattle/1/a/monitor/feeder"], (_topic, payload) => {
    shown = JSON.parse(new TextDecoder().decode(payload));
  });
  assert.ok(await run.finish(), "the run came to its end");
  assert.ok(shown, "monitor/feeder was published");
  const result = audit(run.entries(), { crypto: run.crypto });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  const file = { path: "x", bytes: 0, kind: "store" } as const;
  const verified = renderReport({ exitCode: 0, file, audit: result, seconds: 0 });
  return {
    run,
    shown,
    found: result.summary.feeder,
    verified,
    seen: view.render(200, 60).join("\n"),
  };
}

test("an honest area is judged in every slot and not accused", async () => {
  const { run, shown, found, verified, seen } = await runStreet(undefined);
  assert.equal(shown.state, "ok");
  assert.deepEqual([shown.alarms, shown.suspects, shown.leftOut], [[], [], []]);
  // The first slot's start is the first boundary that all have read.
  assert.equal(shown.judgedSlots, homes.slots - 1);
  assert.ok(shown.missingWh <= shown.highWh);
  assert.deepEqual(found, {
    name: FEEDER_NAME,
    terms: feederTerms(),
    judgedSlots: homes.slots - 1,
    unjudgedSlots: 1,
    alarmCount: 0,
    alarms: [],
  });
  assert.ok(run.area.tradedWh > 0, "members traded");
  assert.match(
    verified,
    /feeder {6}feeder: 239 slots judged, 1 not; no alarm\n +by losses of up to 50, /,
  );
  assert.doesNotMatch(verified, /METER/);
  assert.doesNotMatch(seen, /FEEDER METER ALARM/);
  assert.match(seen, /^feeder +feeder /m, "its role");
  const session = run.area.sessions.get(feederTerms().node);
  assert.equal(session?.member.name, FEEDER_NAME);
});

const warned: string[] = [];
const lying = runStreet(
  { member: LIAR, share: 0.125 },
  {
    log: (who, level, event, facts) => {
      if (event === "feeder-alarm")
        warned.push(`${who} ${level} ${facts?.test} ${facts?.suspects}`);
    },
  },
);

test("a member that shows an eighth less is found and named, by the gateway and offline", async () => {
  const { run, shown, found, verified, seen } = await lying;
  const liar = homes.homes[LIAR].name;
  assert.equal(shown.state, "alarm");
  assert.ok(shown.alarms.some((alarm) => alarm.test === "member"));
  assert.equal(shown.suspects[0].name, liar);
  assert.ok(
    shown.suspects.every(({ name }) => name === liar),
    "nobody else is named",
  );
  assert.ok(warned.includes(`gateway warn member ${liar}`), warned.join());
  const byMember = found?.alarms.find((alarm) => alarm.test === "member");
  assert.equal(byMember?.suspects[0].node, liar);
  assert.match(verified, new RegExp(`METER slot \\d+: member, .*\\n.*\\n +suspect ${liar}, `));
  assert.match(verified, /OK: every signature/, "a lying meter is no fault of the ledger");
  assert.match(seen, new RegExp(`FEEDER METER ALARM: .*member.*; suspect ${liar} \\(`));
  assert.equal(found?.alarmCount, run.area.feeder?.alarmCount);
  for (const { test: name, sinceSlot } of shown.alarms)
    assert.ok(
      found?.alarms.some((alarm) => alarm.test === name && alarm.slot === sinceSlot),
      `${name} since slot ${sinceSlot}`,
    );
});

test("a restart comes to the same, other terms begin anew, and no terms end it", async () => {
  const { run, shown } = await lying;
  const before = run.area.feeder!;
  const restart = async (feeder: FeederTerms | undefined) => {
    const again = new AreaRun({ world: run.world, store: run.store, gateway: { feeder } });
    await again.gateway.start();
    return again.area.feeder;
  };
  const entries = run.store.length;
  const same = await restart(feederTerms());
  assert.equal(run.store.length, entries, "nothing new to say");
  assert.deepEqual(same?.suspects.ranked, before.suspects.ranked);
  assert.deepEqual([...same!.raised], [...before.raised]);
  assert.equal(same?.judgedSlots, shown.judgedSlots);
  const other = await restart({ ...feederTerms(), lossPermille: 100 });
  assert.equal(other?.judgedSlots, 0);
  assert.equal(await restart(undefined), undefined);
  assert.equal(run.store.length, entries + 2);
  const result = audit(run.entries(), { crypto: run.crypto });
  assert.ok(result.ok);
  assert.ok(result.summary.feeder!.alarmCount > 0, "what was found before stays found");
});

test("the feeder meter's bids and offers are refused", async () => {
  const { run, shown } = await runStreet(
    undefined,
    { policy: () => ({ trade: true }) },
    loadWorld({ seed: SEED, nodes: HOMES, days: 1, slotSeconds: 3600 }),
  );
  assert.ok((run.area.counters.byCode.get("FEEDER_TRADES") ?? 0) > 0);
  assert.equal(shown.judgedSlots, 23, "its readings count");
});
