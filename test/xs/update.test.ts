// SPDX-License-Identifier: Apache-2.0
/** The update's state machine on the engine of the device, preloaded as there, with cuts at every step. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { answerCrypto } from "#host-sim/fleet/xs-driver";
import { bundleForXs, type XsBundle } from "#host-sim/xs-host/bundle";
import { XsHost } from "#host-sim/xs-host/host";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type Sweep, sweepUpdate, UPDATE_CASES } from "../sim/update-cuts.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const CREATION = {
  chunkInitial: 1 << 20,
  chunkIncremental: 1 << 18,
  heapInitial: 1 << 16,
  heapIncremental: 1 << 14,
  stackSlots: 1024,
  // High: the counter may jump by 2^32 (host-sim/fleet/xs-engine.ts).
  meterLimit: 1e13,
};
const sodium = sodiumCrypto();
let bundle: XsBundle;
let xs: XsHost | undefined;
const answers: Sweep[] = [];
let failure = "";

before(async () => {
  const file = fileURLToPath(new URL("./update-node.ts", import.meta.url));
  bundle = await bundleForXs(file, { name: "update" });
});
after(() => xs?.close());

async function startXs(): Promise<XsHost> {
  const source = 'import { runUpdates } from "update"; runUpdates();';
  const modules = [bundle, { name: "main", source }];
  const host = await XsHost.start(
    { modules, entry: "main", preload: ["update"] },
    {
      call: (_, fn, data) => answerCrypto(sodium, fn, data ?? new Uint8Array(0)),
      post: (_, __, data) => {
        answers.push(JSON.parse(Buffer.from(data).toString()));
      },
      failed: (_, reason) => {
        failure = reason;
      },
    },
  );
  await host.create(0, CREATION);
  return host;
}

UPDATE_CASES.forEach((what, number) => {
  test(`on XS, power cuts at every step: ${what.name}`, async (t) => {
    if (!(await xsOrSkip(t))) return;
    xs ??= await startXs();
    // Before a step is nearly the same as after the one before it: for one case both.
    const modes = number === 0 ? ["before", "torn", "after"] : ["torn", "after"];
    await xs.deliver(0, number, Buffer.from(JSON.stringify(modes)));
    assert.equal(failure, "");
    const answer = answers[answers.length - 1];
    assert.equal(answers.length, number + 1);
    assert.deepEqual(answer.faults, []);
    const { steps } = sweepUpdate(sodium, what, []);
    assert.equal(answer.steps, steps, "as many steps as on V8");
    t.diagnostic(`${answer.steps} steps, ${answer.cases} cases`);
  });
});
