// SPDX-License-Identifier: Apache-2.0
/** The native counter's filter in C against the vectors and the TypeScript filter. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PulseFilter } from "#drivers/s0/pulse-filter";
import { CLOCK_US, PULSE_VECTORS, type PulseVector } from "#test/vectors/drivers/s0-pulses";
import { Rng } from "../../../property/rng.ts";

const NATIVE = fileURLToPath(new URL("../../../../src/xs/native/pulse/", import.meta.url));
const HARNESS = fileURLToPath(new URL("./pulse-harness.c", import.meta.url));

let folder: string | undefined;
let program: string | undefined;
after(() => folder && rmSync(folder, { recursive: true }));

/** The compiled filter; undefined, and the test is skipped, where there is no C compiler. */
function compiled(t: TestContext): string | undefined {
  if (program) return program;
  try {
    execFileSync("cc", ["--version"], { stdio: "ignore" });
  } catch {
    t.skip("no C compiler (cc)");
    return undefined;
  }
  folder ??= mkdtempSync(join(tmpdir(), "pulse-"));
  const out = join(folder, "pulse");
  const flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined"];
  execFileSync("cc", [...flags, `-I${NATIVE}`, "-o", out, join(NATIVE, "pulse.c"), HARNESS]);
  program = out;
  return out;
}

/** Whether each edge of each vector was counted, and the counts, by the C filter. */
function run(file: string, vectors: readonly PulseVector[], begins: number): string[] {
  const lines: string[] = [];
  for (const { minOnUs, minOffUs, on = false, clockUs = 0, edges } of vectors) {
    lines.push(`start ${minOnUs} ${minOffUs} ${begins} ${Number(on)} ${clockUs % CLOCK_US}`);
    for (const [level, atUs] of edges)
      lines.push(`edge ${Number(level)} ${(atUs + clockUs) % CLOCK_US}`);
  }
  const input = `${lines.join("\n")}\n`;
  const output = execFileSync(file, { input, encoding: "utf8", maxBuffer: 1 << 28 });
  return output.trimEnd().split("\n");
}

test("the vectors", (t) => {
  const file = compiled(t);
  if (file === undefined) return;
  const answers = run(file, PULSE_VECTORS, 0);
  for (const { name, edges, countedUs } of PULSE_VECTORS) {
    const counted = edges.filter(() => answers.shift()?.startsWith("1"));
    assert.deepEqual(
      counted.map(([, atUs]) => atUs),
      countedUs,
      name,
    );
  }
  assert.deepEqual(answers, []);
});

test("5000 random lines as the TypeScript filter has them, also over the wrap of the count", (t) => {
  const file = compiled(t);
  if (file === undefined) return;
  const rng = new Rng(62053);
  const begins = CLOCK_US - 3;
  const vectors = Array.from({ length: 5000 }, () => {
    let atUs = 0;
    const edges = Array.from({ length: 40 }, (): [boolean, number] => {
      // Now and then a pause that lasts up to a turn of the clock.
      atUs += rng.below(20) === 0 ? rng.below(CLOCK_US) : rng.below(60);
      return [rng.below(2) === 1, atUs];
    });
    const clockUs = CLOCK_US - rng.below(3000);
    const times = { minOnUs: 1 + rng.below(60), minOffUs: 1 + rng.below(60) };
    return { name: "", ...times, on: rng.below(2) === 1, clockUs, edges, countedUs: [] };
  });
  const answers = run(file, vectors, begins);
  let pulses = 0;
  let at = 0;
  for (const vector of vectors) {
    const filter = new PulseFilter(vector, vector.on, vector.clockUs % CLOCK_US);
    for (const [level, atUs] of vector.edges) {
      const counted = filter.edge(level, (atUs + vector.clockUs) % CLOCK_US);
      if (counted) pulses++;
      assert.equal(answers[at++], `${Number(counted)} ${(begins + filter.count) % CLOCK_US}`);
    }
  }
  assert.equal(at, answers.length);
  assert.ok(pulses > 20_000, `${pulses} pulses`);
});
