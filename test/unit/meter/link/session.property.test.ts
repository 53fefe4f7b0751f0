// SPDX-License-Identifier: Apache-2.0
/** Whatever sizes, delays and faults: nothing is corrupted, doubled or out of order within a connection. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Bench, bytes, DOWN, STATE, UP } from "./bench.ts";

/** A payload that says its number, and whose every byte follows from it. */
function numbered(number: number, length: number): Uint8Array {
  const payload = new Uint8Array(length + 4);
  new DataView(payload.buffer).setUint32(0, number);
  for (let i = 4; i < payload.length; i++) payload[i] = (number * 31 + i * 7) & 0xff;
  return payload;
}

function numberOf(payload: Uint8Array): number {
  const number = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
  assert.deepEqual(payload, numbered(number, payload.length - 4), "every byte is as it was sent");
  return number;
}

function assertRising(numbers: number[], what: string): void {
  for (let i = 1; i < numbers.length; i++)
    assert.ok(numbers[i] > numbers[i - 1], `${what}: ${numbers[i - 1]} before ${numbers[i]}`);
}

const plan = fc.record({
  seed: fc.nat(),
  bufferBytes: fc.integer({ min: 200, max: 6_000 }),
  delayMs: fc.integer({ min: 0, max: 400 }),
  pieces: fc.boolean(),
  steps: fc.array(
    fc.oneof(
      { weight: 6, arbitrary: fc.record({ up: fc.nat({ max: 3_000 }) }) },
      {
        weight: 6,
        arbitrary: fc.record({ down: fc.nat({ max: 20_000 }), qos: fc.nat({ max: 1 }) }),
      },
      { weight: 6, arbitrary: fc.record({ waitMs: fc.nat({ max: 2_000 }) }) },
      { weight: 1, arbitrary: fc.record({ waitMs: fc.nat({ max: 200_000 }) }) },
      { weight: 1, arbitrary: fc.constantFrom("kick", "mute", "close") },
    ),
    { minLength: 1, maxLength: 60, size: "max" },
  ),
});

test("random buffers, pieces, delays and losses", () => {
  let delivered = 0;
  let connections = 0;
  fc.assert(
    fc.property(plan, ({ seed, bufferBytes, delayMs, pieces, steps }) => {
      const bench = new Bench({
        seed,
        bufferBytes: (rng) => 200 + rng.below(bufferBytes),
        delayMs: (rng) => rng.below(delayMs + 1),
        pieceBytes: (left, rng) => (pieces ? 1 + rng.below(left) : left),
      });
      // Numbers go on over connections, so that a message of an earlier one would be seen.
      let said = 0;
      let pushed = 0;
      let at = bench.broker.published.length;
      const received = () => bench.received.map(({ payload }) => numberOf(payload));
      bench.onConnect = () => bench.session.publish(STATE, bytes("online"), true);
      bench.onMessage = () => bench.session.publish(UP, numbered(++said, 10), false);
      bench.online();
      for (const step of steps) {
        if (step === "kick") bench.broker.kick();
        else if (step === "mute") {
          bench.broker.mute = true;
          bench.timer.advance(200_000);
          bench.broker.mute = false;
        } else if (step === "close") {
          bench.session.close();
          bench.session.start(bench.node);
        } else if ("up" in step) bench.session.publish(UP, numbered(++said, step.up), false);
        else if ("down" in step) {
          if (bench.broker.connected)
            bench.broker.push(
              DOWN,
              numbered(++pushed, Math.min(step.down, 16_380)),
              step.qos as 0 | 1,
            );
        } else bench.timer.advance(step.waitMs);
      }
      bench.timer.advance(200_000); // a loss is noticed
      bench.online();
      const last = ++said;
      bench.session.publish(UP, numbered(last, 5_000), false);
      bench.timer.advance(600_000);
      const up = bench.broker.published.slice(at).filter(({ topic }) => topic === UP);
      const numbers = up.map(({ payload }) => numberOf(payload));
      assertRising(numbers, "at the broker");
      assertRising(received(), "at the node");
      assert.ok(bench.session.facts.dropped > 0 || numbers.includes(last), "it still works");
      assert.deepEqual(bench.census.misuse, []);
      assert.equal(bench.session.facts.broken, 0);
      at = bench.broker.published.length;
      delivered += numbers.length + bench.received.length;
      connections += bench.session.facts.connections;
      bench.session.close();
      bench.timer.advance(600_000);
      const { clients, wires, timers } = bench.census;
      assert.deepEqual([clients, wires, timers, bench.timer.pending], [0, 0, 0, 0]);
    }),
    { seed: 20, numRuns: 200 },
  );
  assert.ok(delivered > 2_500 && connections > 350, `${delivered} over ${connections} connections`);
});
