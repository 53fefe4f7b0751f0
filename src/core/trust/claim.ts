// SPDX-License-Identifier: Apache-2.0
/** The claim code in a request for a certificate. */
import { ascii } from "../codec/bytes.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";

/**
 * Binds a claim code (`XXXX-XXXX`, as it is shown) to a key. Whoever reads a request on its way could find the
 * 40 bits of the code by trying, so a claim is worth only what the way to the gateway is.
 */
export function claimHash(crypto: Crypto, publicKey: Uint8Array, code: string): Uint8Array {
  return domainHash(crypto, "wattle/claimed/1", publicKey, ascii(code));
}
