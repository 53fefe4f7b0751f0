// SPDX-License-Identifier: Apache-2.0
/** An authority, a node and a gateway for the tests of core/trust. Seals are bytes without meaning here. */
import { encodeCbor } from "#core/codec/cbor";
import { domainHash } from "#core/crypto/domain";
import { nodeIdOf } from "#core/identity";
import { Subject } from "#core/records/authority";
import { type Certificate, certificateRecord } from "#core/records/certificate";
import { SEAL_BYTES } from "#core/trust/certificate";
import { sodiumCrypto } from "#node/crypto/sodium";

export const crypto = sodiumCrypto();
export const NET = "street-7";
export const NOW_MS = 1_767_225_600_000;
export const SEAL: Uint8Array = new Uint8Array(SEAL_BYTES).fill(7);

/** A key of its own for each number, with the id that follows from it. */
export function identity(number: number) {
  const secretKey = crypto.sha256(Uint8Array.of(number));
  const publicKey = crypto.publicKey(secretKey);
  return { secretKey, publicKey, id: nodeIdOf(crypto, publicKey) };
}

export const ANCHOR = identity(1);
export const NODE = identity(2);
export const GATEWAY = identity(3);
export const STRANGER = identity(4);

export const OF_NODE: Certificate = {
  net: NET,
  authority: ANCHOR.id,
  serial: 7,
  subject: Subject.node,
  id: NODE.id,
  publicKey: NODE.publicKey,
  area: "",
  wallets: new Uint8Array(32).fill(1),
  meter: "SDM630 4711",
  connectionW: 24_000,
  fromMs: NOW_MS - 1000,
  untilMs: NOW_MS + 1000,
};

export const OF_GATEWAY: Certificate = {
  ...OF_NODE,
  serial: 8,
  subject: Subject.gateway,
  id: GATEWAY.id,
  publicKey: GATEWAY.publicKey,
  area: "street",
  wallets: new Uint8Array(32),
  meter: "",
  connectionW: 0,
};

/** What the authority's anchor key signs beside the seal. */
export function anchorOf(value: Certificate, secretKey: Uint8Array = ANCHOR.secretKey): Uint8Array {
  const record = certificateRecord.encode(value);
  return crypto.sign(secretKey, domainHash(crypto, certificateRecord.domain, record));
}

/** Any three items as an envelope, without the assertions of `encodeSealed`. */
export function envelope(value: Certificate, seal: Uint8Array, anchor: Uint8Array | 0): Uint8Array {
  return encodeCbor([certificateRecord.encode(value), seal, anchor]);
}
