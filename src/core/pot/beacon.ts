// SPDX-License-Identifier: Apache-2.0
/**
 * The beacon of an epoch (ledger 4.4). With a single gateway it is the hash of the gateway's signature over
 * the network's name and the epoch's number: Ed25519 gives one signature for one message, so that the gateway
 * cannot choose among several unless it breaks RFC 8032, which nobody sees. The beacon is trusted to it.
 *
 * With several gateways the leaders of some turns each reveal their one BLS signature (turns.ts of the
 * gateway), and the beacon is the hash of all of them since the beacon before. Nobody can vary its own; a
 * leader that withholds its turn is worth one bit to it, and the turn of another takes its place.
 */
import { bytesEqual, concatBytes } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { REVEALS_BYTES_MAX } from "../limits.ts";
import type { Epoch } from "../records/epoch.ts";

const SIGNATURE_BYTES = 64;
/** Bytes of a gateway's part of a beacon of several: a BLS signature. */
const PART_BYTES = 48;
const SEED_BYTES = 32;

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

/** What a gateway signs for the beacon of `epoch`. */
export function beaconDigest(crypto: Crypto, net: string, epoch: number): Uint8Array {
  return domainHash(crypto, "sc/beacon-of/1", encodeCbor([net, epoch]));
}

/** The beacon out of these signatures: 32 bytes. */
export function beaconOf(crypto: Crypto, reveals: Uint8Array): Uint8Array {
  return domainHash(crypto, "sc/beacon/1", reveals);
}

/** Whether an epoch's beacon is of what the owner of `publicKey` revealed for it. It costs a signature. */
export function beaconHolds(
  crypto: Crypto,
  publicKey: Uint8Array,
  epoch: Pick<Epoch, "net" | "epoch" | "beacon" | "reveals">,
): boolean {
  const digest = revealedBy(crypto, epoch);
  return digest !== undefined && crypto.verify(publicKey, digest, epoch.reveals);
}

/** What the gateway's key has to have signed for this beacon; undefined where it is not of what it revealed. */
export function revealedBy(
  crypto: Crypto,
  { net, epoch, beacon, reveals }: Pick<Epoch, "net" | "epoch" | "beacon" | "reveals">,
): Uint8Array | undefined {
  if (reveals.length !== SIGNATURE_BYTES || !bytesEqual(beacon, beaconOf(crypto, reveals)))
    return undefined;
  return beaconDigest(crypto, net, epoch);
}
