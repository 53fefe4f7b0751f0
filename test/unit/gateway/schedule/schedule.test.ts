// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Plan } from "#core/records/plan";
import { drawnMwh, powerToStoreW, storedMwh } from "#core/units/battery";
import { makeSchedule } from "#gateway/schedule/schedule";
import type { Battery, Outlook } from "#gateway/schedule/types";
import { type CostEdge, leastCost, maxFlow } from "./max-flow.ts";

const SECONDS = 900;

function plan(parts: Partial<Plan>): Plan {
  return {
    net: "demo",
    node: new Uint8Array(16),
    slot: 10,
    station: undefined,
    stateWh: 20_000,
    capacityWh: 50_000,
    reserveWh: 10_000,
    chargeW: 7000,
    dischargeW: 0,
    efficiencyPermille: 950,
    departSlot: 0,
    needWh: 0,
    bidMicro: 0,
    offerMicro: 0,
    ...parts,
  };
}

function outlook(slots: number, parts: Partial<Outlook> = {}): Outlook {
  const none = Array.from({ length: slots }, () => 0);
  const retailMicro = none.map(() => 300_000);
  const prices = { retailMicro, feedInMicro: 80_000 };
  return {
    first: 10,
    slots,
    slotSeconds: SECONDS,
    ...prices,
    surplusW: none,
    demandW: none,
    ...parts,
  };
}

const sum = (powers: Iterable<number>): number => [...powers].reduce((a, b) => a + b, 0);

/** Energy at the start of each slot and after the last, mWh. */
function courseOf({ stateWh, efficiencyPermille }: Plan, powers: Int32Array): number[] {
  const states = [stateWh * 1000];
  for (const power of powers) {
    const change =
      power >= 0
        ? storedMwh(power, SECONDS, efficiencyPermille)
        : -drawnMwh(-power, SECONDS, efficiencyPermille);
    states.push(states[states.length - 1] + change);
  }
  return states;
}

const anyPlan = fc
  .record({
    capacityWh: fc.integer({ min: 5000, max: 80_000 }),
    state: fc.integer({ min: 0, max: 1000 }),
    reserve: fc.integer({ min: 0, max: 400 }),
    need: fc.integer({ min: 0, max: 1000 }),
    chargeW: fc.integer({ min: 500, max: 11_000 }),
    dischargeW: fc.oneof(fc.constant(0), fc.integer({ min: 500, max: 11_000 })),
    efficiencyPermille: fc.integer({ min: 700, max: 1000 }),
    stays: fc.integer({ min: 0, max: 12 }),
    bidMicro: fc.constantFrom(0, 100_000, 200_000),
    offerMicro: fc.constantFrom(0, 150_000, 290_000),
    station: fc.integer({ min: 0, max: 2 }),
  })
  .map(({ state, reserve, need, stays, station, ...parts }): Battery => {
    const of = (permille: number) => Math.floor((parts.capacityWh * permille) / 1000);
    const departSlot = stays === 0 ? 0 : 10 + stays;
    const energy = { stateWh: of(state), reserveWh: of(reserve), needWh: of(need) };
    return { plan: plan({ ...parts, ...energy, departSlot }), station };
  });

const anyArea = fc.record({
  batteries: fc.array(anyPlan, { minLength: 1, maxLength: 6 }),
  limits: fc.array(fc.integer({ min: 3000, max: 22_000 }), { minLength: 3, maxLength: 3 }),
  slots: fc.array(
    fc.record({
      retail: fc.constantFrom(80_000, 200_000, 300_000, 450_000),
      surplusW: fc.constantFrom(0, 2000, 9000),
      demandW: fc.constantFrom(0, 3000, 12_000),
    }),
    { minLength: 1, maxLength: 10 },
  ),
});

type AnyArea = typeof anyArea extends fc.Arbitrary<infer T> ? T : never;

function scheduleOf({ batteries, limits, slots }: AnyArea) {
  const expected = outlook(slots.length, {
    retailMicro: slots.map(({ retail }) => retail),
    surplusW: slots.map(({ surplusW }) => surplusW),
    demandW: slots.map(({ demandW }) => demandW),
  });
  return makeSchedule(batteries, limits, expected);
}

test("no plug, no connection and no battery is asked for more than it has", () => {
  fc.assert(
    fc.property(anyArea, (area) => {
      const { batteries, limits, slots } = area;
      const schedule = scheduleOf(area);
      slots.forEach((_, t) => {
        limits.forEach((limitW, station) => {
          const here = schedule.filter((_powers, v) => batteries[v].station === station);
          const flows = here.map((powers) => powers[t]);
          assert.ok(sum(flows.filter((power) => power > 0)) <= limitW, `drawn in slot ${t}`);
          assert.ok(-sum(flows.filter((power) => power < 0)) <= limitW, `fed back in slot ${t}`);
        });
      });
      batteries.forEach(({ plan: own }, v) => {
        const stays = own.departSlot === 0 ? slots.length : own.departSlot - 10;
        schedule[v].forEach((power, t) => {
          assert.ok(power <= own.chargeW && -power <= own.dischargeW, `power ${power} of ${v}`);
          if (t >= stays) assert.equal(power, 0, "nobody is scheduled who is gone");
        });
        const states = courseOf(own, schedule[v]);
        states.forEach((state, t) => {
          if (t === 0) return;
          const full = own.capacityWh * 1000 + storedMwh(1, SECONDS, 1000) + slots.length;
          assert.ok(state <= full, `slot ${t} of ${v}: ${state} mWh in it`);
          const reserve = own.reserveWh * 1000;
          assert.ok(state >= reserve || state >= states[t - 1], `below its reserve in slot ${t}`);
        });
      });
    }),
    { numRuns: 1000 },
  );
});

/** Whether all plans can be served at once, by another way of reckoning. */
function feasible(
  batteries: readonly Battery[],
  limits: readonly number[],
  slots: number,
): boolean {
  const cells = limits.length * slots;
  const size = 2 + batteries.length + cells;
  const net = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  let wanted = 0;
  batteries.forEach(({ plan: own, station }, v) => {
    const stays = own.departSlot === 0 ? slots : Math.min(slots, own.departSlot - 10);
    const missingMwh = missingOf(own, slots) + stays;
    if (missingMwh > stays)
      net[0][2 + v] = powerToStoreW(missingMwh, SECONDS, own.efficiencyPermille);
    wanted += net[0][2 + v];
    for (let t = 0; t < stays; t++)
      net[2 + v][2 + batteries.length + station * slots + t] = own.chargeW;
  });
  for (let cell = 0; cell < cells; cell++)
    net[2 + batteries.length + cell][1] = limits[Math.floor(cell / slots)];
  return maxFlow(net, 0, 1) === wanted;
}

/** What the plan still needs by the end of the slots, mWh. */
function missingOf(own: Plan, slots: number): number {
  if (own.departSlot === 0) return 0;
  const stays = own.departSlot - 10;
  const later =
    Math.max(0, stays - slots) * storedMwh(own.chargeW, SECONDS, own.efficiencyPermille);
  return Math.max(0, own.needWh * 1000 - later - own.stateWh * 1000);
}

test("where all plans can be served, all are served", () => {
  let served = 0;
  fc.assert(
    fc.property(anyArea, (area) => {
      const { batteries, limits, slots } = area;
      if (!feasible(batteries, limits, slots.length)) return;
      if (batteries.some(({ plan: own }) => missingOf(own, slots.length) > 0)) served++;
      const schedule = scheduleOf(area);
      batteries.forEach(({ plan: own }, v) => {
        const states = courseOf(own, schedule[v]);
        const stays =
          own.departSlot === 0 ? slots.length : Math.min(slots.length, own.departSlot - 10);
        const target = missingOf(own, slots.length) + own.stateWh * 1000;
        if (missingOf(own, slots.length) > 0) assert.ok(states[stays] >= target, `battery ${v}`);
      });
    }),
    { numRuns: 2000 },
  );
  assert.ok(served > 100, `${served} areas had something to serve`);
});

/** The net of what plans need, with each slot's surplus and the grid as two sources of energy. */
function netOf({ batteries, limits, slots }: AnyArea) {
  const count = slots.length;
  const vehicle = (v: number) => 2 + v;
  const cell = (station: number, t: number) => 2 + batteries.length + station * count + t;
  const slotNode = (t: number) => cell(limits.length, t);
  const edges: CostEdge[] = [];
  batteries.forEach(({ plan: own, station }, v) => {
    const stays = own.departSlot === 0 ? count : Math.min(count, own.departSlot - 10);
    const missingMwh = missingOf(own, count);
    const power = powerToStoreW(missingMwh + stays, SECONDS, own.efficiencyPermille);
    edges.push({ from: 0, to: vehicle(v), capacity: missingMwh > 0 ? power : 0, cost: 0 });
    for (let t = 0; t < stays; t++)
      edges.push({ from: vehicle(v), to: cell(station, t), capacity: own.chargeW, cost: 0 });
  });
  slots.forEach(({ retail, surplusW }, t) => {
    limits.forEach((capacity, station) => {
      edges.push({ from: cell(station, t), to: slotNode(t), capacity, cost: 0 });
    });
    edges.push({ from: slotNode(t), to: 1, capacity: surplusW, cost: 80 });
    edges.push({ from: slotNode(t), to: 1, capacity: 1e9, cost: retail / 1000 });
  });
  return { edges, nodes: slotNode(count) };
}

test("nobody could serve as much of the plans for less", () => {
  let served = 0;
  fc.assert(
    fc.property(anyArea, (area) => {
      const batteries = area.batteries.map(({ plan: own, station }) => ({
        plan: { ...own, bidMicro: 0, dischargeW: 0, reserveWh: 0 },
        station,
      }));
      const { edges, nodes } = netOf({ ...area, batteries });
      const best = leastCost(edges, nodes, 0, 1);
      const schedule = scheduleOf({ ...area, batteries });
      let flow = 0;
      let cost = 0;
      area.slots.forEach(({ retail, surplusW }, t) => {
        const taken = sum(schedule.map((powers) => powers[t]));
        flow += taken;
        cost += Math.min(taken, surplusW) * 80 + (Math.max(0, taken - surplusW) * retail) / 1000;
      });
      assert.deepEqual({ flow, cost }, best);
      if (flow > 0) served++;
    }),
    { numRuns: 1000 },
  );
  assert.ok(served > 300, `${served} areas had something to serve`);
});

test("what is needed comes from the surplus first, then from the cheapest slots of the grid", () => {
  const battery = {
    plan: plan({ departSlot: 18, needWh: 24_000, efficiencyPermille: 1000 }),
    station: 0,
  };
  const retailMicro = [300, 300, 200, 300, 300, 100, 300, 300].map((price) => price * 1000);
  const surplusW = [0, 3000, 0, 0, 0, 0, 0, 0];
  const [powers] = makeSchedule([battery], [11_000], outlook(8, { retailMicro, surplusW }));
  // 4 kWh are 16 kW for a quarter of an hour: 3 kW of surplus, the plug's 7 kW at 100, 6 kW at 200.
  assert.deepEqual([...powers], [0, 3000, 6001, 0, 0, 7000, 0, 0]);
});

test("a vehicle that leaves early gets its energy, whoever else wants the same slots", () => {
  const early = { plan: plan({ departSlot: 11, needWh: 21_500, chargeW: 7000 }), station: 0 };
  const late = { plan: plan({ departSlot: 14, needWh: 23_000, chargeW: 7000 }), station: 0 };
  const retailMicro = [100_000, 300_000, 300_000, 300_000];
  const [first, second] = makeSchedule([late, early], [7000], outlook(4, { retailMicro }));
  assert.ok(second[0] >= 6300, `${second[0]} W for the early one`);
  assert.ok(first[0] <= 700, "the other one waits");
});

test("equal vehicles share a slot that does not do for both", () => {
  const one = { plan: plan({ departSlot: 12, needWh: 23_000 }), station: 0 };
  const retailMicro = [100_000, 300_000];
  const schedule = makeSchedule([one, one], [8000], outlook(2, { retailMicro }));
  assert.deepEqual(
    schedule.map((powers) => powers[0]),
    [4000, 4000],
  );
});

test("batteries feed back where energy is dear, by their asking price, and buy again where it is cheap", () => {
  const cheap = plan({ dischargeW: 5000, offerMicro: 200_000, departSlot: 18, needWh: 20_000 });
  const dear = plan({ dischargeW: 5000, offerMicro: 350_000, departSlot: 18, needWh: 20_000 });
  const retailMicro = [400, 400, 300, 300, 300, 100, 100, 100].map((price) => price * 1000);
  const demandW = [6000, 0, 0, 0, 0, 0, 0, 0];
  const schedule = makeSchedule(
    [dear, cheap].map((own) => ({ plan: own, station: 0 })),
    [22_000],
    outlook(8, { retailMicro, demandW }),
  );
  assert.equal(schedule[1][0], -5000, "who asks least sells first");
  assert.equal(schedule[0][0], -1000, "the other one sells what is still wanted");
  const states = courseOf(cheap, schedule[1]);
  assert.ok(states[8] >= 20_000_000, "it leaves with what it needs");
  assert.ok(sum(schedule[1].slice(5)) > 5000, "bought again where it is cheapest");
});

test("surplus beyond all needs goes to the highest bid", () => {
  const poor = { plan: plan({ bidMicro: 90_000 }), station: 0 };
  const rich = { plan: plan({ bidMicro: 250_000 }), station: 0 };
  const none = { plan: plan({ bidMicro: 0 }), station: 0 };
  const schedule = makeSchedule([poor, none, rich], [22_000], outlook(1, { surplusW: [9000] }));
  assert.deepEqual(
    schedule.map((powers) => powers[0]),
    [2000, 0, 7000],
  );
});
