// SPDX-License-Identifier: Apache-2.0
/** What the gateway knows of a member beyond the ledger: what it said last, and whether it is there. */
import { toHex } from "#core/codec/bytes";
import type { Code } from "#core/errors/codes";
import type { MeterEvent } from "#core/records/event";
import type { Member } from "#core/records/member";
import type { Order } from "#core/records/order";
import type { Reading } from "#core/records/reading";
import { FIRST_DIGEST } from "#core/records/receipt";
import type { Tx } from "#core/records/tx";

/** An order as admitted at intake. */
export interface TakenOrder {
  order: Order;
  id: Uint8Array;
}

export interface Session {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly member: Member;
  /** The gateway that heard it last (hex): the word of others on whether it is there counts for nothing. */
  home: string;
  /** The newest set of its addresses that was taken, in a block or not. */
  walletSet: number;
  /** Highest contiguous number that is durable, the digest over all up to it, refusals not yet receipted. */
  saidSeq: number;
  digest: Uint8Array;
  refusals: { seq: number; code: number }[];
  receiptDue: boolean;
  /** The epoch in which it was last heard. */
  spokeEpoch: number;
  /** The last two readings taken. */
  reading: Reading | undefined;
  previous: Reading | undefined;
  /** It came from another gateway, and has not read its meter here since. */
  arrived: boolean;
  /** The latest events of its meter, and how many there were. */
  events: MeterEvent[];
  eventCount: number;
  /** Head of the node's chain: the last transaction that took its place in it, accepted or void. */
  txSeq: number;
  txid: Uint8Array | undefined;
  txMs: number;
  txTick: number;
  /** Its latest transactions by number: a second body for one of them is equivocation. */
  txids: Map<number, string>;
  /** Orders of open slots. */
  orders: Map<number, TakenOrder>;
  /** RESERVEs in the DAG or the ledger by slot: id (hex). */
  reserves: Map<number, string>;
  /** Whether its connection is up, by birth and last will; and the boot that said so. */
  online: boolean;
  boot: number;
  /** What it says is wrong with this gateway. */
  alarm: string | undefined;
  /** The firmware that it says it runs, and what it says of an update. */
  firmware: string | undefined;
  update: string | undefined;
}

export function newSession(id: string, idBytes: Uint8Array, member: Member): Session {
  return {
    id,
    idBytes,
    member,
    home: "",
    walletSet: member.set,
    saidSeq: 0,
    digest: FIRST_DIGEST,
    refusals: [],
    receiptDue: false,
    spokeEpoch: 0,
    reading: undefined,
    previous: undefined,
    arrived: false,
    events: [],
    eventCount: 0,
    txSeq: 0,
    txid: undefined,
    txMs: 0,
    txTick: -1,
    txids: new Map(),
    orders: new Map(),
    reserves: new Map(),
    online: false,
    boot: 0,
    alarm: undefined,
    firmware: undefined,
    update: undefined,
  };
}

/** Numbers of a node's chain for which the gateway remembers the body: a day of quarter-hours. */
const TXIDS_KEPT = 256;

/** The node's chain has a new head. */
export function linkTx(session: Session, tx: Tx, tMs: number): void {
  const { seq, tick } = tx.body;
  session.txSeq = seq;
  session.txid = tx.txid;
  session.txMs = tMs;
  session.txTick = tick;
  session.txids.set(seq, toHex(tx.txid));
  session.txids.delete(seq - TXIDS_KEPT);
}

/** Counts by name: what the monitor, the metrics and the report show. */
export class Counters {
  readings = 0;
  orders = 0;
  events = 0;
  transactions = 0;
  /** PROMOTEs among these: transactions that were left behind. */
  promotes = 0;
  /** Tokens in these, and how many of them a gateway signed for want of witnesses. */
  tokens = 0;
  byGateways = 0;
  signaturesVerified = 0;
  duplicates = 0;
  /** Transactions that a block rejected (V8 to V10). */
  rejectedTxs = 0;
  /** Not accepted, by code, duplicates and gaps included. */
  readonly byCode = new Map<Code, number>();
  /** Events of meters, by name (intake/event.ts). */
  readonly eventsByKind = new Map<string, number>();

  count(code: Code): void {
    this.byCode.set(code, (this.byCode.get(code) ?? 0) + 1);
  }

  countEvent(kind: string): void {
    this.events++;
    this.eventsByKind.set(kind, (this.eventsByKind.get(kind) ?? 0) + 1);
  }
}
