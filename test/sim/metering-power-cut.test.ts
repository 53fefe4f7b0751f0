// SPDX-License-Identifier: Apache-2.0
/**
 * The power of a node is cut before, during and after every write of a day's metering: no register goes back,
 * nothing is signed twice, and what a chip kept is not lost. A counter that begins anew with every start loses
 * what was not stored, and no more than that.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SAVE_MIN_MS, SAVE_QUANTUM_MWH } from "#core/limits";
import { EventKind } from "#core/records/event";
import type { CounterSpec } from "#drivers/types";
import { Rng } from "../property/rng.ts";
import { countsOfDay, Day, POWER_MAX_MW, probedStore, SLOT_S } from "./metering-day.ts";

const DAY_S = 86_400;
/** The node is off for this long, and then polls as long before it is looked at. */
const OFF_S = 2;
const LOOK_S = 3;

/** Three chips: counts of 1.5 mWh in the driver, in 16 bits of the chip, and whole mWh that it keeps. */
const CHIPS: Record<CounterSpec["origin"], CounterSpec> = {
  started: chip({ origin: "started", mwh: 3n, perCounts: 2n }),
  powered: chip({ origin: "powered", mwh: 3n, perCounts: 2n, modulus: 65_536n }),
  kept: chip({ origin: "kept", mwh: 1n, perCounts: 1n }),
};

function chip(of: Pick<CounterSpec, "origin" | "mwh" | "perCounts"> & { modulus?: bigint }) {
  return { name: "CF", register: "import" as const, modulus: 0n, ...of };
}

/** The most that a cut may take, mWh: a quantum or the least time at full power, a poll, the time off. */
const LOSS_MAX_MWH = (() => {
  const inTime = (ms: number) => BigInt(Math.ceil((POWER_MAX_MW * ms) / 3_600_000));
  const unsaved = inTime(SAVE_MIN_MS + 1000);
  const quantum = SAVE_QUANTUM_MWH + inTime(1000);
  return (unsaved > quantum ? unsaved : quantum) + inTime(OFF_S * 1000);
})();

/** Cuts `day` here: its flash as it is now, and the power back after OFF_S. */
function cutHere(day: Day, deep: boolean): void {
  const again = day.copy();
  const signedMwh = again.heard.importMwh;
  again.second += OFF_S;
  if (again.second + LOOK_S >= DAY_S) return;
  again.boot();
  const { registers } = again.node.state;
  assert.ok(registers.importMwh >= signedMwh, "a register below a signed reading");
  again.run(again.second + LOOK_S);
  check(again);
  if (!deep) return;
  // Until the next boundary is read and signed.
  const boundary = Math.ceil((again.second + 1) / SLOT_S);
  if (boundary * SLOT_S >= DAY_S) return;
  again.run(boundary * SLOT_S + 1);
  assert.ok(again.heard.readings.has(boundary), `boundary ${boundary}`);
  check(again);
}

/** How much of the truth is in the register. */
function check(day: Day): bigint {
  const { spec } = day.setup;
  const missing = day.counts - day.accepted; // the day begins at 0
  assert.ok(missing >= 0n, `${-missing} counts too many`);
  if (spec.origin !== "started") assert.equal(missing, 0n, "counts are lost");
  else {
    const lostMwh = (missing * spec.mwh) / spec.perCounts;
    assert.ok(lostMwh <= LOSS_MAX_MWH, `${lostMwh} mWh lost, at most ${LOSS_MAX_MWH}`);
  }
  return missing;
}

for (const origin of ["started", "powered", "kept"] as const)
  test(`a day at polling cadence, cut at every write: a counter that is ${origin}`, (t) => {
    const spec = CHIPS[origin];
    const day = new Day({ spec, counts: countsOfDay(spec, DAY_S) });
    let writes = 0;
    let cases = 0;
    const flash = probedStore(day.flash, (n) => {
      writes = n;
      if (day.second === 0) return; // before the first sample there is nothing to keep
      cases++;
      cutHere(day, n % 20 === 0);
    });
    day.boot(flash);
    day.run(DAY_S - 1);
    assert.equal(check(day), 0n, "undisturbed, all of it is there");
    assert.deepEqual(day.heard.events, [], "and nothing happened");
    assert.ok(writes > 400 && cases > 1200, `${writes} writes`);
    const alone = day.node.state.registers.writes;
    t.diagnostic(`${writes} writes, ${alone} of registers alone, ${cases} cases`);
  });

test("cut forty times in a day, anywhere: losses add up, and every one is told", () => {
  const rng = new Rng(7);
  for (const origin of ["started", "powered", "kept"] as const) {
    const spec = CHIPS[origin];
    let day = new Day({ spec, counts: countsOfDay(spec, DAY_S) });
    day.boot();
    let cuts = 0;
    for (; cuts < 40; cuts++) {
      day.run(day.second + 60 + rng.below(3600));
      if (day.second > DAY_S - 5000) break;
      day = day.copy();
      day.second += OFF_S;
      day.boot();
    }
    day.run(DAY_S - 1);
    const missing = day.counts - day.accepted;
    assert.ok(missing >= 0n);
    if (origin !== "started") assert.equal(missing, 0n, origin);
    else {
      assert.ok(missing > 0n, "something was lost");
      assert.ok((missing * spec.mwh) / spec.perCounts <= BigInt(cuts) * LOSS_MAX_MWH);
      assert.equal(day.heard.events.filter((event) => event === EventKind.gap).length, cuts);
    }
    assert.equal(day.heard.readings.size, DAY_S / SLOT_S, "and no boundary was missed");
  }
});
