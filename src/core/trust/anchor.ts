// SPDX-License-Identifier: Apache-2.0
/** What is checked by the authority's Ed25519 key, its anchor: cheap enough for a microcontroller. */
import { bytesEqual } from "../codec/bytes.ts";
import { openSigned, type Refusal, type Signed, verifySigned } from "../codec/record.ts";
import type { Crypto } from "../crypto/port.ts";
import { nodeIdOf } from "../identity.ts";
import {
  type Authority,
  authorityRecord,
  type Revocations,
  revocationsRecord,
} from "../records/authority.ts";
import { openCertificate, type SealedCertificate } from "./certificate.ts";

/** The authority's own record; `anchorKey`, where that is known, has to be its key. */
export function openAuthority(
  crypto: Crypto,
  bytes: Uint8Array,
  anchorKey?: Uint8Array,
): Signed<Authority> | Refusal {
  const opened = openSigned(authorityRecord, crypto, bytes);
  if (!opened.ok) return opened;
  const { anchorKey: said } = opened.value;
  if (anchorKey && !bytesEqual(anchorKey, said))
    return { ok: false, code: "CERT_INVALID", detail: "another authority" };
  if (!verifySigned(crypto, said, opened))
    return { ok: false, code: "BAD_SIGNATURE", detail: "authority" };
  return opened;
}

/** A list of revoked certificates, signed by `anchorKey`; of `net`, where that is said. */
export function openRevocations(
  crypto: Crypto,
  bytes: Uint8Array,
  anchorKey: Uint8Array,
  net?: string,
): Signed<Revocations> | Refusal {
  const opened = openSigned(revocationsRecord, crypto, bytes);
  if (!opened.ok) return opened;
  if (net !== undefined && opened.value.net !== net)
    return { ok: false, code: "WRONG_NET", detail: opened.value.net };
  if (!bytesEqual(opened.value.authority, nodeIdOf(crypto, anchorKey)))
    return { ok: false, code: "CERT_INVALID", detail: "another authority" };
  if (!verifySigned(crypto, anchorKey, opened))
    return { ok: false, code: "BAD_SIGNATURE", detail: "revocations" };
  return opened;
}

/** A gateway's certificate, signed by `anchorKey`; whether it counts here and now is for its rule. */
export function openGatewayCertificate(
  crypto: Crypto,
  bytes: Uint8Array,
  anchorKey: Uint8Array,
): SealedCertificate | Refusal {
  const opened = openCertificate(crypto, bytes);
  if (!opened.ok) return opened;
  const { anchor, id } = opened; // what has an anchor is a gateway's
  if (!anchor || !crypto.verify(anchorKey, id, anchor))
    return { ok: false, code: "CERT_INVALID", detail: "not signed by the authority's anchor" };
  return opened;
}
