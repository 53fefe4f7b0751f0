// SPDX-License-Identifier: Apache-2.0
/**
 * The Boneh–Boyen vectors on the engine of the device. In a bundle of their own: every node of the other vectors
 * would take up BLS12-381 too, and it cannot be preloaded.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundleForXs } from "#host-sim/xs-host/bundle";
import { XsHost } from "#host-sim/xs-host/host";
import type { SealVector, VerdictVector } from "../vectors/boneh-boyen/check.ts";
import { xsOrSkip } from "./xs-or-skip.ts";

const CREATION = {
  chunkInitial: 1 << 20,
  chunkIncremental: 1 << 18,
  heapInitial: 1 << 16,
  heapIncremental: 1 << 14,
  // A module that is not preloaded has its top-level names on the stack.
  stackSlots: 16_384,
  meterLimit: 1e13,
};

function load<T>(file: string): T[] {
  return JSON.parse(
    readFileSync(new URL(`../vectors/boneh-boyen/${file}`, import.meta.url), "utf8"),
  );
}

/** The answers to one event after another, and the bytecodes that each took. */
async function onXs(
  events: readonly { kind: 1 | 2; vectors: unknown }[],
): Promise<{ faults: string[]; bytecodes: number }[]> {
  const file = fileURLToPath(new URL("./boneh-boyen-node.ts", import.meta.url));
  const bundle = await bundleForXs(file, { name: "seals" });
  const modules = [
    bundle,
    { name: "main", source: 'import { runSeals } from "seals"; runSeals();' },
  ];
  const heard: string[] = [];
  const failures: string[] = [];
  const xs = await XsHost.start(
    { modules, entry: "main" },
    {
      call: () => undefined,
      post: (_, __, data) => void heard.push(Buffer.from(data).toString()),
      failed: (_, reason) => void failures.push(reason),
    },
  );
  try {
    await xs.create(0, CREATION);
    const answers: { faults: string[]; bytecodes: number }[] = [];
    for (const { kind, vectors } of events) {
      const done = await xs.deliver(0, kind, Buffer.from(JSON.stringify(vectors)));
      assert.deepEqual(failures, []);
      answers.push({ faults: JSON.parse(heard.pop() as string), bytecodes: done.meter });
    }
    return answers;
  } finally {
    await xs.close();
  }
}

test("Boneh–Boyen on XS: the same keys, signatures and verdicts", async (t: TestContext) => {
  if (!(await xsOrSkip(t))) return;
  const sealing = load<SealVector>("sealing.json");
  const verdicts = load<VerdictVector>("verdicts.json");
  const [good] = verdicts;
  const turned = { ...good, valid: false, name: "turned" };
  const answers = await onXs([
    { kind: 1, vectors: sealing },
    { kind: 2, vectors: verdicts },
    { kind: 2, vectors: [turned] },
    { kind: 2, vectors: [good, good] },
    { kind: 2, vectors: [good, good, good] },
  ]);
  assert.deepEqual(
    answers.map(({ faults }) => faults),
    [[], [], ["turned"], [], []],
  );
  const [two, three] = answers.slice(3).map(({ bytecodes }) => bytecodes);
  const each = three - two;
  t.diagnostic(`one verification: ${(each / 1e6).toFixed(1)} million bytecodes`);
  t.diagnostic(`preparing a key: ${((two - 2 * each) / 1e6).toFixed(1)} million bytecodes`);
  assert.ok(each > 5e6 && each < 50e6, `${each} bytecodes for one verification`);
});
