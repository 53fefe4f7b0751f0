// SPDX-License-Identifier: Apache-2.0
/** What core/trust says to the vectors of its records; like check.ts without anything of Node. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { Subject } from "#core/records/authority";
import { openAuthority, openGatewayCertificate, openRevocations } from "#core/trust/anchor";
import { encodeSealed, openCertificate, SEAL_BYTES } from "#core/trust/certificate";
import { openConnectToken } from "#core/trust/connect";

/** The seal of every certificate in the vectors: bytes without meaning, for the envelope only. */
export const TEST_SEAL: Uint8Array = Uint8Array.from({ length: SEAL_BYTES }, (_, i) => 0x80 + i);

/** What disagrees about the envelope of a certificate whose anchor is `publicKey`'s. */
export function sealedFaults(
  crypto: Crypto,
  publicKey: Uint8Array,
  envelope: Uint8Array,
  expected: { hex: string; id: string },
): string[] {
  const opened = openCertificate(crypto, envelope);
  if (!opened.ok) return [`opening refuses it: ${opened.code} ${opened.detail}`];
  const { anchor, id, record, seal, value } = opened;
  const faults: string[] = [];
  if (toHex(record) !== expected.hex) faults.push("holds another record");
  if (toHex(id) !== expected.id) faults.push("opens with another id");
  if (!bytesEqual(seal, TEST_SEAL)) faults.push("has another seal");
  if (!bytesEqual(encodeSealed(record, seal, anchor), envelope)) faults.push("is sealed otherwise");
  const anchored = openGatewayCertificate(crypto, envelope, publicKey);
  if (anchored.ok !== (value.subject === Subject.gateway))
    faults.push(anchored.ok ? "a node's is taken for a gateway's" : `anchor: ${anchored.code}`);
  return faults;
}

/** What disagrees about a signed record of core/trust; `value` is what it holds. */
export function trustFaults(
  crypto: Crypto,
  publicKey: Uint8Array,
  record: string,
  value: unknown,
  envelope: Uint8Array,
): string[] {
  const refusal = refusalOf(crypto, publicKey, record, value, envelope);
  return refusal === undefined ? [] : [`core/trust refuses it: ${refusal}`];
}

function refusalOf(
  crypto: Crypto,
  publicKey: Uint8Array,
  record: string,
  value: unknown,
  envelope: Uint8Array,
): string | undefined {
  if (record === "authority") {
    const opened = openAuthority(crypto, envelope, publicKey);
    return opened.ok ? undefined : opened.code;
  }
  if (record === "revocations") {
    const { net } = value as { net: string };
    const opened = openRevocations(crypto, envelope, publicKey, net);
    return opened.ok ? undefined : opened.code;
  }
  if (record === "connect") {
    const token = value as { net: string; gateway: Uint8Array; client: string; atMs: number };
    const rule = { ...token, nowMs: token.atMs, afterMs: token.atMs - 1 };
    const opened = openConnectToken(crypto, envelope, rule);
    return opened.ok ? undefined : opened.fault;
  }
  return undefined;
}
