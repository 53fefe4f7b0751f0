// SPDX-License-Identifier: Apache-2.0
/**
 * A change of the consortium's gateways. Each gateway that wants it signs it and has that in its feed; it
 * counts when a quorum has. The signatures prove it to nodes, which do not see feeds (records/certified.ts).
 */
import { recordType } from "../codec/record.ts";
import { bytes, type Infer, optional, struct, text, uint } from "../codec/schema.ts";
import { BEACON_KEY_BYTES_MAX } from "../consensus/limits.ts";
import { BROKER_URL_CHARS_MAX } from "../limits.ts";
import { netName, nodeId, publicKey, RecordKind } from "./common.ts";

const entrant = struct({
  /** Its id follows from this key. */
  publicKey,
  beaconKey: bytes(1, BEACON_KEY_BYTES_MAX),
  /** Where it is: its area, and the URL of its broker; without one it is on a broker that all share. */
  area: optional(netName),
  url: optional(text(BROKER_URL_CHARS_MAX)),
});

const changeFields = {
  net: netName,
  /** From 1 without gaps: which change it is. */
  number: uint(0xffffffff),
  /** Who leaves; absent: nobody. */
  leaves: optional(nodeId),
  /** Who joins; with `leaves` it takes its place, as where a gateway changes its keys. */
  joins: optional(entrant),
};
export type Change = Infer<typeof changeFields>;
export const changeRecord = recordType("change", RecordKind.change, 1, changeFields, 512);
