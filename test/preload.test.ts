// SPDX-License-Identifier: Apache-2.0
/** What test/run.ts loads before each test file. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Runs a program given as text as a process of its own, outside this runner. */
function program(text: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const { NODE_TEST_CONTEXT: _, WATTLE_SEED: __, ...rest } = process.env;
  const options = { cwd: root, env: { ...rest, ...env }, encoding: "utf8" } as const;
  return spawnSync(process.execPath, [...args, "--input-type=module", "--eval", text], options);
}

test("properties take the seed of the run, but for those that give their own", () => {
  const text = `
    import fc from "fast-check";
    const own = fc.sample(fc.nat(), { seed: 7, numRuns: 5 });
    const property = fc.property(fc.nat(), () => {});
    console.log(fc.sample(fc.nat(), 5).join(), own.join(), fc.check(property, { numRuns: 3 }).seed);`;
  const drawn = (seed: string | undefined) => {
    const run = program(text, ["--import", "./test/preload.ts"], { WATTLE_SEED: seed });
    assert.equal(run.stderr, "");
    return run.stdout.split(/\s/).slice(0, 3); // a summary of no tests follows
  };
  const [five, again, six, random] = ["-5", "-5", "6", undefined].map(drawn);
  assert.deepEqual(five, again);
  assert.deepEqual([five[2], six[2]], ["-5", "6"]);
  assert.notEqual(five[0], six[0]);
  assert.notEqual(random[0], five[0]);
  for (const run of [six, random]) assert.equal(run[1], five[1]);
});

test("a file that leaves something open is ended and says what; one that does not is left alone", () => {
  const text = (rest: string) => `
    import { createServer } from "node:net";
    import { test } from "node:test";
    import { endLeftOvers } from "./test/helpers/left-overs.ts";
    endLeftOvers(50);
    const server = createServer().listen(0);
    test("passes", () => {});
    ${rest}`;
  const left = program(text(""), [], {});
  assert.equal(left.status, 1);
  assert.match(left.stderr, /has not ended 0\.05 s after its last test; open: .*TCPServerWrap/);
  assert.match(left.stdout, /passes/, "the test is reported all the same");
  const slow = "await new Promise((done) => setTimeout(done, 200));";
  const closed = program(
    text(`test("late", async () => { ${slow} server.close(); });`),
    ["--test-reporter=tap"],
    {},
  );
  assert.deepEqual([closed.status, closed.stderr], [0, ""]);
  assert.match(closed.stdout, /# pass 2\n/);
});
