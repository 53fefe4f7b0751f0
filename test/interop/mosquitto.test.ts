// SPDX-License-Identifier: Apache-2.0
/** Any MQTT 3.1.1 broker serves: the same run through Debian's Mosquitto. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { folder, lastJson, wattle } from "../accept/harness.ts";
import { hasMosquitto, withMosquitto } from "../accept/mosquitto.ts";

const ARGS = ["demo", "--nodes", "4", "--slots", "28", "--engine", "v8", "--json", "--report"];

test("Mosquitto in place of the embedded broker gives the same totals", async (t) => {
  if (!hasMosquitto()) return t.skip("mosquitto is not installed");
  const embedded = await wattle([...ARGS, folder("embedded")], () => {});
  assert.equal(embedded.code, 0, embedded.err);
  const external = await withMosquitto((url) =>
    wattle([...ARGS, folder("external"), "--broker", url], () => {}),
  );
  assert.equal(external.code, 0, external.err);
  const a = lastJson(embedded.out);
  const b = lastJson(external.out);
  assert.ok(Number(a.tradedWh) > 0);
  for (const name of ["tradedWh", "slotsWithTrade", "readings", "transactions", "rejected"])
    assert.equal(b[name], a[name], name);
  assert.deepEqual(b.coins, a.coins);
});
