// SPDX-License-Identifier: Apache-2.0
/** What a gateway's log says of who was in: members that slots waited for, and when a revocation came. */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { revocationsRecord } from "#core/records/authority";
import { noticeRecord } from "#core/records/notice";
import { EntryKind, noticeEntry, trustEntry, unpackEntry } from "#gateway/entries";
import type { LogEntry } from "#gateway/ports";

export interface Trace {
  /** Ids of the members that each slot waited for. */
  expected: Map<number, string[]>;
  /** The slot that was open when a list with this serial came; -1: none yet. */
  revokedIn: Map<number, number>;
}

/** Reads the log, which was audited. */
export function traceOf(entries: Iterable<LogEntry>, crypto: Crypto): Trace {
  const trace: Trace = { expected: new Map(), revokedIn: new Map() };
  let open = -1;
  for (const { kind, bytes } of entries) {
    if (kind === EntryKind.notice) {
      const entry = unpackEntry(noticeEntry, bytes);
      const notice = openSigned(noticeRecord, crypto, entry.signed);
      if (!notice.ok) continue;
      open = notice.value.slot;
      trace.expected.set(open, entry.expected.map(toHex));
    } else if (kind === EntryKind.revocations) {
      const list = openSigned(revocationsRecord, crypto, unpackEntry(trustEntry, bytes).encoded);
      if (!list.ok) continue;
      for (const { serial } of list.value.revoked)
        if (!trace.revokedIn.has(serial)) trace.revokedIn.set(serial, open);
    }
  }
  return trace;
}

/** The first slot from which on none waited for `id`; undefined where the last one did. */
export function firstSlotWithout({ expected }: Trace, id: string): number | undefined {
  let first: number | undefined;
  for (const [slot, ids] of expected) {
    if (ids.includes(id)) first = undefined;
    else first ??= slot;
  }
  return first;
}
