// SPDX-License-Identifier: Apache-2.0
/** Changes of the gateways, as gateways and nodes follow them: from one set to the next. */
import { bytesEqual } from "../codec/bytes.ts";
import { domainHash } from "../crypto/domain.ts";
import type { Crypto } from "../crypto/port.ts";
import { nodeIdOf } from "../identity.ts";
import type { Changed } from "../records/certified.ts";
import { type Change, changeRecord } from "../records/registry.ts";
import { isBrokerUrl } from "./broker-url.ts";
import type { SignatureItem } from "./certificate.ts";
import { GATEWAYS_MAX } from "./limits.ts";
import type { Validator, Voters } from "./validators.ts";

/** Why a change is none of the gateways that it is for. */
export type MisfitCode = "nothing" | "unknown" | "used" | "place" | "count";

/** Why this change cannot be made of these gateways; undefined where it can. */
export function misfitOf(
  crypto: Crypto,
  gateways: readonly Validator[],
  { leaves, joins }: Change,
): MisfitCode | undefined {
  if (!leaves && !joins) return "nothing";
  const has = (id: Uint8Array): boolean => gateways.some((one) => bytesEqual(one.id, id));
  if (leaves && !has(leaves)) return "unknown";
  if (joins && has(nodeIdOf(crypto, joins.publicKey))) return "used";
  // An area may be on the broker that all share; a broker's URL without an area leads nowhere.
  if (joins?.url !== undefined && (joins.area === undefined || !isBrokerUrl(joins.url)))
    return "place";
  const size = gateways.length + (joins ? 1 : 0) - (leaves ? 1 : 0);
  return size > 0 && size <= GATEWAYS_MAX ? undefined : "count";
}

/** The gateways after a change that fits. */
export function changedGateways(
  crypto: Crypto,
  gateways: readonly Validator[],
  { leaves, joins }: Change,
): Validator[] {
  const stay = gateways.filter(({ id }) => !leaves || !bytesEqual(id, leaves));
  if (!joins) return stay;
  const { publicKey } = joins;
  return [...stay, { id: nodeIdOf(crypto, publicKey), publicKey }];
}

/**
 * The signatures that prove the change after `version` others, of at least a quorum of different gateways of
 * the set; a string says why it is none.
 */
export function changeItems(
  crypto: Crypto,
  set: Voters,
  { net, version }: { net: string; version: number },
  { change: record, voices }: Changed,
): { change: Change; items: SignatureItem[] } | string {
  const opened = changeRecord.decode(record);
  if (!opened.ok) return opened.detail;
  const change = opened.value;
  if (change.net !== net || change.number !== version + 1) return "not the next change";
  if (misfitOf(crypto, set.list, change)) return "not of these gateways";
  if (voices.length < set.quorum) return `${voices.length} voices, not ${set.quorum}`;
  const message = domainHash(crypto, changeRecord.domain, record);
  const items: SignatureItem[] = [];
  let last = -1;
  for (const { voter, signature } of voices) {
    if (voter <= last || voter >= set.size) return `voter ${voter} after ${last}`;
    last = voter;
    items.push({ publicKey: set.list[voter].publicKey, message, signature });
  }
  return { change, items };
}
