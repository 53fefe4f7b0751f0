// SPDX-License-Identifier: Apache-2.0
/**
 * Opening entries and the signed records inside them without ever throwing on what a log may hold.
 */
import { bytesEqual } from "#core/codec/bytes";
import { decodeCbor } from "#core/codec/cbor";
import { openSigned, type RecordType, type Signed } from "#core/codec/record";
import { type Field, FieldFault } from "#core/codec/schema";
import { EntryKind } from "../entries.ts";
import type { Findings } from "./findings.ts";
import type { Context } from "./state.ts";
import type { Which } from "./types.ts";

const KIND_NAMES = new Map<number, string>();
for (const [name, kind] of Object.entries(EntryKind)) KIND_NAMES.set(kind, name);

/** What people call an entry of this kind. */
export function kindName(kind: number): string {
  return KIND_NAMES.get(kind) ?? `kind ${kind}`;
}

/** The value of an entry, or undefined after a fault. */
export function openEntry<T>(
  findings: Findings,
  field: Field<T>,
  bytes: Uint8Array,
): T | undefined {
  const decoded = decodeCbor(bytes);
  if ("fault" in decoded) {
    findings.fault("ENTRY_MALFORMED", {}, decoded.fault);
    return undefined;
  }
  try {
    return field.decode(decoded.value, "entry");
  } catch (error) {
    if (!(error instanceof FieldFault)) throw error;
    findings.fault("ENTRY_MALFORMED", {}, error.message);
    return undefined;
  }
}

/** A record that only this log's gateway may have signed, or undefined after a fault. */
export function openOwn<T extends { net: string; gateway: Uint8Array }>(
  context: Context,
  type: RecordType<T>,
  bytes: Uint8Array,
): Signed<T> | undefined {
  const { findings, ports, state } = context;
  const opened = openSigned(type, ports.crypto, bytes);
  if (!opened.ok) {
    findings.fault("RECORD_MALFORMED", {}, `${type.name}: ${opened.code}, ${opened.detail}`);
    return undefined;
  }
  signedByGateway(context, opened, type.name, {});
  if (opened.value.net !== state.net || !bytesEqual(opened.value.gateway, state.gatewayId))
    findings.fault("WRONG_ORIGIN", {}, `${type.name} of network ${opened.value.net}`);
  return opened;
}

/** Asks whether the gateway signed a record. */
export function signedByGateway(
  { findings, state }: Context,
  { id, signature }: { id: Uint8Array; signature: Uint8Array },
  what: string,
  which: Which,
): void {
  const job = { publicKey: state.world.gatewayKey, message: id, signature };
  findings.signature(job, "SIGNATURE_GATEWAY", which, what);
}
