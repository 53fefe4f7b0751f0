// SPDX-License-Identifier: Apache-2.0
/** Proof-of-time in the gateway's configuration. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayConfig, gatewayOptions } from "#node/config/gateway-config";
import { renderGatewayConfig } from "#node/config/render-config";

const read = (more: object) =>
  gatewayConfig({ area: "street", ...more }, { file: "gw.json", dir: "/" });
const potOf = (more: object) => gatewayOptions(read(more), new Uint8Array(32), 0).pot;

test("it is on, an epoch a day; false turns it off", () => {
  assert.deepEqual(potOf({}), { epochSlots: 96, epsilonMs: 2000, tauMs: 10_000 });
  assert.deepEqual(potOf({ proofOfTime: true }), potOf({}));
  assert.deepEqual(potOf({ clock: "barrier" }), potOf({}));
  assert.equal(potOf({ proofOfTime: false }), undefined);
});

test("epsilon is two seconds of real time, but a quarter of the slot at most; tau five of it", () => {
  const of = (speed: number, slotSeconds: number) => {
    const pot = potOf({ clock: { speed }, slotSeconds });
    return [pot?.epsilonMs, pot?.tauMs];
  };
  assert.deepEqual(of(60, 900), [120_000, 600_000]);
  assert.deepEqual(of(1000, 900), [225_000, 1_125_000]);
  assert.deepEqual(of(1, 60), [2000, 10_000]);
  assert.deepEqual(of(0.001, 60), [2, 10]);
  assert.deepEqual(of(1, 1), [250, 1250]);
  assert.deepEqual(of(10_000, 86_400), [20_000_000, 86_400_000]);
});

test("under the barrier clock epsilon is at most a tenth of the patience with a silent node", () => {
  const of = (slotTimeoutSeconds: number) => {
    const pot = potOf({ clock: "barrier", slotTimeoutSeconds });
    return [pot?.epsilonMs, pot?.tauMs];
  };
  assert.deepEqual(of(30), [2000, 10_000]);
  assert.deepEqual(of(4), [400, 2000]);
  assert.deepEqual(of(0.1), [10, 50]);
});

test("what is given holds, and is rendered so that it reads back the same", () => {
  const epochHours = 0.5;
  const given = { epochHours, witnesses: 15, tokens: 10, epsilonSeconds: 1.5, tauSeconds: 4 };
  assert.deepEqual(potOf({ proofOfTime: given }), {
    epochSlots: 2,
    committee: { k: 15, m: 10 },
    epsilonMs: 1500,
    tauMs: 4000,
  });
  assert.equal(potOf({ proofOfTime: { epochHours: 0.1 } })?.epochSlots, 1);
  for (const proofOfTime of [given, true, false, { epochHours: 1 / 3 }]) {
    const { proofOfTime: rendered } = JSON.parse(renderGatewayConfig(read({ proofOfTime })));
    assert.deepEqual(read({ proofOfTime: rendered }), read({ proofOfTime }));
  }
});

test("what cannot be is refused with its place", () => {
  const refused: [unknown, RegExp][] = [
    ["off", /proofOfTime: found "off"; allowed: true, false or/],
    [{ epochHours: 0 }, /proofOfTime\.epochHours: found 0; allowed: 0\.001 to 8784 hours/],
    [{ witnesses: 32, tokens: 5 }, /proofOfTime\.witnesses: found 32; allowed: .* 1 to 31/],
    [{ witnesses: 7 }, /proofOfTime\.witnesses: found no tokens; allowed: both or neither/],
    [{ tokens: 5 }, /proofOfTime\.tokens: found no witnesses; allowed: both or neither/],
    [{ witnesses: 8, tokens: 4 }, /proofOfTime\.tokens: found 4; allowed: more than half of the 8/],
    [{ witnesses: 7, tokens: 8 }, /proofOfTime\.tokens: found 8/],
    [{ epsilonSeconds: 226 }, /epsilonSeconds: found 226 s; allowed: at most 225 s/],
    [{ epsilonSeconds: 3, tauSeconds: 2 }, /tauSeconds: found 2 s; allowed: at least 3 s/],
    [{ epoch: 1 }, /proofOfTime\.epoch: found an unknown key; .* Did you mean "epochHours"/],
  ];
  for (const [proofOfTime, message] of refused) assert.throws(() => read({ proofOfTime }), message);
});
