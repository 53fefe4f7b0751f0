// SPDX-License-Identifier: Apache-2.0
/**
 * From the operator's folder into the log: what is new there is checked once, outside of the gateway's turn
 * (a seal takes milliseconds), and then entered. Nothing in the folder is believed without a check.
 */
import { toHex } from "#core/codec/bytes";
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import { CERTIFICATES_PER_IMPORT } from "#core/limits";
import type { Authority, Revocations } from "#core/records/authority";
import { openAuthority, openRevocations } from "#core/trust/anchor";
import { DOMAIN, openCertificate, type SealedCertificate } from "#core/trust/certificate";
import type { GatewayLog } from "../ports.ts";
import type { IdentityShelf, SealVerifier } from "./ports.ts";
import type { Registry } from "./registry.ts";

/** A certificate that a node brought along. */
export interface Presented {
  nodeId: string;
  sealed: SealedCertificate;
  encoded: Uint8Array;
}

/** What was found in the folder and is right, to be entered in this order. */
export interface Imported {
  authority?: { value: Authority; bytes: Uint8Array };
  certificates: { sealed: SealedCertificate; encoded: Uint8Array }[];
  lists: { value: Revocations; bytes: Uint8Array }[];
  /** Who brought a certificate along that is none; "" for a file of the folder that is no node's. */
  refused: { nodeId: string; code: Code }[];
  /** There are more in the folder than are checked at once. */
  more: boolean;
}

export interface ImportPorts {
  crypto: Crypto;
  seals: SealVerifier;
  log: GatewayLog;
  net: string;
}

/** Everything in the folder that the registry does not have and that the authority made. */
export async function examine(
  registry: Registry,
  shelf: IdentityShelf,
  presented: readonly Presented[],
  ports: ImportPorts,
): Promise<Imported> {
  const found: Imported = { certificates: [], lists: [], refused: [], more: false };
  const authority = examineAuthority(registry, shelf, ports, found);
  if (!authority) return found;
  await examineCertificates(registry, authority, shelf, presented, ports, found);
  for (const bytes of shelf.lists()) {
    const opened = openRevocations(ports.crypto, bytes, authority.anchorKey, ports.net);
    if (!opened.ok) refused(ports, found, "list", opened.code);
    else if (registry.wantsList(opened.value)) found.lists.push({ value: opened.value, bytes });
  }
  found.lists.sort((a, b) => a.value.number - b.value.number);
  return found;
}

/** The authority that the log has; else that of the folder. */
function examineAuthority(
  { authority: known }: Registry,
  shelf: IdentityShelf,
  ports: ImportPorts,
  found: Imported,
): Authority | undefined {
  const bytes = shelf.authority();
  if (!bytes) return known;
  const opened = openAuthority(ports.crypto, bytes, known?.anchorKey);
  if (!opened.ok || opened.value.net !== ports.net) {
    refused(ports, found, "authority", opened.ok ? "WRONG_NET" : opened.code);
    return known;
  }
  if (!known) found.authority = { value: opened.value, bytes };
  return known ?? opened.value;
}

async function examineCertificates(
  registry: Registry,
  authority: Authority,
  shelf: IdentityShelf,
  presented: readonly Presented[],
  ports: ImportPorts,
  found: Imported,
): Promise<void> {
  const fresh: (Omit<Presented, "nodeId"> & { nodeId?: string })[] = [...presented];
  for (const encoded of shelf.certificates()) {
    found.more = fresh.length >= CERTIFICATES_PER_IMPORT;
    if (found.more) break; // the rest when these are entered
    const sealed = openCertificate(ports.crypto, encoded);
    if (!sealed.ok) refused(ports, found, "certificate", sealed.code);
    else if (sealed.value.net !== ports.net) refused(ports, found, "certificate", "WRONG_NET");
    else if (registry.wants(sealed)) fresh.push({ sealed, encoded });
  }
  const jobs = fresh.map(({ sealed: { record, seal } }) => ({ domain: DOMAIN, record, seal }));
  const right = await ports.seals.verifySeals(authority.sealKey, jobs);
  fresh.forEach(({ nodeId, sealed, encoded }, i) => {
    if (right[i] && anchored(ports.crypto, authority, sealed))
      found.certificates.push({ sealed, encoded });
    else if (nodeId !== undefined) found.refused.push({ nodeId, code: "CERT_INVALID" });
    else refused(ports, found, "certificate", "CERT_INVALID", toHex(sealed.value.id));
  });
  found.certificates.sort((a, b) => a.sealed.value.serial - b.sealed.value.serial);
}

/** Nodes look at a gateway's anchor only: one that is damaged must not take the place of a good one. */
export function anchored(
  crypto: Crypto,
  { anchorKey }: Pick<Authority, "anchorKey">,
  { id, anchor }: SealedCertificate,
): boolean {
  return !anchor || crypto.verify(anchorKey, id, anchor);
}

/** A file that is worth nothing: counted as a message would be. */
function refused(
  { log }: ImportPorts,
  found: Imported,
  what: string,
  code: Code,
  nodeId = "",
): void {
  log("warn", "identity-ignored", { what, code, id: nodeId });
  found.refused.push({ nodeId, code });
}
