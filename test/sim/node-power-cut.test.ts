// SPDX-License-Identifier: Apache-2.0
/**
 * A node's power is cut before, during and after every write of its flash (architecture: trust and
 * faults): registers never go back, nothing is signed twice, what was receipted is kept, and the
 * area goes on.
 */
import { test } from "node:test";
import { everyCut, KINDS } from "./every-cut.ts";

for (const [name, kind, moments] of KINDS)
  test(`power cuts at every write: ${name}`, async (t) => {
    const { writes, cases, missed } = await everyCut(kind, moments);
    t.diagnostic(`${writes} writes, ${cases} cases, ${missed} missed a slot`);
  });
