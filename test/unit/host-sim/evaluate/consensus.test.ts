// SPDX-License-Identifier: Apache-2.0
/** The evaluation of the consensus, with costs that are given: the same on every machine. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { calibrate } from "#host-sim/evaluate/consensus/calibrate";
import { type Outcome, runConsortium } from "#host-sim/evaluate/consensus/consortium";
import { type Costs, measureCosts } from "#host-sim/evaluate/consensus/costs";
import { type ConsensusEvaluation, evaluateConsensus } from "#host-sim/evaluate/consensus/evaluate";
import { consensusFacts } from "#host-sim/evaluate/consensus/facts";
import { fig5Of } from "#host-sim/evaluate/consensus/fig5";
import { consensusReport } from "#host-sim/evaluate/consensus/report";
import { faultSetups, modeRow, rowOf, throughputRow } from "#host-sim/evaluate/consensus/runs";
import { type Setup, setupOf } from "#host-sim/evaluate/consensus/setup";
import { speedTable } from "#host-sim/evaluate/credit/speed";
import { writeReport } from "#host-sim/evaluate/report";
import { quantile } from "#host-sim/evaluate/smartchain/stats";
import { keyedCrypto } from "#host-sim/smartchain/crypto";
import { sodiumCrypto } from "#node/crypto/sodium";

const dir = mkdtempSync(join(tmpdir(), "wattle-consensus-"));
after(() => rmSync(dir, { recursive: true }));

const FREE: Costs = {
  ...{ verifyUs: 0, signUs: 0, commitUs: 0, intakeUs: 0, executeUs: 0, blockUs: 0, turnUs: {} },
};
const run = (gateways: number, choices: Partial<Setup> = {}, costs: Partial<Costs> = {}): Outcome =>
  runConsortium(setupOf(gateways, choices), {
    ...{ crypto: keyedCrypto(), costs: { ...FREE, ...costs } },
  });
const median = (values: readonly number[]) => quantile(values, 0.5);

test("a block takes three links where nothing else takes time", () => {
  for (const delayMs of [0, 50, 100]) {
    const { blockMs, heights, rounds } = run(4, { delayMs, heights: 10 });
    assert.equal(heights, 10);
    assert.equal(rounds, 0);
    // Whoever wants it first may be a link before the leader, or hear of the decision by its own count.
    assert.ok(blockMs.every((ms) => ms >= 2 * delayMs - 1e-6 && ms <= 4 * delayMs + 1e-6));
    assert.ok(Math.abs(median(blockMs) - 3 * delayMs) < 1e-6, `${median(blockMs)}`);
  }
});

test("what is given as a cost is waited for, once for each place where it stands", () => {
  const free = run(4, { delayMs: 50, heights: 10, perSecond: 0 });
  // Proposal, prevote, precommit and the decided block are durable before what follows; the first two are not
  // on one gateway's way at the same time.
  const commits = run(4, { delayMs: 50, heights: 10, perSecond: 0 }, { commitUs: 1000 });
  const more = median(commits.blockMs) - median(free.blockMs);
  assert.ok(more >= 4 - 1e-6 && more <= 6, `${more} ms`);
  const slow = run(7, { delayMs: 50, heights: 10, perSecond: 0 }, { verifyUs: 1000 });
  const last = run(7, { delayMs: 50, heights: 10, perSecond: 0 });
  assert.ok(median(slow.blockMs) > median(last.blockMs) + 2 * 4, "a quorum of votes, twice");
  assert.ok(slow.consensusMs > 10 * 2 * 4);
});

test("transactions are FINAL after they were taken in, sent, and agreed on", () => {
  const choices = { delayMs: 50, heights: 40, perSecond: 40 };
  const { finalMs, arrived, blockMs } = run(4, choices);
  assert.ok(finalMs.length > 0.9 * arrived && finalMs.length <= arrived);
  assert.ok(Math.min(...finalMs) >= Math.min(...blockMs));
  // One that just missed a block waits for it, the interval, and the next block.
  assert.ok(Math.max(...finalMs) <= 2 * Math.max(...blockMs) + 250 + 50);
  const busy = run(4, choices, { intakeUs: 5000, executeUs: 5000 });
  assert.ok(median(busy.finalMs) > median(finalMs) + 10);
  assert.ok(busy.intakeMs >= 5 * finalMs.length, "each gateway checks all of them");
});

test("everything is decided with loss, with f dead, and not by unanimity with one dead", () => {
  const lossy = run(4, { lossPermille: 50, heights: 20 });
  assert.equal(lossy.heights, 20);
  assert.ok(lossy.lost > 0);
  for (const [what, setup] of faultSetups(7, 1)) {
    const outcome = runConsortium(setup, { crypto: keyedCrypto(), costs: FREE });
    assert.equal(outcome.heights, 28, what);
    assert.equal(outcome.rounds > 0, setup.silent.length > 0);
  }
  const ports = { crypto: keyedCrypto(), costs: FREE };
  for (const leader of ["round-robin", "proof-of-work"] as const) {
    const safe = modeRow("quorum", leader, 1, ports);
    assert.ok(safe.silentBlocks > 5 && safe.backBlocks > 5);
    const paper = modeRow("unanimous", leader, 1, ports);
    assert.equal(paper.silentBlocks, 0);
    assert.ok(paper.backBlocks > 3, "it goes on when all are there");
  }
});

test("a run follows from its seed", () => {
  const text = (seed: number) => JSON.stringify(run(4, { seed, lossPermille: 10, heights: 8 }));
  assert.equal(text(3), text(3));
  assert.notEqual(text(3), text(4));
});

test("throughput ends where the processor does", () => {
  const costs = { ...FREE, intakeUs: 2000, executeUs: 500 };
  const row = throughputRow(4, 1, { crypto: keyedCrypto(), costs }, 8000, [100, 300, 1000]);
  assert.equal(row.perSecond, 300);
  assert.equal(row.boundPerSecond, 400);
  assert.ok(row.intakeShare > 0.5 && row.blocksPerSecond > 5);
});

test("Fig. 5 with the paper's times is that of protocol F5-N, and shorter times start more trades", () => {
  const { systems, rows, exact } = fig5Of(400, 600, 3);
  assert.ok(exact);
  const known = speedTable(3);
  for (const [i, { speeds, f, minutes }] of rows.entries()) {
    const { traditional, energy, credit20, credit100 } = known[i].speeds;
    for (const [k, value] of [traditional, energy, credit20, credit100].entries())
      assert.ok(Math.abs(speeds[k] - value) < 1e-9);
    const p50 = speeds[systems.findIndex(({ id }) => id === "p50")];
    const slot = speeds[systems.findIndex(({ id }) => id === "slot")];
    assert.ok(p50 >= energy && slot <= p50 && slot >= traditional && p50 <= f);
    assert.deepEqual(minutes.slice(0, 2), [f * 240, f * 40]);
  }
});

test("costs are measured, and a calibrated consortium takes longer than a free one", () => {
  const machine = measureCosts(sodiumCrypto(), 1);
  for (const [name, us] of Object.entries(machine)) assert.ok(us > 0, name);
  assert.ok(machine.intakeUs > 5 * machine.verifyUs, "six signatures");
  const costs = calibrate(sodiumCrypto(), machine, 4, { seed: 1, votes: 500 });
  assert.ok(costs.turnUs.vote > 0 && costs.turnUs.proposed > 0);
  const real = runConsortium(setupOf(4, { heights: 5 }), { crypto: sodiumCrypto(), costs });
  assert.ok(median(real.blockMs) > 150);
  assert.ok(rowOf(real).kilobytes > 1);
});

test("the report has all of it, and a fact that does not hold shows", () => {
  const extent = {
    ...{ seed: 1, sizes: [4], delaysMs: [50], lossesPermille: [0], heights: 8, seeds: 2 },
    votes: 200,
    ...{ faultSizes: [4], throughputSizes: [4], rateMs: 2000 },
  };
  const evaluation: ConsensusEvaluation = evaluateConsensus(sodiumCrypto(), extent, () => {}, FREE);
  assert.deepEqual(
    evaluation.facts.filter(({ pass }) => !pass),
    [],
  );
  const files = writeReport(dir, consensusReport(evaluation));
  assert.equal(files.length, 1 + 9 + 4 + 1);
  const markdown = readFileSync(join(dir, "evaluation.md"), "utf8");
  assert.match(markdown, /Fig\. 5\(a\): minutes of confirmation/);
  assert.match(markdown, /unanimous \| proof-of-work \| 4 of 4/);
  const json = JSON.parse(readFileSync(join(dir, "evaluation.json"), "utf8"));
  assert.equal(json.fig5.rows.length, 5);
  const { modes, latency } = evaluation;
  const failing = (changed: Partial<ConsensusEvaluation>) =>
    consensusFacts({ ...evaluation, ...changed }).filter(({ pass }) => !pass).length;
  assert.equal(failing({ modes: modes.map((row) => ({ ...row, silentBlocks: 1 })) }), 2);
  assert.equal(failing({ latency: latency.map((row) => ({ ...row, votes: 73 })) }), 1);
  const { washing } = evaluation;
  const gains = washing.rows.map(({ gainsMicro }) => gainsMicro);
  for (const [printed, , , used] of gains) assert.ok(printed > 5e6 && used === 0);
  assert.ok(gains[0][1] === 0 && gains[2][1] > 5e6, "the net of a node stops circles alone");
  assert.ok(gains[2][2] === 0 && gains[3][2] > 5e6, "that of an owner its own meters, too");
  const rows = washing.rows.map((row) => ({ ...row, gainsMicro: [1, 1, 1, 1] }));
  assert.equal(failing({ washing: { ...washing, rows } }), 4);
  const [fast, , due] = evaluation.pace;
  assert.ok(fast.blocks === 20 * due.blocks && fast.mintedMicro === due.mintedMicro);
  const slow = { median: 3001, low: 1, high: 4000, count: 9 };
  assert.equal(failing({ latency: latency.map((row) => ({ ...row, finalMs: slow })) }), 1);
});
