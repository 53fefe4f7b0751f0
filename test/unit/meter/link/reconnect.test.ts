// SPDX-License-Identifier: Apache-2.0
/** Connections that come and go: what they leave behind, and the pauses between them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LINK_BACKOFF_FIRST_MS, LINK_BACKOFF_MAX_MS, LINK_STABLE_MS } from "#core/limits-device";
import { Bench, bytes, UP } from "./bench.ts";

test("1000 reconnections leave no more behind than one", () => {
  const bench = new Bench().online();
  const counts = () => {
    const { clients, wires, timers } = bench.census;
    return { clients, wires, timers, waiting: bench.timer.pending };
  };
  const first = counts();
  for (let i = 0; i < 1_000; i++) {
    for (let k = 0; k < 20; k++) bench.session.publish(UP, bytes(`${i} ${k}`), false);
    // Lost in the middle of it, and in every way.
    if (i % 4 === 0) bench.broker.mute = true;
    else bench.broker.kick();
    for (let k = 0; k < 100_000 && bench.session.online; k++) bench.timer.advance(1_000);
    bench.broker.mute = false;
    bench.online();
    bench.timer.advance(LINK_STABLE_MS);
  }
  assert.equal(bench.session.facts.connections, 1_001);
  assert.deepEqual(counts(), first);
  assert.deepEqual(bench.census.misuse, []);
  bench.session.close();
  bench.assertGone();
});

test("pauses grow with full jitter up to five minutes, while nothing comes of it", () => {
  const pausesOf = (seed: number) => {
    const bench = new Bench({ seed });
    bench.broker.returnCode = 5; // refused
    bench.start();
    bench.timer.advance(3 * 3_600_000);
    return bench.attemptMs.map((ms, i) => ms - (bench.attemptMs[i - 1] ?? 0));
  };
  const all = Array.from({ length: 100 }, (_, seed) => pausesOf(seed));
  const slackMs = 100; // the attempt itself
  for (let n = 0; n < 12; n++) {
    const mostMs = Math.min(LINK_BACKOFF_MAX_MS, LINK_BACKOFF_FIRST_MS * 2 ** n);
    const shares = all.map((pauses) => pauses[n] / mostMs);
    assert.ok(Math.max(...shares) <= 1 + slackMs / mostMs, `attempt ${n}`);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    assert.ok(mean > 0.4 && mean < 0.6, `attempt ${n}: mean ${mean}`);
    const quarters = [0, 1, 2, 3].map((q) => shares.filter((s) => Math.floor(s * 4) === q).length);
    for (const count of quarters) assert.ok(count >= 10, `attempt ${n}: ${quarters}`);
  }
});

test("a node that is thrown out after connecting pauses longer and longer; a stable one begins anew", () => {
  const bench = new Bench({ seed: 3 }).online();
  for (let i = 0; i < 12; i++) {
    bench.timer.advance(LINK_STABLE_MS - 2_000);
    bench.broker.kick(); // a duplicate of its id
    bench.timer.advance(100);
    bench.online();
  }
  bench.timer.advance(LINK_STABLE_MS / 2);
  bench.broker.kick();
  bench.timer.advance(100);
  const downMs = bench.timer.uptimeMs();
  let longest = 0;
  for (let i = 0; i < 20; i++) {
    const fromMs = bench.timer.uptimeMs();
    bench.online();
    longest = Math.max(longest, bench.connectedMs.at(-1)! - fromMs);
    bench.broker.kick();
    bench.timer.advance(100);
  }
  assert.ok(longest > LINK_BACKOFF_MAX_MS / 2, `${longest} ms`);
  assert.ok(bench.timer.uptimeMs() - downMs > 20 * 60_000, "twenty times");
  bench.online();
  bench.timer.advance(LINK_STABLE_MS);
  bench.broker.kick();
  bench.timer.advance(100);
  const fromMs = bench.timer.uptimeMs();
  bench.online();
  assert.ok(bench.connectedMs.at(-1)! - fromMs <= LINK_BACKOFF_FIRST_MS + 100);
});
