// SPDX-License-Identifier: Apache-2.0
/** The search for suspects: the least squares, who is named, and what cannot be told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fit } from "#gateway/feeder/fit";
import { FEEDER_DEFAULTS } from "#gateway/feeder/terms";
import { runTrial } from "#host-sim/feeder/trial";
import { loadWorld } from "#host-sim/worlds/load";
import { randomStream } from "#host-sim/worlds/random";

const street = (nodes: number, days: number) =>
  loadWorld({ seed: 11, nodes, days, slotSeconds: 3600 });

test("least squares find the coefficients, with errors that cover them", () => {
  const random = randomStream(1, 2);
  const truth = [0.5, -0.02, 0.1];
  const fit = new Fit(3);
  assert.equal(fit.solve(), undefined, "nothing is known yet");
  for (let i = 0; i < 500; i++) {
    const x = Float64Array.from([1, 3 * random.next(), 2 * random.next()]);
    const noise = 0.05 * (random.next() - 0.5);
    fit.add(x, truth[0] * x[0] + truth[1] * x[1] + truth[2] * x[2] + noise);
  }
  const { coefficients, errors } = fit.solve()!;
  truth.forEach((value, i) => {
    assert.ok(
      Math.abs(coefficients[i] - value) < 4 * errors[i],
      `${coefficients[i]}, not ${value}`,
    );
    assert.ok(errors[i] < 0.01);
  });
});

test("columns that are always alike give no infinite coefficient", () => {
  const fit = new Fit(2);
  for (let i = 0; i < 50; i++) fit.add(Float64Array.from([i, i]), 0.1 * i);
  const { coefficients } = fit.solve()!;
  assert.ok(Math.abs(coefficients[0] + coefficients[1] - 0.1) < 1e-3);
  assert.ok(Math.abs(coefficients[0] - coefficients[1]) < 1e-3, "nobody is preferred");
});

test("whichever member lies, it is the one that is named", () => {
  const world = street(5, 24);
  for (let member = 0; member < 5; member++) {
    const { alarms } = runTrial(world, 7 + member, FEEDER_DEFAULTS, { member, share: 0.2 });
    const named = alarms.filter(({ test: name }) => name === "member").map(({ top }) => top);
    assert.deepEqual(named, [member]);
  }
});

test("honest areas are not accused, whatever their meters, lines and number", () => {
  for (const nodes of [1, 2, 3, 8]) {
    const world = street(nodes, 30);
    for (let seed = 1; seed <= 8; seed++)
      assert.deepEqual(runTrial(world, seed, FEEDER_DEFAULTS).alarms, [], `${nodes}, ${seed}`);
  }
});

test("the same watts all the time are found, and blamed on nobody", () => {
  const { alarms, check } = runTrial(street(5, 14), 3, FEEDER_DEFAULTS, { member: 1, watts: 250 });
  const [alarm] = alarms.filter(({ test: name }) => name === "constant");
  assert.ok(alarm, "it is found");
  assert.equal(alarm.top, undefined);
  assert.deepEqual(check.suspects.named, []);
  assert.ok(Math.abs(check.suspects.constantWh - 250) < 40, `${check.suspects.constantWh} Wh`);
});

test("a liar that knows a neighbour's flow can frame it: a suspect is no proof", () => {
  const lie = { member: 1, share: 0.2, framed: 3 };
  const { alarms } = runTrial(street(5, 14), 2, FEEDER_DEFAULTS, lie);
  const named = alarms.filter(({ test: name }) => name === "member").map(({ top }) => top);
  assert.deepEqual(named, [3]);
});

test("two members cannot be told apart: found, and nobody is named", () => {
  const { alarms } = runTrial(street(2, 30), 1, FEEDER_DEFAULTS, { member: 1, share: 0.5 });
  assert.ok(alarms.length > 0);
  assert.ok(alarms.every(({ top }) => top === undefined));
});
