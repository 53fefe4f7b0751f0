// SPDX-License-Identifier: Apache-2.0
/**
 * What a turn of the consensus takes beside signatures: a consortium of that size decides some blocks with
 * real signatures and everything opened by everybody, and each turn is timed. Time in which other programs
 * had the processor stands out, and is left away.
 */
import type { Crypto } from "#core/crypto/port";
import { mean, quantile } from "../smartchain/stats.ts";
import { runConsortium, type Watch } from "./consortium.ts";
import type { Costs, MachineCosts } from "./costs.ts";
import { setupOf } from "./setup.ts";

const BLOCKS_MIN = 5;
/** The share of turns that counts. */
const KEPT = 0.98;

/** The same port; what it takes to sign and to verify is kept apart. */
class TimedCrypto implements Crypto {
  readonly name: string;
  ms = 0;
  private readonly inner: Crypto;

  constructor(inner: Crypto) {
    this.inner = inner;
    this.name = inner.name;
  }

  sha256(data: Uint8Array): Uint8Array {
    return this.inner.sha256(data);
  }

  publicKey(secretKey: Uint8Array): Uint8Array {
    return this.inner.publicKey(secretKey);
  }

  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
    const fromMs = performance.now();
    const signature = this.inner.sign(secretKey, message);
    this.ms += performance.now() - fromMs;
    return signature;
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const fromMs = performance.now();
    const holds = this.inner.verify(publicKey, message, signature);
    this.ms += performance.now() - fromMs;
    return holds;
  }
}

/**
 * The costs of a gateway among `gateways`. `votes`: how many are heard, about; half of them warm up, so that few
 * gateways need many blocks.
 */
export function calibrate(
  crypto: Crypto,
  machine: MachineCosts,
  gateways: number,
  { seed, votes }: { seed: number; votes: number },
): Costs {
  const timed = new TimedCrypto(crypto);
  const turns = new Map<string, number[]>();
  const watch: Watch = (label, work) => {
    timed.ms = 0;
    const fromMs = performance.now();
    const result = work();
    const list = turns.get(label) ?? [];
    turns.set(label, list);
    list.push(1000 * (performance.now() - fromMs - timed.ms));
    return result;
  };
  const costs = { ...machine, turnUs: {} };
  const heights = Math.max(BLOCKS_MIN, Math.ceil(votes / (2 * gateways * gateways)));
  const setup = setupOf(gateways, { seed, heights, perSecond: 0, intervalMs: 0 });
  runConsortium(setup, { crypto: timed, costs, watch });
  const turnUs: Record<string, number> = {};
  for (const [label, all] of turns) {
    const later = all.slice(all.length >> 1);
    const most = quantile(later, KEPT);
    turnUs[label] = mean(later.filter((us) => us <= most));
  }
  return { ...costs, turnUs };
}
