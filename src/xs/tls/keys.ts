// SPDX-License-Identifier: Apache-2.0
/** The SDK's public-key algorithms, as meter/tls and the SDK's session want them. */
import Curve from "curve";
import ECDSA from "ecdsa";
import ECPoint from "ecp";
import { concatBytes, toHex } from "#core/codec/bytes";
import type { PublicKey } from "#meter/tls/certificate";

/** ECDSA on P-256 (meter/tls/signature.ts). */
export function verifyP256(
  point: Uint8Array,
  digest: Uint8Array,
  r: Uint8Array,
  s: Uint8Array,
): boolean {
  const key = new ECDSA(ECPoint.fromOctetString(point), new Curve("secp256r1"), false);
  return key.verify(bufferOf(digest), bufferOf(concatBytes(r, s)));
}

/** A key as the SDK's session gives it to PKCS1_5 and ECDSA. */
export function sdkKey(key: PublicKey): unknown {
  if (key.kind === "ec")
    return { pub: ECPoint.fromOctetString(key.point), curve: new Curve("secp256r1") };
  return { modulus: BigInt(`0x${toHex(key.modulus)}`), exponent: BigInt(65_537) };
}

/** The bytes of a view and no others. */
function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer as ArrayBuffer;
}
