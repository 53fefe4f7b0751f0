// SPDX-License-Identifier: Apache-2.0
/**
 * Wallet addresses (paper 1, II-A): pseudonyms under which one account trades. A node makes them in sets from
 * its own key, so that there is nothing more to keep:
 *
 *   seed = HKDF(secret key, "wattle/wallet-seed/1");  s_e = HKDF(seed, "wattle/wallet-set/1" ‖ e as u32)
 *   K_e = public key of s_e;  address i of set e = the first 20 bytes of H("wattle/wallet/2", K_e, i in ASCII)
 *
 * Whoever knows K_e can list the set; whoever does not cannot tell two of its addresses from two strangers'.
 */
import { ascii, concatBytes, toHex } from "./codec/bytes.ts";
import { encodeCbor } from "./codec/cbor.ts";
import type { Infer } from "./codec/schema.ts";
import { domainHash } from "./crypto/domain.ts";
import { hkdfSha256 } from "./crypto/hkdf.ts";
import type { Crypto } from "./crypto/port.ts";
import { WALLET_BYTES } from "./records/common.ts";
import type { walletFields } from "./records/wallets.ts";

/** What a node says of one set. */
export type WalletClaim = Infer<typeof walletFields>;

/** A set with its addresses (hex), as the account pool enters it. */
export interface WalletSet {
  readonly set: number;
  /** Hash of its key: what a state root says of it. */
  readonly commitment: Uint8Array;
  readonly wallets: readonly string[];
}

/** The secret key of set `set` of the node with `secretKey`. */
export function walletSecretOf(crypto: Crypto, secretKey: Uint8Array, set: number): Uint8Array {
  const seed = hkdfSha256(crypto, secretKey, ascii("wattle/wallet-seed/1"));
  const number = Uint8Array.of(set >>> 24, set >>> 16, set >>> 8, set);
  return hkdfSha256(crypto, seed, concatBytes(ascii("wattle/wallet-set/1"), number));
}

/** Address `index` of the set with public key `walletKey`. */
export function walletOf(crypto: Crypto, walletKey: Uint8Array, index: number): Uint8Array {
  return domainHash(crypto, "wattle/wallet/2", walletKey, ascii(String(index))).slice(
    0,
    WALLET_BYTES,
  );
}

/** What may be known of a set by those who must not list it. */
export function walletCommitment(crypto: Crypto, walletKey: Uint8Array): Uint8Array {
  return domainHash(crypto, "wattle/wallet-commitment/1", walletKey);
}

/** What the set's key signs: whose it is, and how many of its addresses count. */
function proofId(
  crypto: Crypto,
  net: string,
  node: Uint8Array,
  { set, addresses }: Pick<WalletClaim, "set" | "addresses">,
): Uint8Array {
  return domainHash(crypto, "wattle/wallet-proof/1", encodeCbor([net, node, set, addresses]));
}

/** The node's claim to set `set`, with its proof. */
export function claimWallets(
  crypto: Crypto,
  secretKey: Uint8Array,
  net: string,
  node: Uint8Array,
  set: number,
  addresses: number,
): WalletClaim {
  const secret = walletSecretOf(crypto, secretKey, set);
  const walletKey = crypto.publicKey(secret);
  const walletProof = crypto.sign(secret, proofId(crypto, net, node, { set, addresses }));
  return { set, addresses, walletKey, walletProof };
}

/** Whether a claim is made with the set's own key, for this node of this network. */
export function walletsProved(
  crypto: Crypto,
  net: string,
  node: Uint8Array,
  claim: WalletClaim,
): boolean {
  if (claim.addresses === 0) return false;
  return crypto.verify(claim.walletKey, proofId(crypto, net, node, claim), claim.walletProof);
}

/** All addresses of a claim. */
export function listWallets(crypto: Crypto, claim: WalletClaim): WalletSet {
  const { set, addresses, walletKey } = claim;
  const wallets: string[] = [];
  for (let i = 0; i < addresses; i++) wallets.push(toHex(walletOf(crypto, walletKey, i)));
  return { set, commitment: walletCommitment(crypto, walletKey), wallets };
}
