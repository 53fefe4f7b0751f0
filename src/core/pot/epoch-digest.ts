// SPDX-License-Identifier: Apache-2.0
/**
 * What gateways that agree have in common of an epoch: all of its record but whose word it is. Turns name it,
 * so that a quorum stands for it.
 */
import { encodeCbor } from "../codec/cbor.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import type { Epoch } from "../records/epoch.ts";
import type { PackedEpoch } from "./members.ts";

/** As a turn names it. */
export interface NamedEpoch {
  number: number;
  digest: Uint8Array;
}

export function nameEpoch(crypto: Crypto, { fields, members }: PackedEpoch): NamedEpoch {
  const {
    net,
    epoch: number,
    beacon,
    startMs,
    epsilonMs,
    tauMs,
    k,
    m,
  }: Omit<Epoch, "members"> = fields;
  const head = encodeCbor([net, number, beacon, startMs, epsilonMs, tauMs, k, m]);
  // Of equal length each: a chip has no room for a copy of a hundred members.
  const digest = domainHash(
    crypto,
    "wattle/epoch-of/1",
    crypto.sha256(head),
    crypto.sha256(members.packed),
  );
  return { number, digest };
}
