// SPDX-License-Identifier: Apache-2.0
/** The table of ledger 4.4, computed exactly, and committees that are drawn as it says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Committees } from "#core/pot/committee";
import { exactly, oddsOf } from "#host-sim/smartchain/odds";
import { sodiumCrypto } from "#node/crypto/sodium";
import { memberIds } from "../../../vectors/pot/check.ts";

/** n, colluders, k, m; forge, equivocation possible, no quorum: as the documents have them. */
const TABLE = [
  [100, 10, 5, 4, 2.7e-4, 0.007, 0.15],
  [100, 10, 7, 5, 6.8e-5, 0.021, 0.064],
  [100, 10, 15, 10, 1.9e-10, 0.0066, 0.01],
  [100, 20, 7, 5, 3.4e-3, 0.14, 0.22],
  [100, 20, 15, 10, 2.1e-5, 0.15, 0.12],
  [100, 20, 15, 11, 1.2e-6, 0.011, 0.28],
  [100, 20, 21, 15, 2.7e-9, 0.0065, 0.21],
  [100, 30, 31, 21, 1.1e-7, 0.3, 0.49],
] as const;

test("the table of the odds", (t) => {
  for (const [n, colluders, k, m, ...wanted] of TABLE) {
    const { forge, twice, noQuorum } = oddsOf(n, colluders, k, m);
    const found = [forge, twice, noQuorum];
    const text = found.map((p) => p.toExponential(1)).join(" ");
    t.diagnostic(`${n} ${colluders} ${k},${m}: ${text}`);
    found.forEach((p, i) => {
      assert.ok(Math.abs(p / wanted[i] - 1) < 0.08, `${k},${m} of ${colluders}: ${text}`);
    });
  }
});

test("committees hold as many colluders as by chance", () => {
  const crypto = sodiumCrypto();
  const n = 100;
  const k = 7;
  const colluders = 20;
  const draws = 3000;
  const members = memberIds(crypto, n).map((node) => ({ node, publicKey: node }));
  const from = members[n - 1].node;
  const fixed = { net: "a", gateway: from, epoch: 1, startMs: 0, epsilonMs: 0, tauMs: 0, m: 5 };
  const committees = new Committees(crypto, {
    ...fixed,
    reveals: new Uint8Array(0),
    beacon: crypto.sha256(from),
    k,
    members,
  });
  const counts = new Array<number>(k + 1).fill(0);
  const drawnOf = new Array<number>(n).fill(0);
  for (let tick = 0; tick < draws; tick++) {
    const drawn = committees.of(from, tick);
    assert.equal(new Set(drawn).size, k);
    counts[drawn.filter((i) => i < colluders).length]++;
    for (const i of drawn) drawnOf[i]++;
  }
  counts.forEach((count, hits) => {
    const p = exactly(n - 1, colluders, k, hits);
    const sigma = Math.sqrt(draws * p * (1 - p));
    assert.ok(Math.abs(count - draws * p) <= 4 * sigma + 1, `${hits}: ${count}, not ${draws * p}`);
  });
  assert.equal(drawnOf[n - 1], 0, "never the author");
  const p = k / (n - 1);
  const sigma = Math.sqrt(draws * p * (1 - p));
  for (const count of drawnOf.slice(0, n - 1))
    assert.ok(Math.abs(count - draws * p) < 4.5 * sigma, `${count}, not ${draws * p}`);
});
