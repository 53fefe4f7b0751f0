// SPDX-License-Identifier: Apache-2.0
/**
 * Secrets from the entropy port, with a check against a source that is stuck: a radio that is off, a driver
 * that returns its buffer untouched. It finds a dead source, it does not measure a live one.
 */
import { bytesEqual } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto, Entropy } from "#core/crypto/port";

const DRAW_BYTES = 32;

/**
 * 32 secret bytes: the hash, in `domain`, of two draws. Undefined where the source is stuck: a draw of the
 * wrong length or of equal bytes, or two equal draws.
 */
export function freshSecret(
  crypto: Crypto,
  entropy: Entropy,
  domain: string,
): Uint8Array | undefined {
  // Copies: a source may hand out the same buffer twice.
  const first = entropy.bytes(DRAW_BYTES).slice();
  const second = entropy.bytes(DRAW_BYTES).slice();
  for (const draw of [first, second])
    if (draw.length !== DRAW_BYTES || draw.every((byte) => byte === draw[0])) return undefined;
  if (bytesEqual(first, second)) return undefined;
  return domainHash(crypto, domain, first, second);
}
