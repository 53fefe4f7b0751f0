// SPDX-License-Identifier: Apache-2.0
/**
 * A node's wallet addresses, which are its pseudonyms (paper 1, II-A). They come in sets that follow from one
 * key each (core/wallets.ts); the key and the proof say all of them at once.
 */
import { recordType } from "../codec/record.ts";
import { type Infer, uint } from "../codec/schema.ts";
import { WALLETS_MAX } from "../limits.ts";
import { netName, nodeId, publicKey, RecordKind, signature } from "./common.ts";

/** What stands for one set of addresses, in the request to be a member and in `wallets`. */
export const walletFields = {
  /** Number of the set: 0, 1, 2 … */
  set: uint(0xffffffff),
  /** How many addresses it has, at least 1. */
  addresses: uint(WALLETS_MAX),
  /** The set's public key, which the addresses follow from: only the node and its gateway know it. */
  walletKey: publicKey,
  /** The set's signature over network, node, number and addresses: they are the sender's. */
  walletProof: signature,
};

const fields = {
  net: netName,
  node: nodeId,
  ...walletFields,
  /** Number of the message that says it: it can be said under no other. */
  said: uint(),
};

/** Signed by the node: the next set, before the present one is used up. */
export type Wallets = Infer<typeof fields>;
export const walletsRecord = recordType("wallets", RecordKind.wallets, 1, fields, 256);
