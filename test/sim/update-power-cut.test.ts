// SPDX-License-Identifier: Apache-2.0
/** The power goes before, in the middle of and after every write and erase of a whole update. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CUT_MODES } from "#host-sim/flash/power";
import { SimSlots } from "#host-sim/flash/slots";
import { sodiumCrypto } from "#node/crypto/sodium";
import { runUpdate, signedHash, sweepUpdate, UPDATE_CASES } from "./update-cuts.ts";

const crypto = sodiumCrypto();

for (const what of UPDATE_CASES)
  test(`power cuts at every step: ${what.name}`, (t) => {
    const { steps, cases, faults } = sweepUpdate(crypto, what, undefined, [1, 2, 3, 4]);
    assert.deepEqual(faults.slice(0, 5), [], `${faults.length} of ${cases}`);
    t.diagnostic(`${steps} steps, ${cases} cases`);
  });

const step = fc.integer({ min: 1, max: 90 });
const anyCuts = fc
  .array(fc.record({ step, mode: fc.constantFrom(...CUT_MODES) }), { maxLength: 6 })
  .map((cuts) => cuts.sort((a, b) => a.step - b.step));

test("any number of cuts anywhere: no other image ever runs, and it ends with a reason", () => {
  const starts = UPDATE_CASES.filter(({ noRollback }) => !noRollback);
  fc.assert(
    fc.property(
      fc.constantFrom(...starts),
      anyCuts,
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      (what, cuts, seed) => {
        const { image, code } = runUpdate(crypto, what, cuts, seed);
        // Cuts of trials count as such: three of them end with the old image.
        if (image === "new") assert.equal(what.ends, "new");
        else assert.ok(code === what.ends || code === "TRIAL_CUT", `${what.name}: ${code}`);
      },
    ),
    { numRuns: 400 },
  );
});

test("the checks see a board that runs what nobody signed", () => {
  const { digest } = SimSlots.prototype;
  // A hash that is always the expected one: then the other image runs.
  SimSlots.prototype.digest = () => signedHash(crypto);
  try {
    const evil = UPDATE_CASES.find((what) => what.evil)!;
    assert.throws(() => runUpdate(crypto, evil, []), /RAN_ANOTHER_IMAGE/);
  } finally {
    SimSlots.prototype.digest = digest;
  }
});
