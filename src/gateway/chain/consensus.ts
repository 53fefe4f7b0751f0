// SPDX-License-Identifier: Apache-2.0
/**
 * Who decides on a block. One gateway decides alone; several agree by a protocol behind this same interface
 * (ledger 5), and then `decided` is called when a quorum has signed.
 */
import { signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { type BlockHeader, headerRecord } from "#core/records/block";
import type { Batch } from "../batch.ts";

/** A header that is decided: the signed envelope and the block's id. */
export interface Decided {
  bytes: Uint8Array;
  id: Uint8Array;
}

export type OnDecided = (result: Decided, batch: Batch) => void;

export interface Consensus {
  /**
   * Asks for a decision on the next block, one at a time. `decided` is called at once with this `batch`, or
   * by `deliver` in a later turn with that turn's.
   */
  propose(header: BlockHeader, batch: Batch, decided: OnDecided): void;
  /** Whether a decision waits for `deliver`. */
  readonly due: boolean;
  deliver(batch: Batch): void;
  /** Set by the gateway: called when a decision comes between its turns. */
  onDue: () => void;
}

/** A consortium of one: what it proposes is decided. */
export class SoleGateway implements Consensus {
  readonly due = false;
  onDue: () => void = () => {};
  private readonly crypto: Crypto;
  private readonly secretKey: Uint8Array;

  constructor(crypto: Crypto, secretKey: Uint8Array) {
    this.crypto = crypto;
    this.secretKey = secretKey;
  }

  propose(header: BlockHeader, batch: Batch, decided: OnDecided): void {
    decided(signRecord(headerRecord, this.crypto, this.secretKey, header), batch);
  }

  deliver(): void {}
}
