// SPDX-License-Identifier: Apache-2.0
/** The port of meter/tls/signature.ts on Node, whose own ECDSA takes no digests. */
import { createHash } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import type { SignatureCrypto } from "#meter/tls/signature";

export const nodeSignatures: SignatureCrypto = {
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
  verifyP256: (point, digest, r, s) =>
    p256.verify(Buffer.concat([r, s]), digest, point, { prehash: false, lowS: false }),
};
