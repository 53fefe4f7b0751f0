// SPDX-License-Identifier: Apache-2.0
/** Time, link and health on the engine of the device: word for word what they say on V8. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost } from "#host-sim/xs-host/host";
import { platformDay } from "./platform-node.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const CREATION = {
  chunkInitial: 1 << 18,
  chunkIncremental: 1 << 16,
  heapInitial: 1 << 14,
  heapIncremental: 1 << 12,
  stackSlots: 4096,
  meterLimit: 1e13,
};

test("the scripted day says what it should", () => {
  const lines = platformDay();
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  assert.equal(count(/ step /), 1, "two sources of two agree in the end");
  assert.ok(count(/time-disputed/) >= 1);
  const states = lines.flatMap((line) => / state (\S+)/.exec(line)?.[1] ?? []);
  assert.deepEqual(states.slice(0, 3), ["no-time", "no-broker", "online"]);
  assert.deepEqual(states.slice(-3), ["no-network", "no-broker", "online"]);
  assert.equal(count(/ message /), 1);
  assert.equal(count(/ stopped$/), 1);
  assert.equal(count(/"safe":1/), 2);
  assert.equal(count(/ restart$/), 2);
  assert.equal(count(/watchdog-starves/), 0);
});

for (const preload of [false, true])
  test(`on XS${preload ? ", preloaded" : ""}, the same lines`, async (t) => {
    if (!(await xsOrSkip(t))) return;
    const file = fileURLToPath(new URL("./platform-node.ts", import.meta.url));
    const bundle = await bundleForXs(file, { name: "platform" });
    const source = 'import { runPlatform } from "platform"; runPlatform();';
    const modules = [bundle, { name: "main", source }];
    const failures: string[] = [];
    let lines: string[] | undefined;
    const xs = await XsHost.start(
      { modules, entry: "main", preload: preload ? ["platform"] : [] },
      {
        call: () => undefined,
        post: (_, __, data) => {
          lines = JSON.parse(Buffer.from(data).toString());
        },
        failed: (_, reason) => void failures.push(reason),
      },
    );
    t.after(() => xs.close());
    await xs.create(0, CREATION);
    await xs.deliver(0, 1, new Uint8Array(0));
    assert.deepEqual(failures, []);
    assert.deepEqual(lines, platformDay());
  });
