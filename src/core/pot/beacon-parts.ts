// SPDX-License-Identifier: Apache-2.0
/** The parts of the next beacon, as the leaders of turns reveal them (ledger 4.4; beacon.ts). */
import { concatBytes } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { REVEALS_BYTES_MAX } from "../limits.ts";
import { PART_BYTES, SEED_BYTES } from "./beacon.ts";

/** What the leader of the turn at `height` reveals its one signature of, while `epoch` is in force. */
export function partDigest(crypto: Crypto, net: string, epoch: number, height: number): Uint8Array {
  return domainHash(crypto, "sc/beacon-part/1", encodeCbor([net, epoch, height]));
}

/**
 * The parts of the next beacon as turns reveal them, behind the beacon before. As many as an epoch's record has
 * room for stand by themselves; the oldest are folded.
 */
export class BeaconParts {
  private seed = new Uint8Array(SEED_BYTES);
  private parts: Uint8Array[] = [];

  add(crypto: Crypto, part: Uint8Array): void {
    this.parts.push(part);
    if (SEED_BYTES + this.parts.length * PART_BYTES <= REVEALS_BYTES_MAX) return;
    this.seed = domainHash(crypto, "sc/beacon-fold/1", this.seed, this.parts[0]).slice();
    this.parts.shift();
  }

  /** All that the next beacon is the hash of. */
  get reveals(): Uint8Array {
    return concatBytes(this.seed, ...this.parts);
  }

  /** An epoch with this beacon begins: later parts are for the one after it. */
  begin(beacon: Uint8Array): void {
    this.seed = beacon.slice();
    this.parts = [];
  }
}
