// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromUtf8 } from "#host-sim/fleet/abi";
import { CHIP_COUNTERS } from "#host-sim/fleet/chip";
import { memoryStore } from "#host-sim/fleet/store";
import { MeterNode } from "#meter/node";
import type { StartFacts } from "#meter/ports";
import { crypto } from "../../helpers/local-area.ts";

function birthOf(start: StartFacts | undefined): unknown {
  const births: string[] = [];
  const config = {
    net: "wattle",
    area: "a",
    name: "home",
    secretKey: new Uint8Array(32).fill(1),
    gatewayKey: new Uint8Array(32).fill(2),
    capacityWh: 1000,
    wallets: 1,
    policy: { trade: true },
  };
  const node = new MeterNode(config, {
    crypto,
    entropy: { bytes: (length) => new Uint8Array(length) },
    store: memoryStore(),
    meter: { counters: CHIP_COUNTERS, sample: () => undefined },
    transport: {
      publish: (topic, payload) => {
        if (topic.endsWith("/state")) births.push(fromUtf8(payload));
      },
    },
    time: {
      uptimeMs: () => 0,
      utc: () => ({ utcMs: 0, quality: 0, errorMs: 0 }),
      wakeAfter: () => {},
    },
    log: () => {},
    ...(start && { start }),
  });
  node.onConnect();
  assert.equal(births.length, 1);
  return JSON.parse(births[0]);
}

const BIRTH = { state: "online", boot: 1, writes: 1 };

test("a birth says why the device started, and what went wrong before", () => {
  assert.deepEqual(birthOf(undefined), BIRTH);
  const good = { reset: "power-on", failed: 0, safe: false };
  assert.deepEqual(birthOf(good), { ...BIRTH, reset: "power-on" });
  const bad = { reset: "watchdog", failed: 3, safe: true };
  assert.deepEqual(birthOf(bad), { ...BIRTH, reset: "watchdog", failed: 3, safe: 1 });
});
