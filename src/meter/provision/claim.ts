// SPDX-License-Identifier: Apache-2.0
/**
 * The claim code: 40 random bits as eight characters of Crockford's base 32 (https://www.crockford.com/base32.html),
 * shown as XXXX-XXXX. Whoever can read it stood at the node. It is kept until the node is claimed or the code
 * is replaced, and belongs to one identity.
 */
import { bytes, FieldFault, struct, uint } from "#core/codec/schema";
import type { Crypto, Entropy } from "#core/crypto/port";
import type { KeyValueStore } from "../ports.ts";
import { freshSecret } from "./entropy.ts";
import { readSealed, writeSealed } from "./two-slots.ts";

const CLAIM_KEY = "k1";
const CODE_BYTES = 5;
/** Without I, L, O and U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const claimField = struct({
  /** Number of the identity that it is for. */
  generation: uint(),
  code: bytes(CODE_BYTES),
  claimed: uint(1),
});

export interface Claim {
  /** XXXX-XXXX. */
  code: string;
  claimed: boolean;
}

/** The code of identity `generation`; a first one is made. Undefined where the entropy source is stuck. */
export function openClaim(
  store: KeyValueStore,
  crypto: Crypto,
  entropy: Entropy,
  generation: number,
): Claim | undefined {
  const stored = readSealed(store, CLAIM_KEY);
  if (Array.isArray(stored)) {
    try {
      const claim = claimField.decode(stored, "claim");
      if (claim.generation === generation)
        return { code: claimText(claim.code), claimed: claim.claimed === 1 };
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error;
    }
  }
  return newClaim(store, crypto, entropy, generation);
}

/** Replaces the code: the node can be claimed again. Undefined where the entropy source is stuck. */
export function newClaim(
  store: KeyValueStore,
  crypto: Crypto,
  entropy: Entropy,
  generation: number,
): Claim | undefined {
  const code = freshSecret(crypto, entropy, "wattle/claim/1")?.slice(0, CODE_BYTES);
  if (!code) return undefined;
  const claim = { generation, code, claimed: 0 };
  writeSealed(store, CLAIM_KEY, claimField.encode(claim, "claim") as number[]);
  return { code: claimText(code), claimed: false };
}

/** The owner is known: the code is worth nothing from now on. */
export function spendClaim(store: KeyValueStore, generation: number): Claim {
  const code = new Uint8Array(CODE_BYTES);
  const claim = { generation, code, claimed: 1 };
  writeSealed(store, CLAIM_KEY, claimField.encode(claim, "claim") as number[]);
  return { code: claimText(code), claimed: true };
}

/** XXXX-XXXX of five bytes. */
export function claimText(code: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (let i = 0; i < code.length; i++) {
    held = (held << 8) | code[i];
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return `${text.slice(0, 4)}-${text.slice(4)}`;
}
