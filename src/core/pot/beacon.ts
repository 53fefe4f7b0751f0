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
import { bytesEqual } from "../codec/bytes.ts";
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import type { Epoch } from "../records/epoch.ts";

const SIGNATURE_BYTES = 64;
/** Of the beacon before, or of what it and the oldest parts were folded into. */
export const SEED_BYTES = 32;
/** Of a gateway's part of a beacon of several: a BLS signature. */
export const PART_BYTES = 48;

/** What a gateway signs for the beacon of `epoch`. */
export function beaconDigest(crypto: Crypto, net: string, epoch: number): Uint8Array {
  return domainHash(crypto, "sc/beacon-of/1", encodeCbor([net, epoch]));
}

/** The beacon out of these signatures: 32 bytes. */
export function beaconOf(crypto: Crypto, reveals: Uint8Array): Uint8Array {
  return domainHash(crypto, "sc/beacon/1", reveals);
}

/**
 * Whether an epoch's beacon is of what the owner of `publicKey` revealed for it. It costs a signature. Of several
 * gateways' parts only the hash is checked: BLS is nothing for a meter. What rests on a gateway's lie about them
 * all other gateways refuse.
 */
export function beaconHolds(
  crypto: Crypto,
  publicKey: Uint8Array,
  epoch: Pick<Epoch, "net" | "epoch" | "beacon" | "reveals">,
): boolean {
  const { length } = epoch.reveals;
  if (
    length !== SIGNATURE_BYTES &&
    length >= SEED_BYTES &&
    (length - SEED_BYTES) % PART_BYTES === 0
  )
    return bytesEqual(epoch.beacon, beaconOf(crypto, epoch.reveals));
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
