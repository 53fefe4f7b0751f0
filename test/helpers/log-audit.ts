// SPDX-License-Identifier: Apache-2.0
/**
 * Looks at a gateway's log from outside: what must hold of it after any run, whatever went wrong in
 * it.
 */
import assert from "node:assert/strict";
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { blockRecord, EffectKind } from "#core/records/block";
import { noticeRecord } from "#core/records/notice";
import { readingRecord } from "#core/records/reading";
import { FIRST_DIGEST, nextDigest } from "#core/records/receipt";
import { openTx } from "#core/records/tx";
import { UP_KINDS } from "#core/topics";
import {
  blockEntry,
  clearingEntry,
  EntryKind,
  noticeEntry,
  saidEntry,
  unpackEntry,
} from "#gateway/entries";
import type { LogStore } from "#gateway/ports";
import { crypto } from "./local-area.ts";

/** What one member said, as the log has it. */
export interface SaidLog {
  /** Digests by number; index 0 is that of a node that has said nothing. */
  digests: Uint8Array[];
  contents: Uint8Array[];
  codes: number[];
  registers: { boundary: number; importMwh: bigint; exportMwh: bigint }[];
}

export interface LogAudit {
  said: Map<string, SaidLog>;
  /** By slot: energy of its final clearing's contracts, and what was paid of it. */
  clearedWh: Map<number, number>;
  payments: { slot: number; micro: number; qtyWh: number; to: string; from: string }[];
  /** Node ids (hex) that each slot waited for. */
  expected: Map<number, string[]>;
  paidWh: number;
  paidMicro: number;
}

/** Reads the whole log and asserts the order and uniqueness that it must have. */
export function auditLog(store: LogStore): LogAudit {
  const audit: LogAudit = {
    said: new Map(),
    clearedWh: new Map(),
    payments: [],
    expected: new Map(),
    paidWh: 0,
    paidMicro: 0,
  };
  const paid = new Set<string>();
  for (const { kind, bytes } of store.read()) {
    if (kind === EntryKind.said) auditSaid(audit, bytes);
    else if (kind === EntryKind.notice) auditNotice(audit, bytes);
    else if (kind === EntryKind.block) auditBlock(audit, paid, bytes);
    else if (kind === EntryKind.clearing) {
      const { slot, pairs } = unpackEntry(clearingEntry, bytes);
      audit.clearedWh.set(
        slot,
        pairs.reduce((sum, pair) => sum + pair.qtyWh, 0),
      );
    }
  }
  return audit;
}

function auditSaid(audit: LogAudit, bytes: Uint8Array): void {
  const { node, seq, kind, code, content } = unpackEntry(saidEntry, bytes);
  const id = toHex(node);
  let log = audit.said.get(id);
  if (!log) {
    log = { digests: [FIRST_DIGEST], contents: [], codes: [], registers: [] };
    audit.said.set(id, log);
  }
  assert.equal(seq, log.digests.length, "numbers in the log have no gaps and no repeats");
  log.digests.push(nextDigest(crypto, log.digests[seq - 1], content));
  log.contents.push(content);
  log.codes.push(code);
  if (UP_KINDS[kind] !== "reading" || code !== 0) return;
  const opened = openSigned(readingRecord, crypto, content);
  assert.ok(opened.ok);
  const { boundary, importMwh, exportMwh } = opened.value;
  const last = log.registers.at(-1);
  assert.ok(!last || boundary > last.boundary, "boundaries rise");
  assert.ok(!last || importMwh >= last.importMwh, "the import register never goes back");
  assert.ok(!last || exportMwh >= last.exportMwh, "the export register never goes back");
  log.registers.push({ boundary, importMwh, exportMwh });
}

function auditNotice(audit: LogAudit, bytes: Uint8Array): void {
  const { signed, expected } = unpackEntry(noticeEntry, bytes);
  const opened = openSigned(noticeRecord, crypto, signed);
  assert.ok(opened.ok);
  assert.ok(!audit.expected.has(opened.value.slot), "one notice per slot");
  audit.expected.set(opened.value.slot, expected.map(toHex));
}

function auditBlock(audit: LogAudit, paid: Set<string>, bytes: Uint8Array): void {
  const decoded = blockRecord.decode(unpackEntry(blockEntry, bytes).block);
  assert.ok(decoded.ok);
  for (const effect of decoded.value.effects) {
    if (effect.kind !== EffectKind.pay && effect.kind !== EffectKind.arbitrate) continue;
    const key = `${toHex(effect.sold!)}|${effect.leg}`;
    assert.ok(!paid.has(key), `leg ${key} is paid once`);
    paid.add(key);
    const { micro, qtyWh } = effect;
    const slot = decoded.value.closed[0] ?? -1;
    audit.payments.push({ slot, micro, qtyWh, to: toHex(effect.to!), from: toHex(effect.from!) });
    audit.paidWh += qtyWh;
    audit.paidMicro += micro;
  }
}

/**
 * All that one node ever published: a number stands for one content, a transaction number for one
 * body.
 */
export class SaidWatch {
  readonly contents = new Map<number, string>();
  private readonly bodies = new Map<number, string>();

  /** Takes the payload of an `up/<kind>` message other than `enrol`. */
  take(kind: string, seq: number, content: Uint8Array): void {
    const hex = toHex(content);
    assert.equal(this.contents.get(seq) ?? hex, hex, `number ${seq} was used for two contents`);
    this.contents.set(seq, hex);
    if (kind !== "tx") return;
    const opened = openTx(crypto, content);
    assert.ok(opened.ok);
    const id = toHex(opened.tx.txid);
    const { seq: txSeq } = opened.tx.body;
    assert.equal(this.bodies.get(txSeq) ?? id, id, `transaction ${txSeq} has two bodies`);
    this.bodies.set(txSeq, id);
  }
}
