// SPDX-License-Identifier: Apache-2.0
/** Scenarios behind a feeder meter: without batteries as any world, with them not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FEEDER_DEFAULTS } from "#gateway/feeder/terms";
import { drawStreet } from "#host-sim/feeder/street";
import { FEEDER_NAME, streetWorld } from "#host-sim/feeder/street-world";
import { scenarioWorld } from "#host-sim/scenarios/index";

const streetOf = (name: string) => {
  const world = scenarioWorld(name, { seed: 1 });
  return { world, street: streetWorld(world, drawStreet(world, 1, FEEDER_DEFAULTS)) };
};

test("microgrid with a feeder: one home more, which sees what the others take together", () => {
  const { world, street } = streetOf("microgrid");
  assert.equal(street.homes.length, world.homes.length + 1);
  const feeder = street.homes.findIndex(({ name }) => name === FEEDER_NAME);
  let flowedWh = 0;
  let apartWh = 0;
  for (let slot = 0; slot < world.slots; slot++) {
    let sumWh = 0;
    world.homes.forEach((_, home) => {
      sumWh += world.netWh(home, slot);
      flowedWh += Math.abs(world.netWh(home, slot));
    });
    apartWh += Math.abs(street.netWh(feeder, slot) - sumWh);
  }
  assert.ok(apartWh > 0 && apartWh < flowedWh / 10, `${apartWh} of ${flowedWh} Wh`);
});

test("a scenario with batteries has no feeder, and the error says why", () => {
  for (const name of ["v2g", "harvesting"])
    assert.throws(
      () => streetOf(name),
      /has a battery \(.*\), and a feeder is drawn before the run; Take a world without/,
    );
});
