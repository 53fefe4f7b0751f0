// SPDX-License-Identifier: Apache-2.0
/** An update of 300 KB over real MQTT (update-run.ts), and one that does not stay. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { UpdateRun } from "./update-run.ts";

const SIZE = 300_000;
const run = new UpdateRun();
after(() => run.close());

test("300 KB over MQTT: a lost connection, a killed gateway, a trial, and what people see", async () => {
  const good = await run.good(SIZE);
  assert.ok(good.lostAtBytes < SIZE, "the connection is lost in the middle");
  assert.ok(good.killedAtBytes < SIZE, "and so is the gateway");
  assert.deepEqual(good.starts, ["1.0.0", "1.1.0"]);
  const more = good.receivedBytes - SIZE;
  assert.ok(
    more < 20 * 4096,
    `${more} bytes more than the image, headers and two windows included`,
  );
  for (const step of ["fetching 1.1.0", "verifying 1.1.0", "ready 1.1.0", "confirmed"])
    assert.ok(good.said.includes(step), `${step} in ${good.said}`);
  assert.ok(
    good.said.some((text) => /^on trial until 20\d\d-\d\d-\d\dT/.test(String(text))),
    String(good.said),
  );
  assert.equal(good.retained.firmware, "1.1.0");

  // The next one does not reach its meter, goes back, and says why.
  const { starts, last } = await run.bad();
  assert.deepEqual(starts, ["1.2.0", "1.1.0"]);
  assert.deepEqual([last.update, last.updateCode], ["failed 1.2.0", "TRIAL_GATES"]);
});
