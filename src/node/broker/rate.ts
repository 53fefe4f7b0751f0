// SPDX-License-Identifier: Apache-2.0
/** Token buckets: so much at once, and then so much in a second. */

export interface Rate {
  perSecond: number;
  burst: number;
}

export class Bucket {
  readonly #rate: Rate;
  #level: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#atMs = nowMs;
  }

  /** Takes `amount` out of it, or nothing where there is less: false. `nowMs` never goes back. */
  take(amount: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#level < amount) return false;
    this.#level -= amount;
    return true;
  }

  full(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#level >= this.#rate.burst;
  }

  #fill(nowMs: number): void {
    const { perSecond, burst } = this.#rate;
    this.#level = Math.min(burst, this.#level + ((nowMs - this.#atMs) * perSecond) / 1000);
    this.#atMs = nowMs;
  }
}

/** A bucket for each key. A full one is as good as none and is forgotten when there are many. */
export class Buckets {
  readonly #rate: Rate;
  readonly #keysMax: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, keysMax: number) {
    this.#rate = rate;
    this.#keysMax = keysMax;
  }

  get size(): number {
    return this.#buckets.size;
  }

  take(key: string, amount: number, nowMs: number): boolean {
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      if (this.#buckets.size >= this.#keysMax) this.#forget(nowMs);
      bucket = new Bucket(this.#rate, nowMs);
      this.#buckets.set(key, bucket);
    }
    return bucket.take(amount, nowMs);
  }

  /** The full ones, and of the others the oldest beyond one half: their keys begin anew. */
  #forget(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) if (bucket.full(nowMs)) this.#buckets.delete(key);
    let surplus = this.#buckets.size - (this.#keysMax >> 1);
    for (const key of this.#buckets.keys()) {
      if (surplus-- <= 0) return;
      this.#buckets.delete(key);
    }
  }
}
