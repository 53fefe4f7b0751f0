// SPDX-License-Identifier: Apache-2.0
/**
 * Micro-benchmarks. Each suite prints the rate of every case and its ratio to the first one, which is the
 * baseline, in the same run: absolute figures drift with the machine. A suite that requires anything says
 * what was found.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Bench, type BenchOptions } from "tinybench";
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import { nobleCrypto } from "#core/crypto/noble";
import type { Crypto } from "#core/crypto/port";
import { clear } from "#core/market/auction";
import type { MarketOrder } from "#core/market/types";
import { sodiumCrypto } from "#node/crypto/sodium";
import { openStore } from "#node/store/sqlite";
import { dag } from "./dag.ts";
import { type Finding, identity } from "./identity.ts";
import { ledger } from "./ledger.ts";
import { votes } from "./votes.ts";

/** Adds its cases; what it returns clears up and judges the rates, where the suite requires any. */
type Suite = (bench: Bench) => (rates: ReadonlyMap<string, number>) => Finding[] | undefined;
export const SUITES: Readonly<Record<string, Suite>> = {
  crypto,
  codec,
  dag,
  identity,
  ledger,
  market,
  store,
  votes,
};
/**
 * Where a ratio is required, the clock is the processor time of this process: others' load must not decide it. And
 * a call that takes most of a second need not be made tinybench's 64 times.
 */
const OPTIONS: Record<string, BenchOptions> = {
  // Each call adds to the DAG, so that their number is given and not their time.
  dag: { time: 0, iterations: 16, warmupTime: 0, warmupIterations: 2, now: processorMs },
  identity: { iterations: 5, warmupIterations: 2, now: processorMs },
  ledger: { time: 0, iterations: 10, warmupTime: 0, warmupIterations: 2, now: processorMs },
  votes: { iterations: 5, warmupIterations: 2, now: processorMs },
};

/** Ed25519 over 250 bytes: the node's fallback against the gateway's. */
function crypto(bench: Bench): () => undefined {
  const key = new Uint8Array(32).fill(7);
  const message = new Uint8Array(250).fill(9);
  const add = (port: Crypto) => {
    const publicKey = port.publicKey(key);
    const signature = port.sign(key, message);
    bench.add(`${port.name} verify`, () => void port.verify(publicKey, message, signature));
    bench.add(`${port.name} sign`, () => void port.sign(key, message));
  };
  add(nobleCrypto());
  add(sodiumCrypto());
  return () => {};
}

/** A record of ten fields, as large as a reading. */
function codec(bench: Bench): () => undefined {
  const record = [
    4,
    1,
    "demo",
    new Uint8Array(16),
    77,
    1_470_006_000_000,
    2,
    123_456_789n,
    0,
    3,
    12,
  ];
  const bytes = encodeCbor(record);
  bench.add("decode, checked", () => void decodeCbor(bytes));
  bench.add("encode, checked", () => void encodeCbor(record));
  return () => {};
}

/** Clearing a slot: sorting, the crossing and rationing. */
function market(bench: Bench): () => undefined {
  const rule = {
    pricing: "uniform" as const,
    kPermille: 500,
    floorMicroPerKwh: 80_000,
    ceilingMicroPerKwh: 300_000,
  };
  for (const members of [12, 120, 1024]) {
    const orders = Array.from({ length: members }, (_, i): MarketOrder => {
      const key = new Uint8Array(32);
      new DataView(key.buffer).setUint32(0, i);
      const side = i % 3 === 0 ? "offer" : "bid";
      const owner = i.toString(16).padStart(32, "0");
      return { key, owner, side, qtyWh: 100 + i, priceMicroPerKwh: side === "bid" ? 3e5 : 8e4 };
    });
    bench.add(`${members} orders`, () => void clear(orders, rule));
  }
  return () => {};
}

const GROUP_RATIO_MIN = 7;

/** Durable appends of 300 bytes: one commit each against group commits. The rate is of records. */
function store(bench: Bench): (rates: ReadonlyMap<string, number>) => Finding[] {
  const dir = mkdtempSync(join(tmpdir(), "wattle-bench-"));
  const log = openStore(join(dir, "log.db"));
  const entry = { kind: 3, bytes: new Uint8Array(300) };
  for (const size of [1, 32, 512]) {
    const batch = Array.from({ length: size }, () => entry);
    bench.add(`batches of ${size}`, () => log.append(batch));
  }
  return (rates) => {
    log.close();
    rmSync(dir, { recursive: true });
    const ratio = (rates.get("batches of 512") ?? 0) / (rates.get("batches of 1") ?? Number.NaN);
    const what = "the store alone: 512 records in a commit to one";
    const pass = ratio >= GROUP_RATIO_MIN;
    return [{ what, required: `≥ ${GROUP_RATIO_MIN}`, measured: ratio.toFixed(1), pass }];
  };
}

function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Records in one call of a case: what the rate is multiplied by. */
function weight(name: string): number {
  return Number(/batches of (\d+)/.exec(name)?.[1] ?? 1);
}

/** Runs one suite and prints it; what it found, where it requires anything. */
export async function runSuite(name: string): Promise<Finding[]> {
  const bench = new Bench({ time: 500, ...OPTIONS[name] });
  const judge = SUITES[name](bench);
  await bench.run();
  process.stdout.write(`\n${name.padEnd(24)}per second     ratio\n`);
  let baseline: number | undefined;
  const rates = new Map<string, number>();
  for (const task of bench.tasks) {
    if (!("throughput" in task.result)) throw new Error(`${task.name} did not run`);
    const rate = task.result.throughput.mean * weight(task.name);
    baseline ??= rate;
    rates.set(task.name, rate);
    const figures = [rate.toFixed(0).padStart(10), (rate / baseline).toFixed(2).padStart(10)];
    process.stdout.write(`${task.name.padEnd(24)}${figures.join("")}\n`);
  }
  const findings = judge(rates) ?? [];
  for (const { what, required, measured, pass } of findings)
    process.stdout.write(`${pass ? "PASS" : "FAIL"}  ${what}: ${measured}, required ${required}\n`);
  return findings;
}
