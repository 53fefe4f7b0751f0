// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway's log as people ask about it: who said what under which number, the transactions with their
 * tokens, votes and blocks, and the contracts of each slot. Nothing is checked here: `wattle verify` does that.
 */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { ACCEPT, type Code, codeOfWire, refuse } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { stampOf } from "#core/pot/token";
import { type Block, blockRecord, headerRecord } from "#core/records/block";
import { clearingRecord } from "#core/records/clearing";
import { type Epoch, epochRecord } from "#core/records/epoch";
import { memberRecord } from "#core/records/member";
import { demandRecord, noticeRecord } from "#core/records/notice";
import type { Tx } from "#core/records/tx";
import { voteRecord } from "#core/records/vote";
import { saidKindAt } from "#core/topics";
import * as log from "#gateway/entries";
import { openContent, type Said } from "#gateway/intake/decode";
import { takesNumber } from "#gateway/intake/tx";
import type { LogEntry } from "#gateway/ports";
import { VoteBook } from "./votes.ts";

/** A numbered message. */
export interface SeenSaid {
  /** Of the log's entry. */
  index: number;
  node: string;
  seq: number;
  said: Said;
  /** Why it was refused. */
  code?: Code;
  /** Protocol time of the log so far, and not before the node's last reading or transaction. */
  logMs: number;
}

/** A transaction, refused ones among them. */
export interface SeenTx {
  id: string;
  said: SeenSaid;
  tx: Tx;
  /** T: by its tokens and parents (ledger 4.2). */
  tMs: number;
  /** Members that count for it, and how many it takes; absent where votes are not counted. */
  votes?: { count: number; threshold: number };
  acceptedMs?: number;
  block?: SeenBlock;
  /** Why its block rejected it. */
  rejected?: Code;
}

export interface SeenBlock {
  id: string;
  height: number;
  atMs: number;
  block: Block;
}

export interface SeenVote {
  voter: string;
  atMs: number;
  txids: string[];
}

export interface SeenClearing {
  slot: number;
  /** One of ContractStage. */
  stage: number;
  atMs: number;
  priceMicro: number | undefined;
  pairs: log.PairEntry[];
}

export class Ledger {
  readonly names = new Map<string, string>();
  readonly said: SeenSaid[] = [];
  readonly txs = new Map<string, SeenTx>();
  readonly blocks = new Map<string, SeenBlock>();
  readonly votes: SeenVote[] = [];
  readonly clearings: SeenClearing[] = [];
  readonly epochs = new Map<number, Epoch>();
  world: log.WorldEntry | undefined;
  private readonly crypto: Crypto;
  private readonly book = new VoteBook(this.txs);
  private logMs = 0;
  /** Of each node's last reading or transaction. */
  private readonly spokeMs = new Map<string, number>();

  constructor(crypto: Crypto, entries: Iterable<LogEntry>) {
    this.crypto = crypto;
    for (const entry of entries) this.enter(entry);
    this.book.refresh();
  }

  /** A node's name, or the beginning of its id. */
  nameOf(node: string | Uint8Array): string {
    const id = typeof node === "string" ? node : toHex(node);
    return this.names.get(id) ?? id.slice(0, 8);
  }

  /** The id of the only node with this name or beginning of its id. */
  nodeOf(text: string): string | undefined {
    const found = [...this.names].filter(([id, name]) => name === text || id.startsWith(text));
    const exact = found.filter(([, name]) => name === text);
    return (exact[0] ?? (found.length === 1 ? found[0] : undefined))?.[0];
  }

  /** The transaction before this one in its author's chain, as the gateway knew it then. */
  before({ said, tx }: SeenTx): SeenTx | undefined {
    let last: SeenTx | undefined;
    for (const seen of this.txs.values()) {
      if (seen.said.node !== said.node || seen.said.index >= said.index || seen.tx === tx) continue;
      const { code } = seen.said;
      if (takesNumber(code ? refuse(code) : ACCEPT)) last = seen;
    }
    return last;
  }

  /** Effective time of a possible parent. */
  parentMs(id: string): number | undefined {
    return this.txs.get(id)?.tMs ?? this.blocks.get(id)?.atMs;
  }

  private enter({ index, kind, bytes }: LogEntry): void {
    const { EntryKind, unpackEntry } = log;
    if (kind === EntryKind.world) this.world = unpackEntry(log.worldEntry, bytes);
    else if (kind === EntryKind.member) this.member(unpackEntry(log.memberEntry, bytes).signed);
    else if (kind === EntryKind.said) this.speak(index, bytes);
    else if (kind === EntryKind.notice) this.notice(unpackEntry(log.noticeEntry, bytes).signed);
    else if (kind === EntryKind.demand) this.demand(unpackEntry(log.demandEntry, bytes).signed);
    else if (kind === EntryKind.clearing) this.clear(bytes);
    else if (kind === EntryKind.block) this.seal(unpackEntry(log.blockEntry, bytes).block);
    else if (kind === EntryKind.epoch) this.epoch(unpackEntry(log.epochEntry, bytes).signed);
    else if (kind === EntryKind.vote) this.vote(unpackEntry(log.voteEntry, bytes).signed);
  }

  private member(signed: Uint8Array): void {
    const opened = openSigned(memberRecord, this.crypto, signed);
    if (!opened.ok) return;
    this.names.set(toHex(nodeIdOf(this.crypto, opened.value.publicKey)), opened.value.name);
  }

  private speak(index: number, bytes: Uint8Array): void {
    const entry = log.unpackEntry(log.saidEntry, bytes);
    const kind = saidKindAt(entry.kind);
    const said = kind && openContent(this.crypto, kind, entry.content);
    if (!said || "ok" in said) return;
    const code = entry.code === 0 ? undefined : (codeOfWire(entry.code) ?? "MALFORMED");
    const node = toHex(entry.node);
    const spokeMs = said.kind === "reading" ? said.signed.value.atMs : stampIn(said);
    if (spokeMs !== undefined && !code) this.spokeMs.set(node, spokeMs);
    const logMs = Math.max(this.logMs, this.spokeMs.get(node) ?? 0);
    const seen = { index, node, seq: entry.seq, said, code, logMs };
    this.said.push(seen);
    if (said.kind === "tx") this.addTx(seen, said.tx);
  }

  private addTx(said: SeenSaid, tx: Tx): void {
    const id = toHex(tx.txid);
    if (this.txs.has(id)) return;
    let tMs = stampOf(tx);
    for (const parent of tx.body.parents)
      tMs = Math.max(tMs, (this.parentMs(toHex(parent)) ?? 0) + 1);
    const seen: SeenTx = { id, said, tx, tMs };
    this.txs.set(id, seen);
    if (!said.code) this.book.add(seen, this.logMs);
  }

  private notice(signed: Uint8Array): void {
    const opened = openSigned(noticeRecord, this.crypto, signed);
    if (opened.ok) this.atLeast(opened.value.nowMs);
  }

  private demand(signed: Uint8Array): void {
    const opened = openSigned(demandRecord, this.crypto, signed);
    if (opened.ok) this.atLeast(opened.value.atMs);
  }

  private clear(bytes: Uint8Array): void {
    const { signed, pairs } = log.unpackEntry(log.clearingEntry, bytes);
    const opened = openSigned(clearingRecord, this.crypto, signed);
    if (!opened.ok) return;
    const { slot, stage, atMs, priceMicro } = opened.value;
    this.atLeast(atMs);
    this.clearings.push({ slot, stage, atMs, priceMicro: priceMicro?.micro, pairs });
  }

  private seal(encoded: Uint8Array): void {
    const decoded = blockRecord.decode(encoded);
    if (!decoded.ok) return;
    const header = openSigned(headerRecord, this.crypto, decoded.value.header);
    if (!header.ok) return;
    const { height, atMs } = header.value;
    const block = { id: toHex(header.id), height, atMs, block: decoded.value };
    this.atLeast(atMs);
    this.blocks.set(block.id, block);
    const codes = new Map(
      decoded.value.rejected.map(({ txid, code }) => [toHex(txid), codeOfWire(code)]),
    );
    for (const txid of decoded.value.txs) {
      const seen = this.txs.get(toHex(txid));
      if (!seen) continue;
      seen.block = block;
      if (codes.has(seen.id)) seen.rejected = codes.get(seen.id) ?? "MALFORMED";
    }
    this.book.seal(block, 2 * (this.world?.ageMaxMs ?? 0));
  }

  private epoch(signed: Uint8Array): void {
    const opened = openSigned(epochRecord, this.crypto, signed);
    if (!opened.ok) return;
    this.epochs.set(opened.value.epoch, opened.value);
    this.book.open(opened.value);
  }

  private vote(signed: Uint8Array): void {
    const opened = openSigned(voteRecord, this.crypto, signed);
    if (!opened.ok) return;
    const { voter, atMs, txids } = opened.value;
    this.votes.push({ voter: toHex(voter), atMs, txids: txids.map(toHex) });
    this.book.vote(opened.value, signed);
  }

  private atLeast(ms: number): void {
    this.logMs = Math.max(this.logMs, ms);
  }
}

function stampIn(said: Said): number | undefined {
  return said.kind === "tx" ? said.tx.body.tsMs : undefined;
}
