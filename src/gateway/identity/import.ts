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
  /** Who brought a certificate along that is none. */
  refused: { nodeId: string; code: Code }[];
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
  const found: Imported = { certificates: [], lists: [], refused: [] };
  const authority = registry.authority ?? examineAuthority(shelf, ports, found);
  if (!authority) return found;
  await examineCertificates(registry, authority, shelf, presented, ports, found);
  for (const bytes of shelf.lists()) {
    const opened = openRevocations(ports.crypto, bytes, authority.anchorKey, ports.net);
    if (!opened.ok) refused(ports, "list", opened.code);
    else if (registry.wantsList(opened.value)) found.lists.push({ value: opened.value, bytes });
  }
  found.lists.sort((a, b) => a.value.number - b.value.number);
  return found;
}

function examineAuthority(
  shelf: IdentityShelf,
  ports: ImportPorts,
  found: Imported,
): Authority | undefined {
  const bytes = shelf.authority();
  if (!bytes) return undefined;
  const opened = openAuthority(ports.crypto, bytes);
  if (opened.ok && opened.value.net === ports.net) {
    found.authority = { value: opened.value, bytes };
    return opened.value;
  }
  refused(ports, "authority", opened.ok ? "WRONG_NET" : opened.code);
  return undefined;
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
    if (fresh.length >= CERTIFICATES_PER_IMPORT) break; // the rest with the next look
    const sealed = openCertificate(ports.crypto, encoded);
    if (!sealed.ok) refused(ports, "certificate", sealed.code);
    else if (sealed.value.net !== ports.net) refused(ports, "certificate", "WRONG_NET");
    else if (registry.wants(sealed)) fresh.push({ sealed, encoded });
  }
  const jobs = fresh.map(({ sealed: { record, seal } }) => ({ domain: DOMAIN, record, seal }));
  const right = await ports.seals.verifySeals(authority.sealKey, jobs);
  fresh.forEach(({ nodeId, sealed, encoded }, i) => {
    if (right[i]) found.certificates.push({ sealed, encoded });
    else if (nodeId !== undefined) found.refused.push({ nodeId, code: "CERT_INVALID" });
    else refused(ports, "certificate", "CERT_INVALID", toHex(sealed.value.id));
  });
  found.certificates.sort((a, b) => a.sealed.value.serial - b.sealed.value.serial);
}

function refused({ log }: ImportPorts, what: string, code: Code, id = ""): void {
  log("warn", "identity-ignored", { what, code, id });
}
