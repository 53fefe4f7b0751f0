// SPDX-License-Identifier: Apache-2.0
/**
 * The key that a gateway encrypts what it says to the other gateways with, wrapped for each of them
 * (docs/security.md: who reads what). It is retained on the broker, which cannot open it.
 */
import { recordType } from "../codec/record.ts";
import { bytes, type Infer, list, struct } from "../codec/schema.ts";
import { GATEWAYS_MAX } from "../consensus/limits.ts";
import { ms, netName, nodeId, RecordKind } from "./common.ts";

/** Bytes of a key's name: random, so that no two ever meet. */
export const KEY_ID_BYTES = 16;

/** The key for one reader: a box of NaCl (X25519, XSalsa20, Poly1305) from the gateway's key to the reader's. */
export const wrappedKey = struct({ reader: nodeId, nonce: bytes(24), box: bytes(48) });

const readersFields = {
  net: netName,
  gateway: nodeId,
  keyId: bytes(KEY_ID_BYTES),
  atMs: ms,
  keys: list(wrappedKey, GATEWAYS_MAX),
};
export type Readers = Infer<typeof readersFields>;
export const readersRecord = recordType("readers", RecordKind.readers, 1, readersFields);
