// SPDX-License-Identifier: Apache-2.0
/** Δ under clocks of every speed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gatewayConfig } from "#node/config/gateway-config";
import { paceFault } from "#node/config/pace";

const read = (more: object) =>
  gatewayConfig({ area: "street", ...more }, { file: "gw.json", dir: "/" });

test("tick: 30 s, half a second of real time under a fast clock, and what fits into a slot", () => {
  const of = (clock: object | string, slotSeconds = 900) => read({ clock, slotSeconds }).tickMs;
  assert.equal(of("barrier"), 30_000);
  assert.equal(of({ speed: 1 }), 30_000);
  assert.equal(of({ speed: 60 }), 30_000);
  assert.equal(of({ speed: 100 }), 50_000);
  assert.equal(of({ speed: 10_000 }), 112_500);
  assert.equal(of({ speed: 100 }, 60), 7500);
  assert.equal(read({ clock: { speed: 100 }, tickSeconds: 10 }).tickMs, 10_000);
});

test("a clock that is too fast for its slots is said, with what helps", () => {
  const of = (more: object) => paceFault(read(more));
  assert.equal(of({ clock: "barrier" }), undefined);
  assert.equal(of({ clock: { speed: 225 } }), undefined);
  assert.match(
    of({ clock: { speed: 226 } }) ?? "",
    /lasts 497 ms of real time, and takes 500: .* to 225, or/,
  );
  assert.equal(of({ clock: { speed: 1125 }, proofOfTime: false }), undefined);
  assert.match(
    of({ clock: { speed: 1126 }, proofOfTime: false }) ?? "",
    /takes 100: .* speed to 1125, or/,
  );
  assert.match(
    of({ clock: { speed: 1 }, slotSeconds: 2 }) ?? "",
    /lasts 250 ms .* speed to 0\.5, or/,
  );
  assert.match(of({ clock: { speed: 60 }, tickSeconds: 10 }) ?? "", /lasts 166 ms/);
});
