// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Role, type Window } from "#core/records/plan";
import { drawnMwh, storedMwh } from "#core/units/battery";
import type { VehicleConfig } from "#meter/config";
import { decide, type Situation } from "#meter/profile/decide";

const SECONDS = 900;
const CAR: VehicleConfig = {
  capacityWh: 40_000,
  reserveWh: 8000,
  chargeW: 8000,
  dischargeW: 6000,
  efficiencyPermille: 1000,
  bidMicro: 0,
  offerMicro: 0,
};

function situation(parts: Partial<Situation>): Situation {
  const departure = { departSlot: 50, needWh: 20_000 };
  return {
    ...{ vehicle: CAR, stateWh: 16_000, slot: 10, slotSeconds: SECONDS, departure },
    windows: [],
    ...parts,
  };
}

const window = (role: number, powerW: number): Window[] => [
  { slot: 9, slots: 3, role, powerW, priceMicro: 0 },
];

test("it charges and discharges as its windows have it, and is idle between them", () => {
  const charging = decide(situation({ windows: window(Role.charging, 5000) }));
  assert.deepEqual(charging, { role: Role.charging, powerW: 5000, nextWh: 17_250 });
  const giving = decide(situation({ windows: window(Role.discharging, 5000) }));
  assert.deepEqual(giving, { role: Role.discharging, powerW: -5000, nextWh: 14_750 });
  assert.deepEqual(decide(situation({ windows: [] })), {
    role: Role.idle,
    powerW: 0,
    nextWh: 16_000,
  });
  const over = decide(situation({ slot: 12, windows: window(Role.charging, 5000) }));
  assert.equal(over.role, Role.idle, "the window is over");
});

test("it never discharges below its reserve, or so far that its plan is lost", () => {
  const low = decide(situation({ stateWh: 8400, windows: window(Role.discharging, 6000) }));
  assert.equal(low.powerW, -1600, "400 Wh above the reserve");
  // Two slots after this one: 4 kWh; so 16 kWh have to be there, and 16.5 are.
  const departure = { departSlot: 13, needWh: 20_000 };
  const windows = window(Role.discharging, 6000);
  assert.equal(decide(situation({ stateWh: 16_500, departure, windows })).powerW, -2000);
  assert.equal(
    decide(situation({ stateWh: 15_000, departure, windows })).powerW,
    4000,
    "it has to charge",
  );
});

test("without a word of the gateway it charges at the last moment that does", () => {
  const departure = { departSlot: 13, needWh: 20_000 };
  const at = (stateWh: number) =>
    decide(situation({ stateWh, departure, windows: undefined })).powerW;
  assert.equal(at(16_000), 0);
  assert.equal(at(15_000), 4000);
  assert.equal(at(10_000), 8000, "as much as it can, where that is too little");
});

test("at a station it takes no more than its window, since the connection is not its own", () => {
  const vehicle = { ...CAR, station: "00" };
  const departure = { departSlot: 11, needWh: 20_000 };
  const windows = window(Role.charging, 3000);
  assert.equal(decide(situation({ vehicle, departure, windows })).powerW, 3000);
  assert.equal(decide(situation({ vehicle, departure, windows: [] })).powerW, 0);
  assert.equal(
    decide(situation({ departure, windows })).powerW,
    8000,
    "its own connection bears it",
  );
});

test("whatever it hears: within its power, above its reserve, and a plan that can be kept is kept", () => {
  const anyWindow = fc.record({
    slot: fc.integer({ min: 0, max: 12 }),
    slots: fc.integer({ min: 0, max: 8 }),
    role: fc.constantFrom(Role.charging, Role.discharging),
    powerW: fc.integer({ min: 1, max: 20_000 }),
    priceMicro: fc.constant(0),
  });
  const anyone = fc.record({
    vehicle: fc.record({
      ...Object.fromEntries(["bidMicro", "offerMicro"].map((name) => [name, fc.constant(0)])),
      capacityWh: fc.constant(40_000),
      reserveWh: fc.integer({ min: 0, max: 15_000 }),
      chargeW: fc.integer({ min: 1000, max: 11_000 }),
      dischargeW: fc.integer({ min: 0, max: 11_000 }),
      efficiencyPermille: fc.integer({ min: 800, max: 1000 }),
    }),
    stateWh: fc.integer({ min: 0, max: 40_000 }),
    needWh: fc.integer({ min: 0, max: 40_000 }),
    departSlot: fc.integer({ min: 1, max: 12 }),
    heard: fc.array(fc.option(fc.array(anyWindow, { maxLength: 4 }), { nil: undefined }), {
      minLength: 12,
      maxLength: 12,
    }),
  });
  let kept = 0;
  fc.assert(
    fc.property(anyone, ({ vehicle: drawn, stateWh, needWh, departSlot, heard }) => {
      const vehicle = drawn as unknown as VehicleConfig;
      const { chargeW, dischargeW, reserveWh, efficiencyPermille, capacityWh } = vehicle;
      const most = departSlot * storedMwh(chargeW, SECONDS, efficiencyPermille);
      let stateMwh = stateWh * 1000;
      for (let slot = 0; slot < departSlot; slot++) {
        const departure = { departSlot, needWh };
        const known = Math.floor(stateMwh / 1000);
        const parts = { vehicle, stateWh: known, slot, departure, windows: heard[slot] };
        const { powerW, role, nextWh } = decide(situation(parts));
        assert.ok(powerW <= chargeW && -powerW <= dischargeW);
        assert.equal(role, powerW > 0 ? Role.charging : powerW < 0 ? Role.discharging : Role.idle);
        if (powerW >= 0) stateMwh += storedMwh(powerW, SECONDS, efficiencyPermille);
        else stateMwh -= drawnMwh(-powerW, SECONDS, efficiencyPermille);
        stateMwh = Math.min(stateMwh, capacityWh * 1000);
        if (powerW < 0) assert.ok(stateMwh >= reserveWh * 1000, "below its reserve");
        assert.ok(
          Math.abs(stateMwh / 1000 - nextWh) < 2,
          `expected ${nextWh} Wh, has ${stateMwh} mWh`,
        );
      }
      // One Wh for the state that is rounded down, and a mWh for each slot.
      if (stateWh * 1000 + most < needWh * 1000 + 1000 + departSlot) return;
      kept++;
      assert.ok(stateMwh >= needWh * 1000 - departSlot, `${stateMwh} mWh of ${needWh} Wh`);
    }),
    { numRuns: 2000 },
  );
  assert.ok(kept > 500, `${kept} plans could be kept`);
});
