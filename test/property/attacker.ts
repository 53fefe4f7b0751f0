// SPDX-License-Identifier: Apache-2.0
/**
 * A member that the test plays: it knows what it said and what the gateway must have made of it, so
 * that the answer to every message is foreseen.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { memberRecord } from "#core/records/member";
import { type Order, orderRecord } from "#core/records/order";
import { type Reading, readingRecord } from "#core/records/reading";
import { upRecord } from "#core/records/receipt";
import { type Body, signTx, type Tx, TxType } from "#core/records/tx";
import { type Wallets, walletsRecord } from "#core/records/wallets";
import type { UpKind } from "#core/topics";
import { tickOf } from "#core/units/time";
import { claimWallets, type WalletClaim, walletOf } from "#core/wallets";
import { crypto, named } from "../helpers/local-area.ts";

export const NET = "test";
export const AREA = "a";
export const TICK_MS = 1000;
export const CAPACITY_WH = 5000;

/** What one message is and what must come of it. */
export interface Shot {
  topic: string;
  payload: Uint8Array;
  /** The answer at intake, and the one in the block where it passes the intake. */
  code: Code | undefined;
  blockCode?: Code;
  /** `mutated`: valid but for one field, and signed by the right key. */
  form: "valid" | "mutated" | "garbage";
}

/** A possible parent. */
export interface Vertex {
  id: Uint8Array;
  tMs: number;
}

/** Codes after which a transaction keeps its place in its author's chain. */
const VOID = new Set<Code>([
  "TX_EPOCH",
  "TX_PARENTS",
  "TX_PARENT_UNKNOWN",
  "TX_PARENT_OLD",
  "TX_TIME",
  "TX_TICK",
]);

export class Attacker {
  readonly name: string;
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly idBytes: Uint8Array;
  readonly id: string;
  readonly claim: WalletClaim;
  readonly wallets: Uint8Array[];
  readonly seller: boolean;
  /** Numbers taken, and those among them that were refused. */
  seq = 0;
  readonly refused: { seq: number; code: Code }[] = [];
  /** Head of its chain of transactions as the gateway knows it. */
  txSeq = 0;
  prev: Uint8Array | undefined;
  lastMs = 0;
  lastTick = -1;
  readonly history: Tx[] = [];
  readonly reserves = new Map<number, { tx: Tx; tMs: number }>();
  /** Last reading taken. */
  boundary = -1;
  importMwh: bigint;
  exportMwh: bigint;

  constructor(name: string, seller: boolean) {
    this.name = name;
    this.seller = seller;
    this.secretKey = named(`attacker ${name}`);
    this.publicKey = crypto.publicKey(this.secretKey);
    this.idBytes = nodeIdOf(crypto, this.publicKey);
    this.id = toHex(this.idBytes);
    this.claim = claimWallets(crypto, this.secretKey, NET, this.idBytes, 0, 2);
    this.wallets = [0, 1].map((index) => walletOf(crypto, this.claim.walletKey, index));
    this.importMwh = 1_000_000n;
    this.exportMwh = 1_000_000n;
  }

  topic(kind: UpKind): string {
    return `wattle/1/${AREA}/node/${this.id}/up/${kind}`;
  }

  enrol(changes: Partial<Parameters<typeof memberRecord.encode>[0]> = {}): Uint8Array {
    const { publicKey, name, claim } = this;
    const member = { net: NET, publicKey, name, capacityWh: CAPACITY_WH, ...claim, ...changes };
    return signRecord(memberRecord, crypto, this.secretKey, member).bytes;
  }

  /** A numbered message that takes the next number: accepted, or refused with `code`. */
  say(kind: UpKind, content: Uint8Array, code?: Code, form: Shot["form"] = "mutated"): Shot {
    this.seq++;
    if (code) this.refused.push({ seq: this.seq, code });
    return { ...this.numbered(kind, content, this.seq), code, form: code ? form : "valid" };
  }

  /** The same without taking the number: the gateway refuses it before it looks at it. */
  numbered(kind: UpKind, content: Uint8Array, seq = this.seq + 1) {
    return { topic: this.topic(kind), payload: upRecord.encode({ seq, content }) };
  }

  /** The next reading as it should be: `boundary` one later, with a slot's energy. */
  nextReading(startMs: (slot: number) => number): Reading {
    const boundary = this.boundary + 1;
    const first = boundary === 0 ? 0n : 1n;
    return {
      net: NET,
      node: this.idBytes,
      boundary,
      atMs: startMs(boundary),
      quality: 2,
      importMwh: this.importMwh + (this.seller ? 7n : 900_000n) * first,
      exportMwh: this.exportMwh + (this.seller ? 2_000_000n : 3n) * first,
      boot: 1,
      said: this.seq + 1,
    };
  }

  tookReading(reading: Reading): void {
    this.boundary = reading.boundary;
    this.importMwh = reading.importMwh;
    this.exportMwh = reading.exportMwh;
  }

  signReading(reading: Reading): Uint8Array {
    return signRecord(readingRecord, crypto, this.secretKey, reading).bytes;
  }

  /** A claim to set `set` of three addresses. */
  signWallets(set: number, changes: Partial<Wallets> = {}): Uint8Array {
    const claim = claimWallets(crypto, this.secretKey, NET, this.idBytes, set, 3);
    const wallets = { net: NET, node: this.idBytes, ...claim, said: this.seq + 1, ...changes };
    return signRecord(walletsRecord, crypto, this.secretKey, wallets).bytes;
  }

  signOrder(order: Order): Uint8Array {
    return signRecord(orderRecord, crypto, this.secretKey, order).bytes;
  }

  /** Earliest stamp that the next transaction may bear. */
  earliestMs(epochStartMs: number): number {
    const spacedMs = this.prev ? this.lastMs + TICK_MS : epochStartMs;
    return Math.max(spacedMs, epochStartMs + (this.lastTick + 1) * TICK_MS);
  }

  /** The next body of its chain; `parents` are earlier than `tsMs`. */
  body(epochStartMs: number, tsMs: number, parents: Uint8Array[], rest: Partial<Body>): Body {
    return {
      net: NET,
      epoch: 0,
      type: TxType.reserve,
      from: this.idBytes,
      seq: this.txSeq + 1,
      prev: this.prev,
      legs: [],
      expiryMs: tsMs + 7_200_000,
      cancels: undefined,
      parents,
      tsMs,
      tick: tickOf(tsMs, epochStartMs, TICK_MS),
      slot: 0,
      ...rest,
    };
  }

  /** A transaction said before, signed for the next number. */
  signAgain(tx: Tx): Uint8Array {
    return signTx(crypto, this.secretKey, tx.body, this.seq + 1).bytes;
  }

  /** Says `body` as a transaction; `tMs` is its effective time where it passes. */
  sayTx(body: Body, tMs: number, code?: Code, blockCode?: Code): { shot: Shot; tx: Tx } {
    const tx = signTx(crypto, this.secretKey, body, this.seq + 1);
    if (!code || VOID.has(code)) {
      this.txSeq = body.seq;
      this.prev = tx.txid;
      this.lastMs = code ? body.tsMs : tMs;
      this.lastTick = body.tick;
      this.history.push(tx);
      if (this.history.length > 200) this.history.shift();
    }
    const shot = { ...this.say("tx", tx.bytes, code), blockCode };
    if (blockCode) shot.form = "mutated";
    return { shot, tx };
  }
}
