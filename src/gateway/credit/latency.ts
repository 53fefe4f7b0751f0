// SPDX-License-Identifier: Apache-2.0
/** How long payments take: from a BOUGHT's arrival to the bank's word, and to the block that has it. */

/** The latest that are kept: a day's payments of a street. */
const KEPT = 4096;

export interface Quantiles {
  count: number;
  p50Ms: number;
  p99Ms: number;
}

export class Latency {
  private readonly tokenMs: number[] = [];
  private readonly finalMs: number[] = [];
  private readonly protocolMs: number[] = [];

  paid(ms: number): void {
    keep(this.tokenMs, ms);
  }

  /** The block came after `realMs`, and bears a time `protocolMs` after the BOUGHT's. */
  final(realMs: number, protocolMs: number): void {
    keep(this.finalMs, realMs);
    keep(this.protocolMs, protocolMs);
  }

  get token(): Quantiles {
    return quantiles(this.tokenMs);
  }

  get ledger(): Quantiles {
    return quantiles(this.finalMs);
  }

  get ledgerProtocol(): Quantiles {
    return quantiles(this.protocolMs);
  }
}

function keep(samples: number[], ms: number): void {
  samples.push(ms);
  if (samples.length > KEPT) samples.shift();
}

/** Nearest rank. */
export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (permille: number) =>
    sorted[Math.max(0, Math.ceil((sorted.length * permille) / 1000) - 1)] ?? 0;
  return { count: sorted.length, p50Ms: at(500), p99Ms: at(990) };
}
