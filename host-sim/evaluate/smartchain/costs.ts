// SPDX-License-Identifier: Apache-2.0
/** What a piece of work costs: processor time by part, and operations of the crypto port. */
import type { Crypto } from "#core/crypto/port";

/** Operations of the crypto port. They follow from the protocol and are the same on every machine. */
export interface Operations {
  hashes: number;
  signs: number;
  verifies: number;
}

export const NO_OPERATIONS: Operations = Object.freeze({ hashes: 0, signs: 0, verifies: 0 });

/** The same port, counted. */
export class CountedCrypto implements Crypto {
  readonly name: string;
  hashes = 0;
  signs = 0;
  verifies = 0;
  private readonly inner: Crypto;

  constructor(inner: Crypto) {
    this.inner = inner;
    this.name = inner.name;
  }

  sha256(data: Uint8Array): Uint8Array {
    this.hashes++;
    return this.inner.sha256(data);
  }

  publicKey(secretKey: Uint8Array): Uint8Array {
    return this.inner.publicKey(secretKey);
  }

  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array {
    this.signs++;
    return this.inner.sign(secretKey, message);
  }

  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    this.verifies++;
    return this.inner.verify(publicKey, message, signature);
  }

  get operations(): Operations {
    const { hashes, signs, verifies } = this;
    return { hashes, signs, verifies };
  }
}

/** Processor time of this process, ms: what others do on the machine is not in it. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Processor time by part of a work that is done over and over: `lap` books what passed since the last. */
export class Laps<Part extends string> {
  /** Of all that was done since `take`. */
  private sums = new Map<Part, number>();
  private lastMs = 0;

  start(): void {
    this.lastMs = processorMs();
  }

  lap(part: Part): void {
    const nowMs = processorMs();
    this.sums.set(part, (this.sums.get(part) ?? 0) + nowMs - this.lastMs);
    this.lastMs = nowMs;
  }

  /** The sums so far, which begin anew. */
  take(parts: readonly Part[]): Record<Part, number> {
    const taken = Object.fromEntries(parts.map((part) => [part, this.sums.get(part) ?? 0]));
    this.sums = new Map();
    return taken as Record<Part, number>;
  }
}
