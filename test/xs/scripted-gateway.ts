// SPDX-License-Identifier: Apache-2.0
/**
 * The gateway and the one neighbour of a node under test, by a script: each message is a real signed record,
 * made from what the node said. The same node behaviour always gets the same messages.
 */
import { compareBytes, toHex } from "#core/codec/bytes";
import { openSigned, type RecordType, signRecord } from "#core/codec/record";
import { merkleProofs } from "#core/crypto/merkle";
import type { Crypto } from "#core/crypto/port";
import { nodeIdOf } from "#core/identity";
import { clear } from "#core/market/auction";
import { ecashMicro } from "#core/market/cost";
import type { MarketOrder, MarketRule } from "#core/market/types";
import { accountRecord } from "#core/records/account";
import { clearingRecord, summaryToWire } from "#core/records/clearing";
import { type ContractLeg, contractRecord } from "#core/records/contract";
import { configRecord } from "#core/records/member";
import { capsRecord, type Notice, noticeRecord } from "#core/records/notice";
import { orderRecord, Side } from "#core/records/order";
import { FIRST_DIGEST, nextDigest, receiptRecord, upRecord } from "#core/records/receipt";
import { signTx, TxType } from "#core/records/tx";
import { Topics } from "#core/topics";
import { walletOf } from "#core/wallets";

export const NET = "test";
export const START_MS = 1_767_225_600_000;
export const SLOT_MS = 900_000;
const RETAIL = 300_000;
const FEED_IN = 80_000;
const LOCKED_MICRO = 10_000_000;

export interface Message {
  topic: string;
  payload: Uint8Array;
}

const filled = (first: number) => new Uint8Array(32).fill(first);

export class ScriptedGateway {
  readonly publicKey: Uint8Array;
  private readonly crypto: Crypto;
  private readonly topics = new Topics("a");
  private readonly secretKey: Uint8Array;
  private readonly id: Uint8Array;
  private readonly node: Uint8Array;
  private readonly nodeKey: Uint8Array;
  private readonly neighbourSecret = filled(0x6e);
  private readonly neighbourKey: Uint8Array;
  private readonly neighbour: Uint8Array;
  private seq = 0;
  private digest = FIRST_DIGEST;
  private readonly orders = new Map<number, { id: Uint8Array; order: MarketOrder; side: number }>();
  private bidReserve: Uint8Array | undefined;

  /** `name` tells one gateway from another. */
  constructor(crypto: Crypto, nodeSecret: Uint8Array, name = 0x67) {
    this.crypto = crypto;
    this.secretKey = filled(name);
    this.publicKey = crypto.publicKey(this.secretKey);
    this.id = nodeIdOf(crypto, this.publicKey);
    this.nodeKey = crypto.publicKey(nodeSecret);
    this.node = nodeIdOf(crypto, this.nodeKey);
    this.neighbourKey = crypto.publicKey(this.neighbourSecret);
    this.neighbour = nodeIdOf(crypto, this.neighbourKey);
  }

  /** Hears what the node publishes; repeats are heard once. */
  hear({ topic, payload }: Message): void {
    if (!topic.includes("/up/") || topic.endsWith("/enrol")) return;
    const up = upRecord.decode(payload);
    if (!up.ok) return;
    const arrives = topic.endsWith("/arrival") && up.value.seq > this.seq;
    if (!arrives && up.value.seq !== this.seq + 1) return;
    if (arrives) this.digest = FIRST_DIGEST;
    this.seq = up.value.seq;
    this.digest = nextDigest(this.crypto, this.digest, up.value.content);
    if (!topic.endsWith("/order")) return;
    const opened = openSigned(orderRecord, this.crypto, up.value.content);
    if (!opened.ok) throw new Error(opened.detail);
    const { slot, side, qtyWh, priceMicro, reserve } = opened.value;
    const owner = toHex(this.node);
    const name = side === Side.bid ? "bid" : "offer";
    const order: MarketOrder = {
      key: opened.id,
      owner,
      side: name,
      qtyWh,
      priceMicroPerKwh: priceMicro,
    };
    this.orders.set(slot, { id: opened.id, order, side });
    this.bidReserve = reserve;
  }

  get heard(): number {
    return this.seq;
  }

  config(): Message {
    const { seq: upTo, digest } = this;
    const known = { upTo, digest, txSeq: 0, txid: filled(0), txMs: 0 };
    const registers = { boundary: 0, importMwh: 0n, exportMwh: 0n };
    const config = { ...this.addressed(), code: 0, ...known, ...registers };
    return this.down("config", configRecord, { ...config, atMs: START_MS - 60_000 });
  }

  account(): Message {
    const balance = {
      freeMicro: 50_000_000,
      lockedMicro: 0,
      rejected: [],
      walletSet: 0,
      salts: [filled(2)],
      atMs: START_MS - 60_000,
    };
    const block = { height: 1, header: filled(1), slot: 0 };
    return this.down("account", accountRecord, { ...this.addressed(), ...block, ...balance });
  }

  receipt(): Message {
    const { seq: upTo, digest } = this;
    const refused = upTo > 3 ? [{ seq: 2, code: 1 }] : [];
    const receipt = { ...this.addressed(), upTo, digest, refused, atMs: START_MS };
    return this.down("receipt", receiptRecord, receipt);
  }

  caps(slot: number): Message {
    const tMs = START_MS + slot * SLOT_MS - 120_000;
    const txs = [1, 2, 3].map((i) => ({ id: filled(16 * slot + i), tMs: tMs + i, block: 0 }));
    const blocks = [4, 5].map((i) => ({ id: filled(i), tMs: START_MS - 600_000 + i, block: 1 }));
    const caps = { net: NET, gateway: this.id, atMs: tMs, caps: [...txs, ...blocks] };
    return this.broadcast(this.topics.caps, capsRecord, caps);
  }

  notice(slot: number): Message {
    const startMs = START_MS + slot * SLOT_MS;
    const notice: Notice = {
      net: NET,
      gateway: this.id,
      epoch: 0,
      epochStartMs: START_MS - 3_600_000,
      tickMs: 10_000,
      ageMaxMs: 3_600_000,
      slot,
      startMs,
      endMs: startMs + SLOT_MS,
      nowMs: startMs - 60_000,
      clock: 0,
      ratePermille: 0,
      realMs: 0,
      timing: 0,
      mode: 0,
      pricing: 0,
      kPermille: 500,
      feedInMicro: FEED_IN,
      retailMicro: RETAIL,
      retailNextMicro: RETAIL,
    };
    return this.broadcast(this.topics.epoch, noticeRecord, notice);
  }

  /** Clearing, contract and, to a buyer, the neighbour's SOLD; `tamper` lowers the price of the contract. */
  market(slot: number, tamper = false): Message[] {
    const own = this.orders.get(slot);
    if (!own) throw new Error(`the node sent no order for slot ${slot}`);
    const selling = own.order.side === "bid";
    const other: MarketOrder = {
      key: filled(0x77),
      owner: toHex(this.neighbour),
      side: selling ? "offer" : "bid",
      qtyWh: 400,
      priceMicroPerKwh: selling ? FEED_IN : RETAIL,
    };
    const orders = [own.order, other].sort((a, b) => compareBytes(a.key, b.key));
    const rule: MarketRule = {
      pricing: "uniform",
      kPermille: 500,
      floorMicroPerKwh: FEED_IN,
      ceilingMicroPerKwh: RETAIL,
    };
    const { summary, fills } = clear(orders, rule);
    const keys = orders.map(({ key }) => key);
    const { root, proofs } = merkleProofs(this.crypto, keys);
    const atMs = START_MS + (slot + 1) * SLOT_MS;
    const clearing = signRecord(clearingRecord, this.crypto, this.secretKey, {
      net: NET,
      gateway: this.id,
      slot,
      stage: 0,
      pricing: 0,
      kPermille: 500,
      floorMicro: FEED_IN,
      ceilingMicro: RETAIL,
      orderRoot: root,
      orders: 2,
      ...summaryToWire(summary),
      pairRoot: filled(9),
      pairs: 1,
      excluded: [],
      atMs,
    });
    const index = orders.indexOf(own.order);
    const fillWh = fills.find((fill) => fill.index === index)!.fillWh;
    const leg = this.leg(fillWh, summary.priceMicroPerKwh! - (tamper ? 1 : 0), selling);
    const place = { orderIndex: index, proof: proofs[index], part: 0, parts: 1 };
    const contract = { ...this.addressed(), slot, stage: 0, clearing: clearing.id, side: own.side };
    const messages = [
      { topic: this.topics.clearing, payload: clearing.bytes },
      this.down("contract", contractRecord, { ...contract, fillWh, ...place, legs: [leg], atMs }),
    ];
    if (selling) messages.push(this.sold(slot, leg, atMs));
    return messages;
  }

  private leg(qtyWh: number, priceMicro: number, selling: boolean): ContractLeg {
    return {
      counterparty: this.neighbour,
      counterpartyKey: this.neighbourKey,
      reserve: selling ? this.bidReserve! : filled(0x55),
      lockedMicro: LOCKED_MICRO,
      qtyWh,
      priceMicro,
      ecashMicro: ecashMicro(qtyWh, priceMicro),
    };
  }

  private sold(slot: number, leg: ContractLeg, atMs: number): Message {
    const { reserve: ref, qtyWh, ecashMicro: micro } = leg;
    const wallet = walletOf(this.crypto, this.neighbourKey, 1);
    const meter = { fromMwh: 5_000n, toMwh: 5_000n + BigInt(qtyWh) * 1000n };
    const body = {
      net: NET,
      epoch: 0,
      type: TxType.sold,
      from: this.neighbour,
      seq: 1,
      prev: undefined,
      legs: [{ to: this.node, wallet, ref, qtyWh, ecashMicro: micro, meter }],
      expiryMs: atMs + SLOT_MS,
      cancels: undefined,
      parents: [filled(4), filled(5)],
      tsMs: atMs + 5,
      tick: 7,
      slot,
    };
    const tx = signTx(this.crypto, this.neighbourSecret, body, 1);
    return { topic: this.topics.down(toHex(this.node), "tx"), payload: tx.bytes };
  }

  private addressed() {
    return { net: NET, gateway: this.id, node: this.node };
  }

  private down<T>(
    kind: "config" | "account" | "receipt" | "contract",
    type: RecordType<T>,
    value: T,
  ): Message {
    return this.broadcast(this.topics.down(toHex(this.node), kind), type, value);
  }

  private broadcast<T>(topic: string, type: RecordType<T>, value: T): Message {
    return { topic, payload: signRecord(type, this.crypto, this.secretKey, value).bytes };
  }
}
