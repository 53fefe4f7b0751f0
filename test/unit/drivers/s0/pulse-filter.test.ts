// SPDX-License-Identifier: Apache-2.0
/** The pulse filter against its definition, microsecond by microsecond, and what follows from it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { pulsesMax } from "#drivers/s0/pulse-filter";
import { CLOCK_US } from "#test/vectors/drivers/s0-pulses";
import { count, slowCount } from "./slow-count.ts";

const times = fc.record({
  minOnUs: fc.integer({ min: 1, max: 30 }),
  minOffUs: fc.integer({ min: 1, max: 30 }),
});
/** How long each level lasts, closed and open in turn. */
const levels = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 60 });

test("counts what the definition counts", () => {
  fc.assert(
    fc.property(times, levels, fc.boolean(), (line, durations, on) => {
      assert.equal(count(line, durations, on), slowCount(line, durations, on));
    }),
    { numRuns: 3000 },
  );
});

test("where the clock stands and how often it is looked at change nothing", () => {
  const clock = fc.integer({ min: CLOCK_US - 2000, max: CLOCK_US - 1 });
  fc.assert(
    fc.property(
      times,
      levels,
      fc.boolean(),
      clock,
      fc.integer({ min: 1, max: 20 }),
      (line, durations, on, clockUs, settleUs) => {
        const expected = count(line, durations, on);
        assert.equal(count(line, durations, on, { clockUs }), expected);
        assert.equal(count(line, durations, on, { settleUs }), expected);
        assert.equal(count(line, durations, on, { clockUs, settleUs }), expected);
      },
    ),
    { numRuns: 1000 },
  );
});

test("every clean pulse counts once, also the first", () => {
  fc.assert(
    fc.property(
      times,
      fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { maxLength: 50 }),
      (line, pulses) => {
        const durations = pulses.flatMap(([on, off]) => [line.minOffUs + off, line.minOnUs + on]);
        assert.equal(count(line, durations, false), pulses.length);
      },
    ),
  );
});

test("glitches shorter in all than the reserve of a pulse neither make nor lose one", () => {
  const line = { minOnUs: 15_000, minOffUs: 15_000 };
  const glitches = fc.array(
    fc.tuple(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 3000 })),
    {
      maxLength: 10,
    },
  );
  fc.assert(
    fc.property(fc.array(glitches, { minLength: 2, maxLength: 20 }), (phases) => {
      // Each phase lasts 30 ms, with up to ten interruptions of up to 0.7 ms.
      const durations: number[] = [];
      for (const phase of phases) {
        let left = 30_000;
        for (const [glitch, apart] of phase) {
          if (left - glitch - apart < 1) break;
          durations.push(apart, glitch);
          left -= glitch + apart;
        }
        durations.push(left);
      }
      assert.equal(count(line, [1, ...durations], true), Math.ceil((phases.length - 1) / 2));
    }),
  );
});

test("never more than the times allow", () => {
  fc.assert(
    fc.property(times, levels, fc.boolean(), (line, durations, on) => {
      const elapsedUs = durations.reduce((sum, duration) => sum + duration, 0);
      assert.ok(count(line, durations, on) <= pulsesMax(elapsedUs, line));
    }),
    { numRuns: 1000 },
  );
});
