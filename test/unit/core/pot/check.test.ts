// SPDX-License-Identifier: Apache-2.0
/** V6: which tokens make a transaction, what its time is, and how many there have to be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkPot, type PotGateways, potJobs } from "#core/pot/check";
import { Members } from "#core/pot/members";
import { checkEpochForm, faulty, gatewayTokens, potParams } from "#core/pot/params";
import { isTimely, medianMs } from "#core/pot/token";
import type { PotToken, Tx } from "#core/records/tx";
import {
  bodyOf,
  crypto,
  epochOf,
  idOf,
  publicKeyOf,
  TS_MS,
  tokenOf,
  tokensOf,
  txOf,
} from "./world.ts";

const committees = epochOf(12);
const { epoch } = committees;
const body = bodyOf(3);
const gateway = { node: idOf(200), publicKey: publicKeyOf(200) };
const NONE: PotGateways = { gatewayKeys: [] };

function codeOf(tx: Tx, gateways: PotGateways = NONE, rule = epoch): string {
  const checked = checkPot(crypto, committees, rule, tx, gateways);
  return checked.ok
    ? `ok ${checked.tMs - TS_MS}${checked.byGateways ? " by gateways" : ""}`
    : checked.code;
}

test("k and m", () => {
  assert.deepEqual(potParams(12), { k: 11, m: 7 });
  assert.deepEqual(potParams(1), { k: 0, m: 0 });
  assert.deepEqual(potParams(0), { k: 0, m: 0 });
  assert.deepEqual(potParams(17), { k: 7, m: 5 });
  assert.deepEqual(potParams(100, { k: 15, m: 10 }), { k: 15, m: 10 });
  assert.deepEqual(potParams(17, { k: 31, m: 21 }), { k: 16, m: 11 }, "not more than there are");
  assert.deepEqual(potParams(50, { k: 0, m: 0 }), { k: 0, m: 0 });
  assert.deepEqual([1, 2, 3, 4, 7].map(gatewayTokens), [1, 2, 3, 3, 5]);
  for (let n = 2; n <= 300; n++) {
    const { k, m } = potParams(n);
    assert.ok(m <= k && k < n && m >= 1);
    // Two quorums share more nodes than would make one of f − 1 dishonest witnesses and the author.
    if (n <= 16) assert.ok(2 * m - k > Math.max(faulty(n) - 1, 0), `${n}`);
    // And the others can do without the dishonest.
    if (n <= 16) assert.ok(k - faulty(n) >= m, `${n}`);
  }
});

test("m tokens of the committee by rank, and their median", () => {
  assert.equal(codeOf(txOf(3, body, tokensOf(committees, body, 7))), "ok 30");
  assert.equal(codeOf(txOf(3, body, tokensOf(committees, body, 8))), "ok 30", "the lower middle");
  assert.equal(codeOf(txOf(3, body, tokensOf(committees, body, 11))), "ok 50");
  assert.equal(medianMs([4, 2, 8, 6]), 4);
});

test("what is refused", () => {
  const all = tokensOf(committees, body, 11);
  const seven = all.slice(0, 7);
  const later = (ms: number) => [tokenOf(committees, body, 200, TS_MS + ms)];
  const cases: [string, PotToken[], string][] = [
    ["none", [], "TX_TOKENS"],
    ["too few", all.slice(0, 6), "TX_TOKENS"],
    ["one twice", [...seven.slice(0, 6), seven[5]], "TX_TOKENS"],
    ["not by rank", [seven[1], seven[0], ...seven.slice(2)], "TX_TOKENS"],
    ["the author's own", [...all.slice(0, 6), tokenOf(committees, body, 3, TS_MS)], "TX_TOKENS"],
    ["an outsider's", [...all.slice(0, 6), ...later(0)], "TX_TOKENS"],
    ["another body's", tokensOf(committees, { ...body, slot: 2 }, 7), "TX_TOKENS"],
    ["another tick's", tokensOf(committees, { ...body, tick: 101 }, 7), "TX_TOKENS"],
    [
      "another beacon's",
      tokensOf(epochOf(12, { beacon: new Uint8Array(32) }), body, 7),
      "TX_TOKENS",
    ],
  ];
  for (const [what, pot, code] of cases) assert.equal(codeOf(txOf(3, body, pot)), code, what);
  assert.equal(codeOf(txOf(3, { ...body, epoch: 2 }, seven)), "TX_EPOCH");
  assert.equal(codeOf(txOf(3, { ...body, net: "b" }, seven)), "WRONG_NET");
  const shifted = { ...seven[2], tMs: seven[2].tMs + 1 };
  assert.equal(
    codeOf(txOf(3, body, [...seven.slice(0, 2), shifted, ...seven.slice(3)])),
    "TX_TOKENS",
  );
  for (const [ms, verdict] of [
    [10_000, "ok 10000"],
    [-10_000, "ok -10000"],
    [10_001, "TX_TOKENS"],
    [-10_001, "TX_TOKENS"],
  ] as const) {
    const moved = { ...body, tsMs: body.tsMs - ms };
    const pot = tokensOf(committees, moved, 1).map(() => tokenOf(committees, moved, 200, TS_MS));
    const tx = txOf(3, moved, pot);
    const found = checkPot(crypto, committees, epoch, tx, { gatewayKeys: [gateway] });
    const text = found.ok ? `ok ${found.tMs - moved.tsMs}` : found.code;
    assert.equal(text, verdict, `${ms} ms from the stamp`);
  }
});

test("gateways stand in for witnesses", () => {
  const own = [tokenOf(committees, body, 200, TS_MS + 5)];
  assert.equal(codeOf(txOf(3, body, own), { gatewayKeys: [gateway] }), "ok 5 by gateways");
  assert.equal(codeOf(txOf(3, body, own)), "TX_TOKENS");
  const four = [200, 201, 202, 203].map((i) => ({ node: idOf(i), publicKey: publicKeyOf(i) }));
  const of = (...signers: number[]) =>
    txOf(
      3,
      body,
      signers.map((i) => tokenOf(committees, body, i, TS_MS + i)),
    );
  assert.equal(codeOf(of(200, 201), { gatewayKeys: four }), "TX_TOKENS", "two of four");
  assert.equal(codeOf(of(200, 202, 203), { gatewayKeys: four }), "ok 202 by gateways");
  assert.equal(codeOf(of(202, 200, 203), { gatewayKeys: four }), "TX_TOKENS", "in their order");
  assert.equal(codeOf(of(200, 201, 0), { gatewayKeys: four }), "TX_TOKENS", "mixed with members");
});

test("without proof-of-time the stamp is the time, unless gateways are needed", () => {
  const off = { ...epoch, k: 0, m: 0 };
  assert.equal(codeOf(txOf(3, body), NONE, off), "ok 0");
  const needed = { gatewayKeys: [gateway], gatewaysNeeded: true };
  assert.equal(codeOf(txOf(3, body), needed, off), "TX_TOKENS");
  const own = [tokenOf(committees, body, 200, TS_MS + 5)];
  assert.equal(codeOf(txOf(3, body, own), needed, off), "ok 5 by gateways");
});

test("the jobs are the tokens' signatures, and cost none", () => {
  const pot = tokensOf(committees, body, 9);
  let verified = 0;
  const counting = { ...crypto, verify: () => ++verified > 0 };
  const jobs = potJobs(counting, committees, epoch, txOf(3, body, pot), NONE);
  assert.ok(jobs.ok && verified === 0);
  assert.equal(jobs.jobs.length, 9);
  for (const { publicKey, digest, signature } of jobs.jobs)
    assert.ok(crypto.verify(publicKey, digest, signature));
});

test("any subset of the committee of at least m is enough, and any other order or size is not", () => {
  const all = tokensOf(committees, body, 11);
  fc.assert(
    fc.property(fc.shuffledSubarray([...all.keys()]), (picked) => {
      const tx = txOf(
        3,
        body,
        picked.map((i) => all[i]),
      );
      const ascending = picked.every((i, at) => at === 0 || picked[at - 1] < i);
      assert.equal(codeOf(tx).startsWith("ok"), ascending && picked.length >= 7);
    }),
    { numRuns: 200, seed: 5 },
  );
  fc.assert(
    fc.property(fc.subarray([...all.keys()], { minLength: 7 }), (picked) => {
      const times = picked.map((i) => 10 * i).sort((a, b) => a - b);
      const median = times[Math.floor((times.length - 1) / 2)];
      assert.equal(
        codeOf(
          txOf(
            3,
            body,
            picked.map((i) => all[i]),
          ),
        ),
        `ok ${median}`,
      );
    }),
    { numRuns: 100, seed: 6 },
  );
});

test("committees: ranks, an author who is no member, and an area smaller than k", () => {
  const drawn = committees.of(idOf(3), 100);
  assert.equal(committees.of(idOf(3), 100), drawn, "kept");
  for (let tick = 0; tick < 20; tick++) committees.of(idOf(3), tick);
  assert.deepEqual(committees.of(idOf(3), 100), drawn, "drawn again");
  drawn.forEach((index, rank) => {
    assert.equal(committees.rank(idOf(3), 100, committees.members.nodeOf(index)), rank);
  });
  assert.equal(committees.rank(idOf(3), 100, idOf(3)), -1, "not himself");
  assert.equal(committees.rank(idOf(3), 100, idOf(99)), -1);
  assert.equal(committees.of(idOf(99), 100).length, 11, "of the twelve others");
  assert.equal(epochOf(3, { k: 7, m: 5 }).of(idOf(0), 1).length, 2);
});

test("the form of an epoch", () => {
  const { members } = committees;
  const all = [...Array(12).keys()].map((i) => ({
    node: members.nodeOf(i),
    publicKey: members.keyOf(i),
  }));
  const form = (change: Partial<typeof epoch>, list = all): boolean =>
    checkEpochForm({ fields: { ...epoch, ...change }, members: Members.of(list) }).ok;
  assert.ok(form({}));
  assert.ok(form({ k: 0, m: 0 }, []));
  assert.equal(form({ k: 1, m: 1 }, [all[1], all[0]]), false);
  assert.equal(form({ k: 1, m: 1 }, [all[0], all[0], all[1]]), false);
  for (const change of [{ m: 12 }, { m: 0 }, { k: 12 }]) assert.equal(form(change), false);
});

test("an author takes what an honest witness gives: from the stamp on, up to τ later", () => {
  const at = (ms: number) => isTimely({ tMs: TS_MS + ms }, { tsMs: TS_MS }, { tauMs: 10_000 });
  assert.deepEqual([-1, 0, 10_000, 10_001].map(at), [false, true, true, false]);
});
