// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { NETWORK_TIME_WAIT_MS } from "#core/limits-device";
import { TimeQuality } from "#core/units/time";
import { NetworkUp } from "#meter/link/network-up";
import type { SessionNode } from "#meter/link/session";
import { UNKNOWN_TIME } from "#meter/time/quality";
import { ManualTimer } from "../../../helpers/driver-io.ts";

function bench(withServer = true) {
  const timer = new ManualTimer();
  const world = {
    timer,
    calls: [] as string[],
    states: [] as string[],
    network: { up: false, changed: () => {} },
    online: false,
    synced: false,
    up: undefined as unknown as NetworkUp,
    setNetwork(up: boolean) {
      world.network.up = up;
      world.network.changed();
    },
    setOnline(online: boolean) {
      world.online = online;
      world.up.changed();
    },
  };
  const call = (name: string) => () => void world.calls.push(name);
  world.up = new NetworkUp({
    network: { up: () => world.network.up, onChange: (run) => void (world.network.changed = run) },
    timer,
    utc: () =>
      world.synced ? { utcMs: 1, quality: TimeQuality.holdover, errorMs: 1 } : UNKNOWN_TIME,
    sync: withServer ? { start: call("sync"), stop: call("no sync") } : undefined,
    session: {
      get online() {
        return world.online;
      },
      start: call("session"),
      close: () => {
        world.calls.push("no session");
        if (world.online) world.setOnline(false);
      },
      stop: (done) => {
        world.calls.push("stop");
        done();
      },
    },
    log: () => {},
    onState: (state) => void world.states.push(state),
  });
  return world;
}

const NODE = {} as SessionNode;

test("network, time, broker, in this order, and each is named while it is missing", () => {
  const world = bench();
  world.up.start(NODE);
  assert.deepEqual(world.calls, []);
  world.setNetwork(true);
  assert.deepEqual(world.calls, ["sync"]);
  world.timer.advance(5_000);
  assert.deepEqual(world.calls, ["sync"], "it waits for the time");
  world.synced = true;
  world.timer.advance(1_000);
  assert.deepEqual(world.calls, ["sync", "session"]);
  world.setOnline(true);
  world.timer.advance(3_600_000);
  assert.deepEqual(world.calls, ["sync", "session"]);
  assert.deepEqual(world.states, ["no-network", "no-time", "no-broker", "online"]);
});

test("without the time the broker's turn comes after a minute: the gateway may bring it", () => {
  const world = bench();
  world.setNetwork(true);
  world.up.start(NODE);
  world.timer.advance(NETWORK_TIME_WAIT_MS - 1_000);
  assert.deepEqual(world.calls, ["sync"]);
  world.timer.advance(1_000);
  assert.deepEqual(world.calls, ["sync", "session"]);
  world.setOnline(true);
  assert.equal(world.up.state, "no-time");
  world.synced = true;
  world.timer.advance(1_000);
  assert.deepEqual(world.states, ["no-time", "no-broker", "no-time", "online"]);
});

test("where no time server is configured nothing waits", () => {
  const world = bench(false);
  world.setNetwork(true);
  world.up.start(NODE);
  assert.deepEqual(world.calls, ["session"]);
});

test("a network that goes takes the session with it, at once, and begins anew when it comes", () => {
  const world = bench();
  world.synced = true;
  world.setNetwork(true);
  world.up.start(NODE);
  world.setOnline(true);
  world.calls.length = 0;
  world.setNetwork(false);
  world.network.changed();
  assert.deepEqual(world.calls, ["no sync", "no session"]);
  assert.equal(world.up.state, "no-network");
  world.setNetwork(true);
  assert.deepEqual(world.calls, ["no sync", "no session", "sync", "session"]);
  assert.deepEqual(world.states, ["no-broker", "online", "no-network", "no-broker"]);
});

test("a change that the network does not tell is noticed within a minute", () => {
  const world = bench(false);
  world.up.start(NODE);
  world.network.up = true;
  world.timer.advance(60_000);
  assert.deepEqual(world.calls, ["session"]);
  world.synced = true;
  world.network.up = false;
  world.timer.advance(60_000);
  assert.deepEqual(world.calls, ["session", "no session"]);
});

test("stopping leaves in good order, closing at once, and both for good", () => {
  for (const [how, calls] of [
    ["stop", ["no sync", "stop"]],
    ["close", ["no sync", "no session"]],
  ] as const) {
    const world = bench();
    world.synced = true;
    world.setNetwork(true);
    world.up.start(NODE);
    world.setOnline(true);
    world.calls.length = 0;
    let done = 0;
    if (how === "stop") world.up.stop(() => done++);
    else world.up.close();
    assert.equal(done, how === "stop" ? 1 : 0);
    assert.deepEqual(world.calls, calls);
    world.setNetwork(false);
    world.setNetwork(true);
    world.timer.advance(3_600_000);
    assert.deepEqual(world.calls, calls);
    assert.equal(world.timer.pending, 0);
    world.up.start(NODE);
    assert.deepEqual(world.calls.slice(calls.length), ["sync", "session"]);
  }
});
