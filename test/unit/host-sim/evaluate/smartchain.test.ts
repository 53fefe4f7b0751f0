// SPDX-License-Identifier: Apache-2.0
/** The evaluation of SmartChain at small N: counts that are the same everywhere, and what a replay refuses. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encodeCbor } from "#core/codec/cbor";
import { openTx, signTx } from "#core/records/tx";
import type { Fact } from "#host-sim/evaluate/report";
import { AuthorSide } from "#host-sim/evaluate/smartchain/author";
import { BlockReplay, Miner, meets, mine } from "#host-sim/evaluate/smartchain/baseline";
import { runConflict } from "#host-sim/evaluate/smartchain/conflict";
import { type EvaluateSetup, evaluate } from "#host-sim/evaluate/smartchain/evaluate";
import { chainFacts, dagFacts, loadFacts, workFact } from "#host-sim/evaluate/smartchain/facts";
import { runLatency } from "#host-sim/evaluate/smartchain/latency";
import type { LoadRow } from "#host-sim/evaluate/smartchain/loads";
import { measureChain, measureDag, measureWork } from "#host-sim/evaluate/smartchain/measure";
import { modelNetwork } from "#host-sim/evaluate/smartchain/network";
import { Replay } from "#host-sim/evaluate/smartchain/replay";
import { writeEvaluation } from "#host-sim/evaluate/smartchain/report";
import { people } from "#host-sim/evaluate/smartchain/scenario";
import { hashCount } from "#host-sim/evaluate/smartchain/stats";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const persons = people(crypto, 1);
const extent = { transactions: 120, step: 20 };
/** Of so few transactions the growth is not judged: it is the only fact that times have a say in. */
const timeless = (facts: readonly Fact[]) =>
  facts.filter(({ what }) => !what.includes("preparation"));
const failed = (facts: readonly Fact[]) => facts.filter(({ pass }) => !pass);

test("authors, witnesses and a second node do exactly what the protocol says", () => {
  for (const pot of [
    { k: 0, m: 0 },
    { k: 7, m: 5 },
  ]) {
    const runs = [1, 2].map((seed) => measureDag(crypto, persons, pot, extent, seed));
    const facts = timeless(dagFacts(pot, extent.transactions, runs));
    assert.equal(facts.length, 7);
    assert.deepEqual(failed(facts), []);
    assert.equal(runs[0].prepare.length, 6);
    const [first] = runs;
    const more = {
      ...first,
      validated: { ...first.validated, verifies: first.validated.verifies + 1 },
    };
    assert.equal(failed(timeless(dagFacts(pot, extent.transactions, [more]))).length, 1);
    const fewer = { ...first, prepared: { ...first.prepared, hashes: first.prepared.hashes - 1 } };
    assert.equal(failed(timeless(dagFacts(pot, extent.transactions, [fewer]))).length, 1);
  }
});

test("so do the authors and the miner of the rival", () => {
  for (const perBlock of [1, 10]) {
    const run = measureChain(crypto, persons, perBlock, extent);
    assert.deepEqual(failed(chainFacts(perBlock, extent.transactions, run)), []);
    assert.equal(run.headers.length, extent.transactions / perBlock);
    const less = { ...run, validated: { ...run.validated, verifies: 0 } };
    assert.equal(failed(chainFacts(perBlock, extent.transactions, less)).length, 1);
  }
});

test("growth with N is a failure", () => {
  const run = measureDag(crypto, persons, { k: 0, m: 0 }, extent, 1);
  const growth = (slope: number) =>
    dagFacts({ k: 0, m: 0 }, extent.transactions, [{ ...run, slope }]).at(-1)!;
  assert.equal(growth(1.4).pass, true);
  assert.equal(growth(1.6).pass, false);
});

test("a second node refuses a transaction with one token less, or one that is forged", () => {
  const side = new AuthorSide(crypto, persons, { k: 7, m: 5 }, 1);
  side.prepare(0);
  const [{ bytes }] = side.store.read();
  new Replay(crypto, persons, side.epoch).take(bytes);
  const opened = openTx(crypto, bytes);
  assert.ok(opened.ok);
  const { body, pot, said } = opened.tx;
  const { secretKey } = persons[0];
  const fewer = signTx(crypto, secretKey, body, said, pot.slice(1));
  const replay = () => new Replay(crypto, persons, side.epoch);
  assert.throws(() => replay().take(fewer.bytes), /EVALUATE_RULE/);
  const forged = pot.map((token, i) =>
    i === 2 ? { ...token, signature: new Uint8Array(64) } : token,
  );
  const other = signTx(crypto, secretKey, body, said, forged);
  assert.throws(() => replay().take(other.bytes), /EVALUATE_TOKEN/);
});

test("blocks meet their difficulty, and a replay sees it", () => {
  const miner = new Miner(crypto, persons, 8);
  let hashes = 0;
  for (let i = 0; i < 90; i++) hashes += miner.prepare(2 * i, 2).hashes;
  const count = hashCount(8, 90, hashes);
  assert.equal(workFact(count).pass, true, JSON.stringify(count));
  assert.equal(workFact(hashCount(9, 90, hashes)).pass, false, "half of what 9 bits take");
  const blocks = [...miner.store.read()].map(({ bytes }) => bytes);
  const replay = new BlockReplay(crypto, persons, 8);
  assert.equal(
    blocks.reduce((sum, block) => sum + replay.take(block), 0),
    180,
  );
  assert.throws(() => {
    const strict = new BlockReplay(crypto, persons, 16);
    for (const block of blocks) strict.take(block);
  }, /EVALUATE_HEADER/);
  const empty = encodeCbor([new Uint8Array(88), []]);
  assert.throws(() => new BlockReplay(crypto, persons, 0).take(empty), /EVALUATE_HEADER/);
});

test("leading zeros are counted bit by bit", () => {
  assert.equal(meets(Uint8Array.of(0xff), 0), true);
  assert.equal(meets(Uint8Array.of(0x0f, 0xff), 4), true);
  assert.equal(meets(Uint8Array.of(0x0f, 0xff), 5), false);
  assert.equal(meets(Uint8Array.of(0, 0x1f, 0), 11), true);
  assert.equal(meets(Uint8Array.of(0, 0x1f, 0), 12), false);
  const header = new Uint8Array(88);
  const { id, hashes } = mine(crypto, header, 6);
  assert.ok(meets(id, 6));
  assert.equal(new DataView(header.buffer).getUint32(84), hashes - 1);
  assert.equal(measureWork(crypto, [new Uint8Array(88)], 6, 1).blocks, 1);
});

test("the network model waits for the m-th answer, and for a tick where they are too few", () => {
  assert.deepEqual(modelNetwork({ k: 0, m: 0 }, 1).meanMs, 0);
  const { firstMs, noQuorum, meanMs } = modelNetwork({ k: 7, m: 5 }, 1);
  // Fewer than 5 of 7, each there with 0.95: 1 − 0.99624.
  assert.ok(Math.abs(noQuorum - 0.00376) < 0.002, `${noQuorum}`);
  assert.ok(firstMs.low >= 40 && firstMs.high <= 400, JSON.stringify(firstMs));
  assert.ok(meanMs > firstMs.median);
  assert.deepEqual(modelNetwork({ k: 7, m: 5 }, 1), modelNetwork({ k: 7, m: 5 }, 1));
});

test("walks from before the fork decide between two rivals, bounded ones do not", () => {
  const same = { seed: 3, inFlight: 10, runs: 6, alpha: 0.05 } as const;
  const whole = runConflict({ ...same, start: "fork" });
  assert.ok(whole.shares[2] > 0.95, JSON.stringify(whole));
  assert.deepEqual(runConflict({ ...same, start: "fork" }), whole, "the seed says it all");
  const bounded = runConflict({ ...same, start: "bounded" });
  assert.ok(bounded.shares[2] < 0.95, JSON.stringify(bounded));
});

test("loss beyond the rule, and lazy ones that pass, are failures", () => {
  const row: LoadRow = {
    ...{ what: "walk, α = 0.01", group: "starvation", inFlight: 10, alpha: 0.01, trials: 10_000 },
    ...{ caps: 20, mean: 3, p99: 7, never: 0.0003, lazyApproved: 0, steps: 10 },
  };
  const judge = (change: Partial<LoadRow>) =>
    failed(loadFacts({ loads: [{ ...row, ...change }], conflicts: [] })).length;
  assert.equal(judge({}), 0);
  assert.equal(judge({ never: 0.01 }), 1);
  assert.equal(judge({ never: 0.01, alpha: 0.1 }), 0, "beyond the rule nothing is promised");
  const lazy = { group: "lazy", what: "as chosen, A_max = 10 h" } as const;
  assert.equal(judge({ ...lazy, lazyApproved: 0.05 }), 0);
  assert.equal(judge({ ...lazy, lazyApproved: 0.5 }), 1);
});

test("in the simulator tokens take two ways there and back, and votes about a second", async () => {
  const setup = { seed: 1, nodes: 5, slots: 3, committee: { k: 7, m: 5 } };
  const result = await runLatency(crypto, setup);
  assert.equal(result.k, 4);
  assert.ok(result.transactions >= 15, `${result.transactions}`);
  assert.ok(result.tokensMs.low >= 40 && result.tokensMs.high <= 400, JSON.stringify(result));
  assert.ok(result.acceptedFirst > 0.9 && result.acceptedMs.high < 3000, JSON.stringify(result));
  assert.ok(result.finalMs.median > result.acceptedMs.median);
});

test("a report has its figures, tables and claims, and no value is missing", async () => {
  const setup: EvaluateSetup = {
    ...{ seed: 1, repetitions: 2, extent: { transactions: 100, step: 20 }, latencies: [] },
    pots: [
      { k: 0, m: 0 },
      { k: 7, m: 5 },
    ],
    blocks: [1, 10],
    works: [{ bits: 6, blocks: 20 }],
    loads: { seed: 1, transactions: 500, conflictRuns: 1 },
  };
  const evaluation = await evaluate(crypto, setup, () => {});
  assert.deepEqual(evaluation.ns, [20, 40, 60, 80, 100]);
  assert.equal(evaluation.lines.length, 6);
  const dir = mkdtempSync(join(tmpdir(), "wattle-evaluation-"));
  try {
    for (const path of writeEvaluation(dir, evaluation)) {
      const text = readFileSync(path, "utf8");
      assert.doesNotMatch(text, /NaN|undefined|Infinity/, path);
      if (path.endsWith(".svg")) assert.match(text, /<title [^>]*>[^<]+<\/title>/, path);
    }
    const page = readFileSync(join(dir, "evaluation.md"), "utf8");
    assert.equal(page.match(/\*\*Paper 2:\*\*/g)?.length, 6);
    const rows = readFileSync(join(dir, "series.csv"), "utf8").trim().split("\n");
    assert.equal(rows.length, 1 + 6 * 5);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
