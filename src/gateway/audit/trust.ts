// SPDX-License-Identifier: Apache-2.0
/** What the authority said, checked again: its signatures, the seals, and what follows for members. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { decodePublicKey } from "#core/crypto/boneh-boyen/keys";
import { createVerifier } from "#core/crypto/boneh-boyen/verify";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { openAuthority, openRevocations } from "#core/trust/anchor";
import { DOMAIN, openCertificate } from "#core/trust/certificate";
import { trustEntry } from "../entries.ts";
import { openEntry } from "./open.ts";
import type { Context } from "./state.ts";

export function auditAuthority({ state, findings, ports }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, trustEntry, bytes);
  if (!entry) return;
  const opened = openAuthority(ports.crypto, entry.encoded);
  if (!opened.ok) return findings.fault("AUTHORITY", {}, `${opened.code}, ${opened.detail}`);
  const { value } = opened;
  if (state.registry.authority) return findings.fault("AUTHORITY", {}, "a second one");
  if (value.net !== state.net) findings.fault("WRONG_ORIGIN", {}, `network ${value.net}`);
  const key = decodePublicKey(value.sealKey);
  if (!key) return findings.fault("AUTHORITY", {}, "its Boneh-Boyen key is none");
  // Tables would cost more than the few certificates of an area.
  state.seals = createVerifier(key, { windowBits: 1 });
  state.registry.setAuthority(value, entry.encoded);
}

export function auditCertificate({ state, findings, ports }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, trustEntry, bytes);
  if (!entry) return;
  const sealed = openCertificate(ports.crypto, entry.encoded);
  if (!sealed.ok) return findings.fault("CERTIFICATE", {}, `${sealed.code}, ${sealed.detail}`);
  const { value, record, seal } = sealed;
  const { authority } = state.registry;
  const which = { node: state.nameOf(toHex(value.id)) };
  if (!authority || !state.seals) return findings.fault("CERTIFICATE", which, "no authority yet");
  const by = nodeIdOf(ports.crypto, authority.anchorKey);
  if (!bytesEqual(value.authority, by) || value.net !== state.net)
    findings.fault("CERTIFICATE", which, "of another authority or network");
  else if (!state.seals.verify(DOMAIN, record, seal))
    findings.fault("CERTIFICATE", which, `the seal of ${value.serial} is not the authority's`);
  if (!state.registry.wants(sealed)) findings.fault("CERTIFICATE", which, "not newer");
  else state.registry.add(sealed, entry.encoded);
}

export function auditRevocations({ state, findings, ports }: Context, bytes: Uint8Array): void {
  const entry = openEntry(findings, trustEntry, bytes);
  if (!entry) return;
  const { authority } = state.registry;
  if (!authority) return findings.fault("REVOCATIONS", {}, "no authority yet");
  const opened = openRevocations(ports.crypto, entry.encoded, authority.anchorKey, state.net);
  if (!opened.ok) return findings.fault("REVOCATIONS", {}, `${opened.code}, ${opened.detail}`);
  if (!state.registry.addList(opened.value, entry.encoded))
    findings.fault("REVOCATIONS", {}, `number ${opened.value.number} is not newer`);
}

/** Why a member may not take part, by the latest time of the log: the gateway's was not earlier. */
export function barredCode({ state }: Context, node: string): Code | undefined {
  if (state.smartchain.suspended.has(node)) return "AUTHOR_SUSPENDED";
  return state.registry.authority && state.registry.faultOf(node, state.nowMs);
}

/** Whether a certificate may have been over when the gateway said so: it saw a later time than the log. */
export function mayHaveEnded({ state }: Context, node: string): boolean {
  const held = state.registry.certificateOf(node);
  return held !== undefined && held.certificate.untilMs < state.nowMs + state.world.slotMs;
}
