// SPDX-License-Identifier: Apache-2.0
/**
 * Random lives of a meter against a chip whose true counts are known: registers never go back, never hold more
 * than flowed, and hold all of it, to the last count, but for stretches that an event tells of.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CounterSpec } from "#drivers/types";
import { CAPACITY_WH, counter, SLOT_MS, Steps } from "./steps.ts";

/** Events after which a stretch may be missing in the register. */
const MISSING = /^(gap|offRefused|counterBack|jumpRefused|chipChanged)/;

type Act =
  | { act: "sample"; seconds: number; share: number }
  | { act: "save" }
  | { act: "zero" }
  | { act: "corrupt" }
  | { act: "reset" }
  | { act: "restart"; known: boolean; lostPower: boolean; share: number };

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      act: fc.constant("sample" as const),
      seconds: fc.integer({ min: 1, max: 120 }),
      share: fc.integer({ min: 0, max: 1000 }),
    }),
  },
  { weight: 4, arbitrary: fc.constant({ act: "save" as const }) },
  { weight: 1, arbitrary: fc.constant({ act: "zero" as const }) },
  { weight: 1, arbitrary: fc.constant({ act: "corrupt" as const }) },
  { weight: 1, arbitrary: fc.constant({ act: "reset" as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      act: fc.constant("restart" as const),
      known: fc.boolean(),
      lostPower: fc.boolean(),
      share: fc.integer({ min: 0, max: 1000 }),
    }),
  },
);

const specs: fc.Arbitrary<CounterSpec> = fc
  .record({
    origin: fc.constantFrom<CounterSpec["origin"]>("kept", "powered", "started"),
    modulus: fc.constantFrom(0n, 65_536n, 1n << 24n),
    mwh: fc.bigInt(1n, 40n),
    perCounts: fc.bigInt(1n, 30n),
  })
  .map(counter);

/** mWh that the connection's rating carries in a second. */
const SECOND_MWH = BigInt(CAPACITY_WH * 1_000_000) / BigInt(SLOT_MS);

class Life {
  readonly steps: Steps;
  private readonly spec: CounterSpec;
  /** True counts ever, and those at which the chip began to count. */
  private total: bigint;
  private base = 0n;
  private second = 1;
  /** True counts at the last sample taken; what is in flash of all this. */
  private seen = 0n;
  private flash: ReturnType<Life["snapshot"]>;
  private sampled = false;
  /**
   * How often the chip was reset under the node, and had been at the last sample taken: where it counted on beyond
   * what it showed before, nobody can see it.
   */
  private resets = 0;
  private resetsSeen = 0;

  constructor(spec: CounterSpec, first: bigint) {
    this.spec = spec;
    this.steps = new Steps(spec);
    this.total = first;
    if (spec.origin === "started") this.base = first;
    this.seen = first;
    this.flash = this.snapshot();
  }

  private snapshot() {
    const { seen, resetsSeen } = this;
    return { kept: structuredClone(this.steps.kept), seen, resetsSeen };
  }

  private get shown(): bigint {
    const counts = this.total - this.base;
    return this.spec.modulus > 0n ? counts % this.spec.modulus : counts;
  }

  /** Counts that are `share` permille of what may flow in `seconds`. */
  private flow(seconds: number, share: number): void {
    const { mwh, perCounts, modulus } = this.spec;
    const most = (SECOND_MWH * BigInt(seconds) * perCounts) / mwh;
    const bounded = modulus > 0n && most >= modulus / 2n ? modulus / 2n : most;
    this.total += (bounded * BigInt(share)) / 1000n;
  }

  /** What the register holds, in counts: exact, since the fraction is kept. */
  private get accepted(): bigint {
    const { kept } = this.steps;
    const parts = kept.importMwh * this.spec.perCounts + (kept.counters[0]?.importRest ?? 0n);
    assert.equal(parts % this.spec.mwh, 0n, "a part of a count");
    return parts / this.spec.mwh;
  }

  private take(shown = this.shown): void {
    const before = {
      accepted: this.accepted,
      mwh: this.steps.mwh[0],
      noted: this.steps.noted.length,
      based: this.steps.kept.chip.length,
    };
    this.steps.at(this.second, shown);
    assert.ok(this.steps.mwh[0] >= before.mwh, "the register went back");
    const taken = this.steps.run.uptimeMs === this.second * 1000;
    const got = this.accepted - before.accepted;
    if (!taken) return assert.equal(got, 0n, "a sample in doubt changed something");
    const flowed = this.total - this.seen;
    this.seen = this.total;
    this.sampled = true;
    const unseen = this.resets !== this.resetsSeen;
    this.resetsSeen = this.resets;
    // Nothing is stored yet: registers begin here, or where the driver began.
    if (before.based === 0)
      return assert.equal(got, this.spec.origin === "started" ? this.total - this.base : 0n);
    const missing = this.steps.events.slice(before.noted).some((event) => MISSING.test(event));
    if (missing || unseen) assert.ok(got <= flowed, `${got} of ${flowed} counts`);
    else assert.equal(got, flowed, `no event tells of missing counts`);
  }

  do(act: Act): void {
    if (act.act === "save") this.flash = this.snapshot();
    else if (act.act === "restart") this.restart(act);
    else if (act.act === "sample") {
      this.second += act.seconds;
      this.flow(act.seconds, act.share);
      this.take();
    } else if (act.act === "reset") {
      // A small wrap over a restart and a reset before it look alike (register.ts: stepOff).
      if (this.spec.origin === "started" || this.spec.modulus > 0n) return;
      this.base = this.total;
      this.resets++;
    } else this.lie(act.act);
  }

  /** One sample that the chip should not give, and a right one after it. */
  private lie(act: "zero" | "corrupt"): void {
    // Within a wrap a wrong count may look like a right one: nothing but a checksum helps.
    if (!this.sampled || this.spec.modulus > 0n) return;
    this.second++;
    if (act === "zero" && this.shown > 0n) this.steps.at(this.second, 0n);
    else this.steps.at(this.second, this.shown + (1n << 60n));
    this.second++;
    this.take();
    this.second++;
    this.take();
  }

  private restart(act: Extract<Act, { act: "restart" }>): void {
    const { origin } = this.spec;
    Object.assign(this.steps.kept, structuredClone(this.flash.kept));
    this.seen = this.flash.seen;
    this.resetsSeen = this.flash.resetsSeen;
    this.flow(100, act.share);
    if (origin === "started" || (origin === "powered" && act.lostPower)) this.base = this.total;
    this.steps.restart(act.known ? !act.lostPower : undefined);
    // The start is stored before the first sample, as the node does.
    this.flash.kept.power = this.steps.kept.power;
    this.second = 1;
    this.sampled = false;
    this.flow(1, 500);
  }
}

test("registers hold what flowed, to the last count, and never more", () => {
  fc.assert(
    fc.property(
      specs,
      fc.bigInt(0n, 60_000n),
      fc.array(acts, { minLength: 5, maxLength: 120 }),
      (spec, first, script) => {
        const life = new Life(spec, first);
        for (const act of script) life.do(act);
      },
    ),
    { numRuns: 600 },
  );
});

test("both registers rise by what a counter for both ways counted, whatever the directions", () => {
  const turns = fc.array(fc.record({ counts: fc.bigInt(0n, 9n), out: fc.boolean() }), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(turns, fc.bigInt(1n, 9n), fc.bigInt(1n, 9n), (script, mwh, perCounts) => {
      const steps = new Steps(counter({ register: "signed", mwh, perCounts })).at(0, 0n);
      let counts = 0n;
      let outward = 0n;
      let before = false;
      script.forEach(({ counts: step, out }, i) => {
        counts += step;
        if (out && before) outward += step;
        before = out;
        steps.take({ uptimeMs: (i + 1) * 1000, counts: [counts], reverse: out });
        const [{ importRest, exportRest }] = steps.kept.counters;
        assert.equal(steps.mwh[0] * perCounts + importRest, (counts - outward) * mwh);
        assert.equal(steps.mwh[1] * perCounts + exportRest, outward * mwh);
      });
      assert.deepEqual(steps.events, []);
    }),
  );
});
