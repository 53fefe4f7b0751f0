// SPDX-License-Identifier: Apache-2.0
/**
 * The power of a node is cut before, during and after every write of a day's metering: no register goes back,
 * nothing is signed twice, and what a chip kept is not lost. A counter that begins anew with every start loses
 * what was not stored, and no more than that.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventKind } from "#core/records/event";
import { Rng } from "../property/rng.ts";
import { CHIPS, cutEveryWrite, DAY_S, LOSS_MAX_MWH, OFF_S } from "./metering-cuts.ts";
import { countsOfDay, Day, SLOT_S } from "./metering-day.ts";

for (const origin of ["started", "powered", "kept"] as const)
  test(`a day at polling cadence, cut at every write: a counter that is ${origin}`, (t) => {
    const { writes, alone, cases, lostMaxMwh } = cutEveryWrite(origin);
    assert.ok(writes > 400 && cases > 1200, `${writes} writes`);
    t.diagnostic(
      `${writes} writes, ${alone} of registers alone, ${cases} cases, at most ${lostMaxMwh} mWh lost`,
    );
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
