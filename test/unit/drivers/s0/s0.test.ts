// SPDX-License-Identifier: Apache-2.0
/** The S0 sensor: its io, its polls, and that no pulse is lost between them or counted twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionFailure } from "#core/errors/assert";
import { PulsePower } from "#drivers/s0/power";
import { PulseFilter } from "#drivers/s0/pulse-filter";
import { type PulseIo, type PulseIoOptions, S0, type S0Options } from "#drivers/s0/s0";
import type { EnergySample } from "#drivers/types";
import { ScriptedPulses } from "#test/vectors/drivers/s0";
import { ManualTimer } from "../../../helpers/driver-io.ts";
import { Rng } from "../../../property/rng.ts";

function start(options: Partial<S0Options> = {}, pulses = new ScriptedPulses()) {
  const timer = new ManualTimer();
  const samples: EnergySample[] = [];
  const faults: string[] = [];
  const driver = new S0({
    sensor: { ...pulses.construction, pin: 4 },
    timer,
    impulsesPerKwh: 1000,
    onSample: (sample) => samples.push(sample),
    onFault: (fault, detail) => faults.push(`${fault}: ${detail}`),
    ...options,
  });
  return { timer, pulses, samples, faults, driver };
}

test("opens its io with the filter's times and the board's pin", () => {
  const { pulses, driver } = start();
  const standard = { pin: 4, minOnUs: 15_000, minOffUs: 15_000, activeLow: true };
  assert.deepEqual(pulses.options, standard);
  assert.deepEqual(driver.identification, { model: "S0", classification: "Energy" });
  const chosen = { minOnUs: 1000, minOffUs: 2000, activeLow: false };
  assert.deepEqual(start(chosen).pulses.options, { pin: 4, ...chosen });
});

test("a sample each interval, also without pulses", () => {
  const { timer, samples, driver } = start({ intervalMs: 500 });
  assert.equal(driver.sample(), undefined);
  timer.advance(1000);
  assert.deepEqual(
    samples.map(({ uptimeMs, counts }) => [uptimeMs, counts]),
    [
      [500, [0n]],
      [1000, [0n]],
    ],
  );
  assert.equal(driver.sample(), samples[1]);
  driver.configure({ intervalMs: 5000, unknown: 1 });
  timer.advance(4999);
  assert.equal(samples.length, 2);
  timer.advance(1);
  assert.equal(samples.length, 3);
});

test("an io that fails is a fault of the bus, and what it counted meanwhile counts later", () => {
  const { timer, samples, faults, pulses } = start();
  pulses.count = 1;
  timer.advance(1000);
  pulses.fails = true;
  timer.advance(2000);
  assert.deepEqual(faults, ["bus: Error: no counter", "bus: Error: no counter"]);
  pulses.fails = false;
  pulses.count = 100;
  timer.advance(1000);
  assert.deepEqual(samples.at(-1)?.counts, [100n]);
});

test("an io that fails at the start gives its count later", () => {
  for (const [origin, count] of [
    ["powered", 77n],
    ["started", 0n],
  ] as const) {
    const pulses = new ScriptedPulses();
    Object.assign(pulses, { fails: true, count: 77, origin });
    const { timer, driver } = start({}, pulses);
    pulses.fails = false;
    timer.advance(1000);
    assert.deepEqual(driver.sample()?.counts, [count]);
  }
});

test("close stops the polls and closes the io once", () => {
  const { timer, pulses, samples, driver } = start();
  driver.close();
  driver.close();
  driver.configure({ intervalMs: 10 });
  timer.advance(10_000);
  assert.deepEqual([samples.length, pulses.closed, timer.pending], [0, 1, 0]);

  let inside: S0 | undefined;
  const other = start({ onSample: () => inside?.close() });
  inside = other.driver;
  other.timer.advance(10_000);
  assert.deepEqual([other.pulses.closed, other.timer.pending], [1, 0]);
});

test("options that no board can mean are bugs", () => {
  const wrong: Record<string, unknown>[] = [
    { impulsesPerKwh: 0 },
    { impulsesPerKwh: 0.5 },
    { impulsesPerKwh: 1e9 },
    { minOnUs: 0 },
    { minOffUs: 1e9 },
    { intervalMs: 0 },
  ];
  for (const options of wrong)
    assert.throws(
      () => start(options as Partial<S0Options>),
      AssertionFailure,
      JSON.stringify(options),
    );
  assert.throws(() => start().driver.configure({ intervalMs: "1" }), AssertionFailure);
});

test("power from spacing, fading with silence, and none below the starting current", () => {
  const power = new PulsePower(1000, 10_000, 0);
  let nowMs = 0;
  /** Polls once a second for `seconds`, with `pulses` in each; the last power. */
  const poll = (seconds: number, pulses: number) => {
    let powerMw: number | undefined;
    for (let i = 0; i < seconds; i++) powerMw = power.take(pulses, (nowMs += 1000));
    return powerMw;
  };
  assert.equal(poll(60, 0), undefined, "unknown is not zero");
  assert.equal(poll(1, 1), undefined, "one pulse has no spacing");
  assert.equal(poll(9, 2), undefined, "not long enough for a window");
  assert.equal(poll(1, 2), 7_200_000, "two a second");
  // One pulse every 36 s is 100 W; until the next one comes, the silence says how much it can be at most.
  assert.equal(poll(10, 0), 360_000);
  assert.equal(poll(25, 0), 102_857);
  assert.equal(poll(1, 1), 100_000);
  assert.equal(poll(36, 0), 100_000);
  assert.equal(poll(36, 0), 50_000);
  assert.equal(poll(720 - 72, 0), 5000);
  assert.equal(poll(1, 0), 0);
  assert.equal(poll(100, 0), 0);
  const fresh = new PulsePower(1000, 10_000, 0);
  assert.equal(fresh.take(0, 720_000), undefined);
  assert.equal(fresh.take(0, 720_001), 0, "a house that is off since the start");
});

/** A line that the reference filter counts by itself, as the native counter does. */
class SimulatedLine {
  readonly rng: Rng;
  readonly timer: ManualTimer;
  filter: PulseFilter | undefined;
  /** Pulses that went over the line, and what the filter showed at the start. */
  sent = 0;
  private readonly begins: number;
  private nowUs = 4_294_000_000;

  constructor(rng: Rng, timer: ManualTimer, begins: number) {
    this.rng = rng;
    this.timer = timer;
    this.begins = begins;
  }

  get construction() {
    const line = this;
    class Io implements PulseIo {
      constructor(options: PulseIoOptions & Record<string, unknown>) {
        line.filter = new PulseFilter(options, false, line.nowUs % 2 ** 32);
      }
      read(): number {
        line.filter?.settle(line.nowUs % 2 ** 32);
        return (line.begins + (line.filter?.count ?? 0)) % 2 ** 32;
      }
      close(): void {}
    }
    return { io: Io };
  }

  /** The contact for `ms`, with bounces; the driver's polls fall where they fall. */
  hold(on: boolean, ms: number): void {
    for (let i = this.rng.below(4); i > 0; i--) {
      this.edge(on, 1 + this.rng.below(300));
      this.edge(!on, 1 + this.rng.below(300));
    }
    this.edge(on, 0);
    for (let i = 0; i < ms; i++) {
      this.nowUs += 1000;
      this.timer.advance(1);
    }
  }

  pulse(onMs: number, offMs: number): void {
    this.hold(true, onMs);
    this.hold(false, offMs);
    this.sent++;
  }

  private edge(on: boolean, us: number): void {
    this.filter?.edge(on, this.nowUs % 2 ** 32);
    this.nowUs += us;
  }
}

test("no pulse is lost between polls, none counts twice, whatever bounces and wraps", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const rng = new Rng(seed);
    const timer = new ManualTimer();
    const line = new SimulatedLine(rng, timer, 2 ** 32 - rng.below(50));
    const faults: string[] = [];
    let before = 0n;
    const driver = new S0({
      sensor: line.construction,
      timer,
      impulsesPerKwh: 1000,
      intervalMs: 1 + rng.below(400),
      onFault: (fault, detail) => faults.push(`${fault} ${detail}`),
      onSample: ({ counts: [count] }) => {
        assert.ok(count >= before && count <= BigInt(line.sent + 1), `seed ${seed}`);
        before = count;
      },
    });
    for (let i = 0; i < 100; i++) {
      if (rng.below(10) === 0) driver.configure({ intervalMs: 1 + rng.below(2000) });
      line.pulse(18 + rng.below(60), 18 + rng.below(rng.below(5) === 0 ? 900 : 60));
    }
    timer.advance(2000);
    assert.deepEqual(driver.sample()?.counts, [100n], `seed ${seed}`);
    assert.deepEqual(faults, [], `seed ${seed}`);
    driver.close();
  }
});
