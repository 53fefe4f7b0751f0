// SPDX-License-Identifier: Apache-2.0
/** A node's message as it travels between gateways: in a feed, or straight from one to another. */
import { decodeCbor } from "#core/codec/cbor";
import { FieldFault } from "#core/codec/schema";
import { type FedEntry, FedKind } from "#core/records/segment";
import { type Heard, heardStruct } from "#core/records/turn";
import { evidenceRecord } from "#core/records/vote";
import type { Topics } from "#core/topics";
import type { Inbound } from "../intake/intake.ts";
import { fedBy, type Taken } from "./feeds.ts";

/** The message, or undefined where these bytes are none. */
export function heardOf(bytes: Uint8Array): Heard | undefined {
  const decoded = decodeCbor(bytes);
  if (!("value" in decoded)) return undefined;
  try {
    return heardStruct.decode(decoded.value, "heard");
  } catch (error) {
    if (error instanceof FieldFault) return undefined;
    throw error;
  }
}

/** The messages that a turn takes in, in order; what is in no form that a feed may have is left out. */
export function heardIn(topics: Topics, taken: readonly Taken[], atMs: number): Inbound[] {
  const heard: Inbound[] = [];
  for (const { gateway: via, entry } of fedBy(taken)) {
    const one = inboundOf(topics, entry);
    if (one) heard.push({ ...one, via, atMs });
  }
  return heard;
}

function inboundOf(
  topics: Topics,
  { kind, bytes }: FedEntry,
): Pick<Inbound, "topic" | "payload"> | undefined {
  if (kind === FedKind.evidence) {
    const evidence = evidenceRecord.decode(bytes);
    const nobody = "0".repeat(32);
    return evidence.ok ? { topic: topics.up(nobody, "evidence"), payload: bytes } : undefined;
  }
  if (kind !== FedKind.heard) return undefined;
  const heard = heardOf(bytes);
  return heard && { topic: `${topics.prefix}/node/${heard.topic}`, payload: heard.payload };
}
