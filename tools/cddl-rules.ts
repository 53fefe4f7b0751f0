// SPDX-License-Identifier: Apache-2.0
/** CDDL (RFC 8610) of the fields of records, from the bounds that encoder and decoder go by. */
import { kebab } from "#core/codec/kebab";
import type { RecordType } from "#core/codec/record";
import {
  BytesField,
  type Field,
  hash,
  ListField,
  OptionalField,
  StructField,
  TextField,
  UintField,
  u64,
} from "#core/codec/schema";
import { rejectedStruct } from "#core/records/account";
import { revocation } from "#core/records/authority";
import { effectStruct, headerBytes } from "#core/records/block";
import { excludedOrder, sideSummary } from "#core/records/clearing";
import {
  micro,
  ms,
  nodeId,
  price,
  publicKey,
  qtyWh,
  signature,
  wallet,
} from "#core/records/common";
import { quorumVoice } from "#core/records/consensus";
import { contractLeg } from "#core/records/contract";
import { epochMember } from "#core/records/epoch";
import { proofHeader } from "#core/records/proof";
import { publicEffect } from "#core/records/public-block";
import { contentBytes } from "#core/records/receipt";
import { firmwareVersion } from "#core/records/release";
import { bodyBytes, meterRange, potToken, txLeg } from "#core/records/tx";

/** What stands for a field in other rules, where that is not its bounds. */
const NAMES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [u64, "uint"],
  [hash, "hash"],
  [nodeId, "node-id"],
  [wallet, "wallet"],
  [publicKey, "public-key"],
  [signature, "signature"],
  [ms, "ms"],
  [qtyWh, "qty-wh"],
  [micro, "micro"],
  [price, "micro-per-kwh"],
  [headerBytes, "bstr .cbor signed-header"],
  [proofHeader, "bstr .cbor signed-header"],
  [revocation, "revocation"],
  [publicEffect, "public-effect"],
  [bodyBytes, "bstr .cbor body"],
  [contentBytes, "bstr"],
  [sideSummary, "side-summary"],
  [excludedOrder, "excluded-order"],
  [contractLeg, "contract-leg"],
  [meterRange, "meter-range"],
  [txLeg, "leg"],
  [potToken, "pot-token"],
  [epochMember, "epoch-member"],
  [rejectedStruct, "rejected-tx"],
  [effectStruct, "effect"],
  [firmwareVersion, "firmware-version"],
  [quorumVoice, "quorum-voice"],
]);

/** A field as other rules write it: by its name, or by its bounds. */
function fieldText(field: unknown): string {
  return NAMES.get(field) ?? boundsText(field);
}

function boundsText(field: unknown): string {
  if (field instanceof UintField)
    return field.max === Number.MAX_SAFE_INTEGER ? "safe-uint" : `0..${field.max}`;
  if (field instanceof BytesField) {
    const { min, max } = field;
    return max === min ? `bstr .size ${min}` : `bstr .size (${min}..${max})`;
  }
  if (field instanceof TextField) return `tstr .size (0..${field.max})`;
  if (field instanceof ListField) return `[${field.min}*${field.max} ${fieldText(field.item)}]`;
  if (field instanceof OptionalField)
    return `${fieldText(field.item)} / ${field.absent === 0 ? "0" : `"${field.absent}"`}`;
  if (field instanceof StructField) return `[${members(field).join(", ")}]`;
  throw new Error("a field of no known kind has to be named");
}

function members({ fields }: { fields: Record<string, Field<never> | Field<unknown>> }): string[] {
  return Object.entries(fields).map(([name, field]) => `${kebab(name)}: ${fieldText(field)}`);
}

/** The rule of a record as a whole. */
export function recordRule({ name, kind, version, body }: RecordType<unknown>): string {
  const lines = [`kind: ${kind}`, `version: ${version}`, ...members(body)];
  return `${name} = [\n${lines.map((line) => `  ${line},\n`).join("")}]`;
}

/** Right-hand sides of the named structs in `field`, by name, innermost first. */
export function structRules(field: unknown): Record<string, string> {
  if (field instanceof ListField || field instanceof OptionalField) return structRules(field.item);
  if (!(field instanceof StructField)) return {};
  const rules: Record<string, string> = {};
  for (const inner of Object.values(field.fields)) Object.assign(rules, structRules(inner));
  const name = NAMES.get(field);
  return name === undefined ? rules : { ...rules, [name]: boundsText(field) };
}
