// SPDX-License-Identifier: Apache-2.0
/**
 * The authority's word in a consortium: whoever finds something new in its operator's folder puts it into its
 * feed, and every gateway checks it with the turn that takes it in.
 */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import { CERTIFICATES_FED_MAX } from "#core/limits";
import { type FedEntry, FedKind } from "#core/records/segment";
import { openAuthority, openRevocations } from "#core/trust/anchor";
import { DOMAIN, openCertificate, type SealedCertificate } from "#core/trust/certificate";
import type { Area } from "../area.ts";
import { anchored, type Imported } from "../identity/import.ts";
import type { IdentityShelf, SealJob } from "../identity/ports.ts";
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
  const fed = [...fedBy(taken)];
  const of = (kind: number) => fed.filter(({ entry }) => entry.kind === kind);
  const found: Imported = { certificates: [], lists: [], refused: [], more: false };
  if (!identity || !anchorKey) return undefined; // the gateways' terms say so
  const { net } = area.options;
  const { registry } = area;
  for (const { bytes } of of(FedKind.authority).map(({ entry }) => entry)) {
    if (registry.authority) break;
    const opened = openAuthority(crypto, bytes, anchorKey);
    if (opened.ok && opened.value.net === net) found.authority ??= { value: opened.value, bytes };
  }
  const authority = registry.authority ?? found.authority?.value;
  if (!authority) return undefined;
  const fresh = of(FedKind.certificate).flatMap(({ gateway, entry }): FedCertificate[] => {
    const sealed = openCertificate(crypto, entry.bytes);
    return sealed.ok && sealed.value.net === net && registry.wants(sealed)
      ? [{ gateway, sealed, encoded: entry.bytes, name: nameOf(crypto, entry) }]
      : [];
  });
  const right = known
    ? fresh.map((_, i) => known(i))
    : await rightOf(fresh, (jobs) => identity.seals.verifyAll(authority.sealKey, jobs));
  fresh.forEach((one, i) => {
    if (!right[i]) wrong(i);
    else if (anchored(crypto, authority, one.sealed)) found.certificates.push(one);
  });
  for (const { bytes } of of(FedKind.revocations).map(({ entry }) => entry)) {
    const opened = openRevocations(crypto, bytes, authority.anchorKey, net);
    if (opened.ok && registry.wantsList(opened.value))
      found.lists.push({ value: opened.value, bytes });
  }
  found.certificates.sort((a, b) => a.sealed.value.serial - b.sealed.value.serial);
  found.lists.sort((a, b) => a.value.number - b.value.number);
  const { length } = [...found.certificates, ...found.lists];
  return found.authority || length > 0 ? found : undefined;
}

/** A certificate in a turn that the registry wants, and the gateway (hex) that fed it. */
interface FedCertificate {
  gateway: string;
  sealed: SealedCertificate;
  encoded: Uint8Array;
  name: string;
}

/**
 * Of which the seals count. A gateway that keeps the rules feeds only what it has checked, and not more than
 * CERTIFICATES_FED_MAX: what one feeds is right as a whole or counts for nothing, so that whoever lies
 * costs one product in a turn, and none of its own certificates helps it.
 */
async function rightOf(
  fresh: readonly FedCertificate[],
  verifyAll: (jobs: SealJob[]) => Promise<boolean> | boolean,
): Promise<boolean[]> {
  const right = new Set<string>();
  const verdicts = fresh.map(() => false);
  for (const gateway of new Set(fresh.map((one) => one.gateway))) {
    const own = fresh.filter((one) => one.gateway === gateway);
    const names = [...new Set(own.map(({ name }) => name))].filter((name) => !right.has(name));
    const checked = names.slice(0, CERTIFICATES_FED_MAX);
    const jobs = checked.map((name) => {
      const { record, seal } = own.find((one) => one.name === name)!.sealed;
      return { domain: DOMAIN, record, seal };
    });
    if (jobs.length > 0 && (await verifyAll(jobs))) for (const name of checked) right.add(name);
    fresh.forEach((one, i) => {
      if (one.gateway === gateway) verdicts[i] = right.has(one.name);
    });
  }
  return verdicts;
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
