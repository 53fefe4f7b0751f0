// SPDX-License-Identifier: Apache-2.0
/** What this machine takes for what a gateway does: measured, and put into the simulation as delays. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Crypto } from "#core/crypto/port";
import { prepareBlock } from "#core/ledger/execute";
import { signTx, type Tx } from "#core/records/tx";
import { openStore } from "#node/store/sqlite";
import { processorMs } from "../smartchain/costs.ts";
import { measureDag } from "../smartchain/measure.ts";
import {
  Books,
  bodyOf,
  ORIGIN_MS,
  type Person,
  people,
  SLOT_MS,
  stampMs,
} from "../smartchain/scenario.ts";
import { median } from "../smartchain/stats.ts";

export interface Costs {
  /** An Ed25519 signature, checked and made, µs. */
  verifyUs: number;
  signUs: number;
  /** A durable commit of the gateway's store, µs; it is a matter of the disk. */
  commitUs: number;
  /** A transaction with five tokens that arrives: six signatures, the rules, the DAG. */
  intakeUs: number;
  /** A transaction in a block, and a block without any: executed on a fork of the state, with its roots. */
  executeUs: number;
  blockUs: number;
  /**
   * The mean turn of the consensus beside signatures, by what came in: decoding, hashing, the machine.
   * It grows with the number of gateways.
   */
  turnUs: Readonly<Record<string, number>>;
}

/** Without those of turns: they are measured for each number of gateways (calibrate.ts). */
export type MachineCosts = Omit<Costs, "turnUs">;

const BATCH = 200;
const BATCHES = 15;
const COMMITS = 60;
/** About a stored state of the consensus: words, a valid block and its prevotes at some gateways. */
const STATE_BYTES = 2048;
const TXS = 200;
const TOKENS = { k: 7, m: 5 };

export function measureCosts(crypto: Crypto, seed: number): MachineCosts {
  const key = crypto.sha256(new Uint8Array([seed & 0xff]));
  const publicKey = crypto.publicKey(key);
  const message = crypto.sha256(key);
  const signature = crypto.sign(key, message);
  const persons = people(crypto, seed);
  const extent = { transactions: TXS, step: TXS / 5 };
  const { validate } = measureDag(crypto, persons, TOKENS, extent, seed);
  return {
    verifyUs: batchUs(() => crypto.verify(publicKey, message, signature)),
    signUs: batchUs(() => crypto.sign(key, message)),
    commitUs: commitUs(),
    // The first of them warm up.
    intakeUs: 1000 * median(validate.slice(1)),
    ...executionUs(crypto, persons),
  };
}

/** Processor time, a median over batches: other work on the machine is not in it. */
function batchUs(work: () => unknown): number {
  const times = Array.from({ length: BATCHES }, () => {
    const fromMs = processorMs();
    for (let i = 0; i < BATCH; i++) work();
    return (1000 * (processorMs() - fromMs)) / BATCH;
  });
  return median(times);
}

/** Elapsed time of a commit by the gateway's own store, in the folder for temporary files. */
function commitUs(): number {
  const dir = mkdtempSync(join(tmpdir(), "wattle-commit-"));
  const store = openStore(join(dir, "log.db"));
  try {
    const entry = { kind: 1, bytes: new Uint8Array(STATE_BYTES) };
    const times = Array.from({ length: COMMITS }, () => {
      const fromMs = performance.now();
      store.append([entry]);
      return 1000 * (performance.now() - fromMs);
    });
    return median(times);
  } finally {
    store.close();
    rmSync(dir, { recursive: true });
  }
}

/** A block of many transactions and one of none, each a median. */
function executionUs(
  crypto: Crypto,
  persons: readonly Person[],
): { executeUs: number; blockUs: number } {
  const { state, sessions } = new Books(persons);
  const txs = persons.map((person, i): { tx: Tx; tMs: number } => {
    const body = bodyOf(i, person, sessions.get(person.id)!, [new Uint8Array(32)]);
    return { tx: signTx(crypto, person.secretKey, body, i + 1), tMs: stampMs(i) };
  });
  const slotStartMs = (slot: number): number => ORIGIN_MS + slot * SLOT_MS;
  const once = (list: typeof txs): number => {
    const fromMs = processorMs();
    for (let i = 0; i < BATCHES; i++) {
      const plan = { events: [], mints: [], txs: list, closed: [] };
      prepareBlock(crypto, state, plan, slotStartMs);
    }
    return (1000 * (processorMs() - fromMs)) / BATCHES;
  };
  once(txs);
  const none = median(Array.from({ length: 5 }, () => once([])));
  const all = median(Array.from({ length: 5 }, () => once(txs)));
  return { blockUs: none, executeUs: Math.max(0, all - none) / txs.length };
}
