// SPDX-License-Identifier: Apache-2.0
/**
 * The beacon of an epoch (ledger 4.4). With a single gateway it is the hash of the gateway's signature over
 * the network's name and the epoch's number: Ed25519 gives one signature for one message, so that the gateway
 * cannot choose among several unless it breaks RFC 8032, which nobody sees. The beacon is trusted to it.
 */
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";

/** What a gateway signs for the beacon of `epoch`. */
export function beaconDigest(crypto: Crypto, net: string, epoch: number): Uint8Array {
  return domainHash(crypto, "sc/beacon-of/1", encodeCbor([net, epoch]));
}

/** The beacon out of these signatures: 32 bytes. */
export function beaconOf(crypto: Crypto, reveals: Uint8Array): Uint8Array {
  return domainHash(crypto, "sc/beacon/1", reveals);
}
