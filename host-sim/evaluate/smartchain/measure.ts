// SPDX-License-Identifier: Apache-2.0
/** One repetition of the comparison: each chain is prepared by one side and replayed by another. */
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import type { PotParams } from "#core/pot/params";
import { AUTHOR_PARTS, AuthorSide, type Prepared } from "./author.ts";
import { BlockReplay, MINER_PARTS, Miner, mine } from "./baseline.ts";
import { CountedCrypto, type Operations, processorMs } from "./costs.ts";
import { Replay } from "./replay.ts";
import type { Person } from "./scenario.ts";
import { mean, median, slope } from "./stats.ts";

/** What one chain took in one repetition. Times are processor time, ms a transaction. */
export interface Measured {
  /** Means over each `step` transactions, in order: of the preparation and of the replay. */
  prepare: number[];
  validate: number[];
  /** Medians, by part: garbage collections and the like are in the totals only. */
  parts: Record<string, number>;
  /** Of the replay of all. */
  validateMs: number;
  /** One witness's work, ms; 0 where there is none. */
  witnessMs: number;
  bytes: number;
  askBytes: number;
  /** Growth over N: last fifth to first, of the preparation and of selection alone. */
  slope: number;
  steps: number;
  /** Parents that authors verified. */
  parents: number;
  prepared: Operations;
  validated: Operations;
  witnessed: Operations;
}

export interface Extent {
  transactions: number;
  step: number;
}

/** SmartChain with (k, m). */
export function measureDag(
  crypto: Crypto,
  persons: readonly Person[],
  pot: PotParams,
  extent: Extent,
  seed: number,
): Measured {
  const { transactions, step } = extent;
  const side = new AuthorSide(crypto, persons, pot, seed);
  const all: Prepared[] = [];
  for (let i = 0; i < transactions; i++) all.push(side.prepare(i));
  const replay = new Replay(crypto, persons, side.epoch);
  const validate: number[] = [];
  for (const { bytes } of side.store.read()) validate.push(timed(() => replay.take(bytes)));
  const totals = all.map(({ totalMs }) => totalMs);
  const part = (name: (typeof AUTHOR_PARTS)[number]) => median(all.map(({ parts }) => parts[name]));
  return {
    prepare: binned(totals, step),
    validate: binned(validate, step),
    parts: Object.fromEntries(AUTHOR_PARTS.map((name) => [name, part(name)])),
    validateMs: mean(validate),
    witnessMs: median(all.map(({ witnessMs }) => witnessMs)),
    bytes: median(all.map(({ txBytes }) => txBytes)),
    askBytes: median(all.map(({ askBytes }) => askBytes)),
    slope: slope(totals),
    steps: Math.max(...all.map(({ steps }) => steps)),
    parents: all.reduce((sum, { parents }) => sum + parents, 0),
    prepared: side.crypto.operations,
    validated: replay.crypto.operations,
    witnessed: side.witnessCrypto.operations,
  };
}

/** The conventional chain with `perBlock` transactions a block and no proof-of-work. */
export function measureChain(
  crypto: Crypto,
  persons: readonly Person[],
  perBlock: number,
  extent: Extent,
): Measured & { headers: Uint8Array[] } {
  const { transactions, step } = extent;
  assert(step % perBlock === 0 && transactions % step === 0, "EVALUATE_STEP");
  const miner = new Miner(crypto, persons, 0);
  const blocks = Array.from({ length: transactions / perBlock }, (_, i) =>
    miner.prepare(i * perBlock, perBlock),
  );
  const replay = new BlockReplay(crypto, persons, 0);
  const validate: number[] = [];
  for (const { bytes } of miner.store.read())
    validate.push(timed(() => replay.take(bytes)) / perBlock);
  const each = blocks.map(({ totalMs }) => totalMs / perBlock);
  const part = (name: (typeof MINER_PARTS)[number]) =>
    median(blocks.map(({ parts }) => parts[name] / perBlock));
  return {
    prepare: binned(each, step / perBlock),
    validate: binned(validate, step / perBlock),
    parts: Object.fromEntries(MINER_PARTS.map((name) => [name, part(name)])),
    validateMs: mean(validate),
    witnessMs: 0,
    bytes: median(blocks.map(({ bytes }) => bytes / perBlock)),
    askBytes: 0,
    slope: slope(each.length < 5 ? each.concat(each, each, each, each) : each),
    ...{ steps: 0, parents: 0, witnessed: { hashes: 0, signs: 0, verifies: 0 } },
    prepared: miner.crypto.operations,
    validated: replay.crypto.operations,
    headers: miner.headers,
  };
}

/** Proof-of-work of `blocks` headers, taken evenly from the chain's. */
export interface Mined {
  bits: number;
  blocks: number;
  hashes: number;
  totalMs: number;
}

export function measureWork(
  crypto: Crypto,
  headers: readonly Uint8Array[],
  bits: number,
  blocks: number,
): Mined {
  const counted = new CountedCrypto(crypto);
  const totalMs = timed(() => {
    for (let i = 0; i < blocks; i++) {
      const bytes = headers[Math.floor((i * headers.length) / blocks)].slice();
      new DataView(bytes.buffer).setUint32(72, bits);
      mine(counted, bytes, bits);
    }
  });
  return { bits, blocks, hashes: counted.hashes, totalMs };
}

function timed(work: () => void): number {
  const fromMs = processorMs();
  work();
  return processorMs() - fromMs;
}

/** Means over each `size` values in order. */
export function binned(values: readonly number[], size: number): number[] {
  const bins: number[] = [];
  for (let at = 0; at + size <= values.length; at += size)
    bins.push(mean(values.slice(at, at + size)));
  return bins;
}
