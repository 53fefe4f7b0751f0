// SPDX-License-Identifier: Apache-2.0
/**
 * Who decides on a block. One gateway decides alone; several agree by a protocol behind this same interface
 * (ledger 5), and then `decided` is called when a quorum has signed.
 */
import { signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { type BlockHeader, headerRecord } from "#core/records/block";

/** A header that is decided: the signed envelope and the block's id. */
export interface Decided {
  bytes: Uint8Array;
  id: Uint8Array;
}

export interface Consensus {
  /** Asks for a decision on the next block; `decided` may be called at once or much later. */
  propose(header: BlockHeader, decided: (result: Decided) => void): void;
}

/** A consortium of one: what it proposes is decided. */
export class SoleGateway implements Consensus {
  private readonly crypto: Crypto;
  private readonly secretKey: Uint8Array;

  constructor(crypto: Crypto, secretKey: Uint8Array) {
    this.crypto = crypto;
    this.secretKey = secretKey;
  }

  propose(header: BlockHeader, decided: (result: Decided) => void): void {
    decided(signRecord(headerRecord, this.crypto, this.secretKey, header));
  }
}
