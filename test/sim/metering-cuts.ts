// SPDX-License-Identifier: Apache-2.0
/**
 * The power of a node is cut before, during and after every write of a day's metering. Asserts that no register
 * goes back, that nothing is signed twice, and that what a chip kept is not lost.
 */
import assert from "node:assert/strict";
import { SAVE_MIN_MS, SAVE_QUANTUM_MWH } from "#core/limits-device";
import type { CounterSpec } from "#drivers/types";
import { countsOfDay, Day, POWER_MAX_MW, probedStore, SLOT_S } from "./metering-day.ts";

export const DAY_S = 86_400;
/** The node is off for this long, and then polls as long before it is looked at. */
export const OFF_S = 2;
const LOOK_S = 3;

/** Three chips: counts of 1.5 mWh in the driver, in 16 bits of the chip, and whole mWh that it keeps. */
export const CHIPS: Record<CounterSpec["origin"], CounterSpec> = {
  started: chip({ origin: "started", mwh: 3n, perCounts: 2n }),
  powered: chip({ origin: "powered", mwh: 3n, perCounts: 2n, modulus: 65_536n }),
  kept: chip({ origin: "kept", mwh: 1n, perCounts: 1n }),
};

function chip(of: Pick<CounterSpec, "origin" | "mwh" | "perCounts"> & { modulus?: bigint }) {
  return { name: "CF", register: "import" as const, modulus: 0n, ...of };
}

/** The most that a cut may take, mWh: a quantum or the least time at full power, a poll, the time off. */
export const LOSS_MAX_MWH = (() => {
  const inTime = (ms: number) => BigInt(Math.ceil((POWER_MAX_MW * ms) / 3_600_000));
  const unsaved = inTime(SAVE_MIN_MS + 1000);
  const quantum = SAVE_QUANTUM_MWH + inTime(1000);
  return (unsaved > quantum ? unsaved : quantum) + inTime(OFF_S * 1000);
})();

/** Cuts `day` here: its flash as it is now, and the power back after OFF_S; what is lost, mWh. */
function cutHere(day: Day, deep: boolean): bigint | undefined {
  const again = day.copy();
  const signedMwh = again.heard.importMwh;
  again.second += OFF_S;
  if (again.second + LOOK_S >= DAY_S) return undefined;
  again.boot();
  const { registers } = again.node.state;
  assert.ok(registers.importMwh >= signedMwh, "a register below a signed reading");
  again.run(again.second + LOOK_S);
  const lostMwh = check(again);
  if (!deep) return lostMwh;
  // Until the next boundary is read and signed.
  const boundary = Math.ceil((again.second + 1) / SLOT_S);
  if (boundary * SLOT_S >= DAY_S) return lostMwh;
  again.run(boundary * SLOT_S + 1);
  assert.ok(again.heard.readings.has(boundary), `boundary ${boundary}`);
  return check(again);
}

/** How much of the truth is not in the register, mWh. */
function check(day: Day): bigint {
  const { spec } = day.setup;
  const missing = day.counts - day.accepted; // the day begins at 0
  assert.ok(missing >= 0n, `${-missing} counts too many`);
  if (spec.origin !== "started") assert.equal(missing, 0n, "counts are lost");
  const lostMwh = (missing * spec.mwh) / spec.perCounts;
  assert.ok(lostMwh <= LOSS_MAX_MWH, `${lostMwh} mWh lost, at most ${LOSS_MAX_MWH}`);
  return lostMwh;
}

export interface MeteringCuts {
  writes: number;
  /** Of these, registers alone: the others go with what is signed. */
  alone: number;
  /** Cuts: before, during and after the writes. */
  cases: number;
  /** Readings that the undisturbed day signed. */
  readings: number;
  /** The most that one cut took from the registers, mWh. */
  lostMaxMwh: bigint;
}

/** A day at polling cadence with a counter that is `origin`, cut at every write. */
export function cutEveryWrite(origin: CounterSpec["origin"]): MeteringCuts {
  const spec = CHIPS[origin];
  const day = new Day({ spec, counts: countsOfDay(spec, DAY_S) });
  let writes = 0;
  let cases = 0;
  let lostMaxMwh = 0n;
  const flash = probedStore(day.flash, (n) => {
    writes = n;
    if (day.second === 0) return; // before the first sample there is nothing to keep
    const lostMwh = cutHere(day, n % 20 === 0);
    if (lostMwh === undefined) return; // the day is over
    cases++;
    if (lostMwh > lostMaxMwh) lostMaxMwh = lostMwh;
  });
  day.boot(flash);
  day.run(DAY_S - 1);
  assert.equal(check(day), 0n, "undisturbed, all of it is there");
  assert.deepEqual(day.heard.events, [], "and nothing happened");
  const { writes: alone } = day.node.state.registers;
  return { writes, alone, cases, readings: day.heard.readings.size, lostMaxMwh };
}
