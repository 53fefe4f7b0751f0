// SPDX-License-Identifier: Apache-2.0
/**
 * Target 2: durable trades a second with consensus, against anvil with blocks of one second. The gateway
 * takes trades in, and at the end of the slot it seals them: one thread does both, so that the rate that it
 * can hold is 1 / (time of a trade's intake + processor time of its sealing), both of one run.
 */

import { Miner } from "#host-sim/evaluate/smartchain/baseline";
import { people } from "#host-sim/evaluate/smartchain/scenario";
import { sodiumCrypto } from "#node/crypto/sodium";
import { findAnvil, measureAnvil, type Rival } from "./load/anvil.ts";
import { Rig } from "./load/rig.ts";
import { assertGood } from "./pipeline.ts";
import { judged, progress, type Target } from "./target.ts";

const RATIO_MIN = 10;
const IN_FLIGHT = 512;
const TRADES = 2048;
const ANVIL_TRADES = 8000;
/** The first slot ends one and a half of it after genesis, and is sealed a quarter of it later. */
const SLOT_SECONDS = 24;
/** Transactions in a block of the plain chain, one for each of its members; and blocks. */
const BASELINE_BLOCK = 100;
const BASELINE_BLOCKS = 40;

interface Held {
  perSecond: number;
  intakePerSecond: number;
  /** Processor time of a trade's intake, and of its sealing, µs. */
  cpuUs: number;
  sealUs: number;
}

export async function consensus(): Promise<Target[]> {
  const tokens = await held(true);
  const single = await held(false);
  const plain = plainChain();
  progress(`a plain chain without proof-of-work or network: ${plain.toFixed(0)} trades/s`);
  const program = findAnvil();
  const rival = program ? await measureAnvil(program, ANVIL_TRADES) : undefined;
  if (rival) {
    const { version, perSecond, p50, p99, cpuUs } = rival;
    const delays = `p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
    progress(
      `${version}: ${perSecond.toFixed(0)} transfers/s, ${delays}, ${cpuUs.toFixed(0)} µs each`,
    );
  }
  return [
    line("2", "m = 5 tokens", tokens, rival, plain),
    line("2b", "no tokens", single, rival, plain),
  ];
}

function line(
  target: string,
  how: string,
  { perSecond, intakePerSecond, cpuUs, sealUs }: Held,
  rival: Rival | undefined,
  plain: number,
): Target {
  const figures = `${perSecond.toFixed(0)} a second`;
  const parts = `intake alone ${intakePerSecond.toFixed(0)} a second, ${sealUs.toFixed(0)} µs a trade to seal it`;
  const chain = `a plain chain in memory, ${BASELINE_BLOCK} in a block: ${plain.toFixed(0)} a second`;
  const common = {
    target,
    what: `durable and FINAL to anvil with 1 s blocks, ${how}`,
    required: `≥ ${RATIO_MIN}`,
  };
  if (rival === undefined) {
    const note = `no anvil here (docs/performance.md); ${parts}; ${chain}`;
    return { ...common, measured: figures, result: "NOT RUN", note };
  }
  const ratio = perSecond / rival.perSecond;
  return {
    ...common,
    measured: `${ratio.toFixed(2)} (${figures}, anvil ${rival.perSecond.toFixed(0)})`,
    result: judged(ratio >= RATIO_MIN),
    note:
      `${parts}; processor time a trade ${(cpuUs + sealUs).toFixed(0)} µs, anvil ${rival.cpuUs.toFixed(0)} µs for ` +
      `a value transfer that is not durable; ${chain}`,
  };
}

/** Two segments, of which the first warms up; then blocks hold all of both. */
async function held(proofOfTime: boolean): Promise<Held> {
  const rig = await Rig.start({ proofOfTime, slotSeconds: SLOT_SECONDS });
  try {
    let intakePerSecond = 0;
    let cpuUs = 0;
    for (let segment = 0; segment < 2; segment++) {
      await rig.sign(TRADES);
      const before = await rig.usage();
      const run = await rig.run({ inFlight: IN_FLIGHT });
      const after = await rig.usage();
      assertGood(run, before, after);
      cpuUs = (after.cpuUs - before.cpuUs) / TRADES;
      intakePerSecond = (1000 * TRADES) / run.elapsedMs;
    }
    const before = await rig.usage();
    await rig.final();
    const after = await rig.usage();
    if (before.blocks > 1 || after.rejected > 0)
      throw new Error(`a slot ended too early, or a block rejected ${after.rejected} trades`);
    const sealUs = (after.mainUs - before.mainUs) / (2 * TRADES);
    const perSecond = 1 / (1 / intakePerSecond + sealUs / 1e6);
    const name = proofOfTime ? "with tokens" : "without tokens";
    progress(
      `${name}: ${perSecond.toFixed(0)} trades/s FINAL, ${sealUs.toFixed(0)} µs to seal one`,
    );
    return { perSecond, intakePerSecond, cpuUs, sealUs };
  } finally {
    await rig.stop();
  }
}

/** The evaluation's conventional chain with 0 bits: check, execute, Merkle tree, log; trades a second. */
function plainChain(): number {
  const miner = new Miner(sodiumCrypto(), people(sodiumCrypto(), 1), 0);
  let ms = 0;
  for (let block = 0; block < 2 * BASELINE_BLOCKS; block++) {
    const { parts } = miner.prepare(block * BASELINE_BLOCK, BASELINE_BLOCK);
    if (block >= BASELINE_BLOCKS) ms += parts.verify + parts.root + parts.pow + parts.store;
  }
  return (BASELINE_BLOCKS * BASELINE_BLOCK * 1000) / ms;
}
