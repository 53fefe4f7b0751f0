// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway's caps as they came: most are replaced before anybody asks for them, a node that follows the DAG
 * asks once after a start, and as objects they take three times as much of a chip's memory.
 */
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { type Caps, capsRecord } from "#core/records/notice";

export class CapsHeard {
  private readonly crypto: Crypto;
  private readonly check: (payload: Uint8Array) => { value: Caps } | undefined;
  /** The latest, not checked yet; and those that were checked last. */
  private fresh: Uint8Array | undefined;
  private good: Uint8Array | undefined;

  /** @param check opens what the gateway has signed, and says what is wrong where it has not */
  constructor(crypto: Crypto, check: (payload: Uint8Array) => { value: Caps } | undefined) {
    this.crypto = crypto;
    this.check = check;
  }

  /** True for the first. */
  heard(payload: Uint8Array): boolean {
    const first = !this.fresh && !this.good;
    this.fresh = payload;
    return first;
  }

  /** Whether there are some of the gateway's. */
  get any(): boolean {
    return this.good !== undefined || this.latest() !== undefined;
  }

  /** The latest of the gateway's. */
  latest(): Caps | undefined {
    const { fresh, good } = this;
    this.fresh = undefined;
    const checked = fresh && this.check(fresh);
    if (checked) {
      this.good = fresh;
      return checked.value;
    }
    const opened = good && openSigned(capsRecord, this.crypto, good);
    return opened?.ok ? opened.value : undefined;
  }
}
