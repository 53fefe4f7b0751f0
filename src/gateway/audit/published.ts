// SPDX-License-Identifier: Apache-2.0
/** Public blocks: each follows from its block, a salt, and the public block before. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import { publicBlock } from "#core/ledger/public";
import { publicBlockRecord } from "#core/records/public-block";
import { publishedEntry } from "../entries.ts";
import { openEntry } from "./open.ts";
import { type Context, latin } from "./state.ts";

export function auditPublished(context: Context, bytes: Uint8Array): void {
  const { state, findings, ports } = context;
  const entry = openEntry(findings, publishedEntry, bytes);
  if (!entry) return;
  const sealed = state.unpublished;
  if (!sealed) return findings.fault("PUBLIC_BLOCK", {}, "without a block before it");
  state.unpublished = undefined;
  const area = latin(state.world.area);
  const made = publicBlock(ports.crypto, area, sealed, entry.salt, state.publicId);
  const record = publicBlockRecord.encode(made);
  const id = domainHash(ports.crypto, publicBlockRecord.domain, record);
  if (!bytesEqual(id, entry.id))
    findings.fault("PUBLIC_BLOCK", { height: sealed.header.height }, toHex(entry.id));
  state.publicId = entry.id;
}

/** Before the next block, and at the end of the log: the last block was published. */
export function checkPublished({ state, findings }: Context): void {
  if (state.unpublished)
    findings.fault("PUBLIC_BLOCK", { height: state.unpublished.header.height }, "it is missing");
  state.unpublished = undefined;
}
