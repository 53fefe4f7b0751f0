// SPDX-License-Identifier: Apache-2.0
/** Entering what the authority said: into the log and the registry, and on to whom it concerns. */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { assert } from "#core/errors/assert";
import { authorityRecord, revocationsRecord, Subject } from "#core/records/authority";
import { openCertificate } from "#core/trust/certificate";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { EntryKind, packEntry, trustEntry, unpackEntry } from "../entries.ts";
import { refuseMember } from "../outbound.ts";
import type { Imported } from "./import.ts";

/** Logs and takes what was found; what somebody else entered meanwhile is left out. */
export function enterImported(area: Area, batch: Batch, found: Imported): void {
  const { registry, ports } = area;
  if (found.authority && !registry.authority) {
    const { value, bytes } = found.authority;
    log(batch, EntryKind.authority, bytes);
    registry.setAuthority(value, bytes);
    ports.log("info", "authority", { name: value.name, key: toHex(value.anchorKey) });
  }
  for (const { sealed, encoded } of found.certificates) {
    if (!registry.wants(sealed)) continue;
    log(batch, EntryKind.certificate, encoded);
    registry.add(sealed, encoded);
    const { id, serial, subject } = sealed.value;
    const node = toHex(id);
    ports.log("info", "certificate", { node, serial });
    if (subject === Subject.node) batch.send(area.topics.down(node, "certificate"), encoded);
  }
  for (const { value, bytes } of found.lists) {
    if (!registry.addList(value, bytes)) continue;
    log(batch, EntryKind.revocations, bytes);
    const { subject, number, revoked } = value;
    ports.log("info", "revocations", { subject, number, revoked: revoked.length });
  }
  announceTrust(area, batch);
  tellBarred(area, batch);
}

/**
 * Tells members that were revoked, or whose time is over, once: what they say from then on ends at the
 * broker, so that they would hear of it only with their next connection.
 */
export function tellBarred(area: Area, batch: Batch): void {
  for (const id of area.sessions.keys()) {
    const code = area.barred(id);
    if (!code) area.barredTold.delete(id);
    else if (!area.barredTold.has(id)) {
      area.barredTold.add(id);
      area.counters.count(code);
      refuseMember(area, batch, id, code);
    }
  }
}

/** Publishes what is retained about the authority, where it has changed since it was last said. */
export function announceTrust(area: Area, batch: Batch): void {
  const { registry, topics, id } = area;
  const now = {
    authority: registry.authorityBytes,
    gateway: registry.certificateOf(id)?.encoded,
    "revoked-nodes": registry.listBytes(Subject.node),
    "revoked-gateways": registry.listBytes(Subject.gateway),
  } as const;
  for (const [what, bytes] of Object.entries(now) as [keyof typeof now, Uint8Array | undefined][]) {
    if (!bytes || area.trustSaid.get(what) === bytes) continue;
    area.trustSaid.set(what, bytes);
    batch.send(topics.trust(what), bytes, true);
  }
}

function log(batch: Batch, kind: number, encoded: Uint8Array): void {
  batch.log(kind, packEntry(trustEntry, { encoded }));
}

/** An entry of the log again; what it holds was checked when it was written. */
export function replayTrust(area: Area, kind: number, packed: Uint8Array): void {
  const { registry, ports } = area;
  const { encoded } = unpackEntry(trustEntry, packed);
  if (kind === EntryKind.authority) {
    const opened = openSigned(authorityRecord, ports.crypto, encoded);
    assert(opened.ok, "LOG_AUTHORITY");
    registry.setAuthority(opened.value, encoded);
  } else if (kind === EntryKind.certificate) {
    const sealed = openCertificate(ports.crypto, encoded);
    assert(sealed.ok, "LOG_CERTIFICATE");
    registry.add(sealed, encoded);
  } else {
    const opened = openSigned(revocationsRecord, ports.crypto, encoded);
    assert(opened.ok, "LOG_REVOCATIONS");
    registry.addList(opened.value, encoded);
  }
}
