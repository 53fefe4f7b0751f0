// SPDX-License-Identifier: Apache-2.0
/**
 * The authority's word in a consortium: whoever finds something new in its operator's folder puts it into its
 * feed, and every gateway checks it with the turn that takes it in.
 */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { type FedEntry, FedKind } from "#core/records/segment";
import { openAuthority, openRevocations } from "#core/trust/anchor";
import { DOMAIN, openCertificate } from "#core/trust/certificate";
import type { Area } from "../area.ts";
import { anchored, type Imported } from "../identity/import.ts";
import type { IdentityShelf } from "../identity/ports.ts";
import { fedBy } from "./feeds.ts";
import type { DecidedTurn } from "./replica.ts";

/** What was found, as entries of a feed. */
export function fedTrust({ authority, certificates, lists }: Imported): FedEntry[] {
  const entries: FedEntry[] = [];
  if (authority) entries.push({ kind: FedKind.authority, bytes: authority.bytes });
  for (const { encoded } of certificates)
    entries.push({ kind: FedKind.certificate, bytes: encoded });
  for (const { bytes } of lists) entries.push({ kind: FedKind.revocations, bytes });
  return entries;
}

/**
 * What these segments hold of it that is right and new. `anchorKey`: of the authority that the gateways' terms
 * name. `known`: which seals were right, where that was found before.
 */
export async function trustIn(
  area: Area,
  taken: DecidedTurn["taken"],
  anchorKey: Uint8Array | undefined,
  known: ((seal: number) => boolean) | undefined,
  wrong: (seal: number) => void,
): Promise<Imported | undefined> {
  const { identity, crypto } = area.ports;
  const fed = [...fedBy(taken)].map(({ entry }) => entry);
  const of = (kind: number) => fed.filter((one) => one.kind === kind).map(({ bytes }) => bytes);
  const found: Imported = { certificates: [], lists: [], refused: [], more: false };
  if (!identity || !anchorKey) return undefined; // the gateways' terms say so
  const { net } = area.options;
  const { registry } = area;
  for (const bytes of of(FedKind.authority)) {
    const opened = openAuthority(crypto, bytes, anchorKey);
    if (opened.ok && opened.value.net === net && !registry.authority)
      found.authority ??= { value: opened.value, bytes };
  }
  const authority = registry.authority ?? found.authority?.value;
  if (!authority) return undefined;
  const fresh = of(FedKind.certificate).flatMap((encoded) => {
    const sealed = openCertificate(crypto, encoded);
    return sealed.ok && sealed.value.net === net && registry.wants(sealed)
      ? [{ sealed, encoded }]
      : [];
  });
  const jobs = fresh.map(({ sealed: { record, seal } }) => ({ domain: DOMAIN, record, seal }));
  const right = known
    ? jobs.map((_, i) => known(i))
    : await identity.seals.verifySeals(authority.sealKey, jobs);
  fresh.forEach((one, i) => {
    if (!right[i]) wrong(i);
    else if (anchored(crypto, authority, one.sealed)) found.certificates.push(one);
  });
  for (const bytes of of(FedKind.revocations)) {
    const opened = openRevocations(crypto, bytes, authority.anchorKey, net);
    if (opened.ok && registry.wantsList(opened.value))
      found.lists.push({ value: opened.value, bytes });
  }
  found.certificates.sort((a, b) => a.sealed.value.serial - b.sealed.value.serial);
  found.lists.sort((a, b) => a.value.number - b.value.number);
  const { length } = [...found.certificates, ...found.lists];
  return found.authority || length > 0 ? found : undefined;
}

/** The authority that this gateway's operator trusts: all gateways have to have the same. */
export function anchorOf(crypto: Crypto, shelf: IdentityShelf | undefined): Uint8Array | undefined {
  const bytes = shelf?.authority();
  const opened = bytes && openAuthority(crypto, bytes);
  return opened?.ok ? opened.value.anchorKey : undefined;
}

/** Names of entries that are in the feed already. */
export function nameOf(crypto: Crypto, { kind, bytes }: FedEntry): string {
  return `${kind}/${toHex(crypto.sha256(bytes))}`;
}
