// SPDX-License-Identifier: Apache-2.0
/**
 * Readings and orders that break one rule of the intake, and messages that break the envelope's.
 */
import { encodeCbor } from "#core/codec/cbor";
import type { Code } from "#core/errors/codes";
import { type Order, Side } from "#core/records/order";
import type { Reading } from "#core/records/reading";
import { upRecord } from "#core/records/receipt";
import { FEED_IN_MICRO, RETAIL_MICRO } from "../helpers/local-area.ts";
import { AREA, Attacker, CAPACITY_WH, NET, type Shot } from "./attacker.ts";
import { rightEvent, signEvent } from "./event-mutations.ts";
import type { Range } from "./range.ts";
import {
  eventParts,
  foreignAuthor,
  memberParts,
  orderParts,
  type Parts,
  readingParts,
  txParts,
  WIRE_MUTATIONS,
  walletsParts,
} from "./wire-mutations.ts";

/** What members sell and buy in a slot: a little less than their meters show. */
const OFFER_WH = 1990;
const BID_WH = 890;

/** A reading that is right but for one field. */
export function badReading(range: Range, who: Attacker): Shot {
  const { rng, world } = range;
  const right = who.nextReading((slot) => world.startMs(slot));
  const faults: [Code, Partial<Reading>][] = [
    ["READING_FUTURE", { boundary: world.openSlot! + 2 + rng.below(1000) }],
    ["READING_TIME", { atMs: right.atMs + 1 + rng.below(1000) }],
    ["READING_TIME", { atMs: right.atMs - 1 - rng.below(1000) }],
  ];
  if (who.boundary >= 0) {
    const limitMwh = (BigInt(CAPACITY_WH) * 1000n * 1100n) / 1000n;
    const jumpMwh = limitMwh + 1n + BigInt(rng.below(1000));
    const backMwh = 1n + BigInt(rng.below(1000));
    faults.push(
      ["READING_STALE", { boundary: who.boundary - rng.below(who.boundary + 1) }],
      ["REGISTER_DECREASED", { importMwh: who.importMwh - backMwh }],
      ["REGISTER_DECREASED", { exportMwh: who.exportMwh - backMwh }],
      ["REGISTER_JUMP", { importMwh: who.importMwh + jumpMwh }],
      ["REGISTER_JUMP", { exportMwh: who.exportMwh + jumpMwh }],
    );
  }
  // With the slot's boundary read there is none left to come: then only these two are one field
  // away.
  const due = right.boundary <= world.openSlot! + 1;
  const fitting = due ? faults : faults.filter(([code]) => code === "READING_STALE");
  const [code, change] = rng.pick(fitting);
  return who.say("reading", who.signReading({ ...right, ...change }), code);
}

export function rightReading(range: Range, who: Attacker): Shot {
  const reading = who.nextReading((slot) => range.world.startMs(slot));
  who.tookReading(reading);
  return who.say("reading", who.signReading(reading));
}

/** The order that `who` has for `slot` by its meter and its RESERVE. */
export function rightOrder(range: Range, who: Attacker, slot: number, sells: boolean): Order {
  const { rng } = range;
  const base = { net: NET, node: who.idBytes, slot, said: who.seq + 1 };
  const reserve = who.reserves.get(slot)?.tx.txid;
  if (sells) {
    const priceMicro = FEED_IN_MICRO + 1000 * (1 + rng.below(50));
    return { ...base, side: Side.offer, qtyWh: OFFER_WH, priceMicro, reserve: undefined };
  }
  if (who.seller || !reserve)
    return { ...base, side: Side.idle, qtyWh: 0, priceMicro: 0, reserve: undefined };
  const priceMicro = RETAIL_MICRO - 1000 * (1 + rng.below(50));
  return { ...base, side: Side.bid, qtyWh: BID_WH, priceMicro, reserve };
}

/** A set of addresses that is right but for one field. */
export function badWallets(range: Range, who: Attacker): Shot {
  const { rng } = range;
  const other = rng.pick(range.attackers.filter((attacker) => attacker !== who));
  const { walletKey, walletProof } = other.claim;
  const faults: [Code, Parameters<Attacker["signWallets"]>[1]][] = [
    ["WALLETS_SET", { set: 0 }],
    ["WALLETS_UNPROVED", { addresses: 0 }],
    ["WALLETS_UNPROVED", { addresses: 4 + rng.below(99) }],
    ["WALLETS_UNPROVED", { set: 2 + rng.below(99) }],
    ["WALLETS_UNPROVED", { walletKey }],
    ["WALLETS_UNPROVED", { walletProof }],
    ["WALLETS_UNPROVED", { walletKey, walletProof }],
  ];
  const [code, change] = rng.pick(faults);
  return who.say("wallets", who.signWallets(1, change), code);
}

/** An order for the open slot that is right but for one field; `read`: its readings are there. */
export function badOrder(range: Range, who: Attacker, read: boolean): Shot {
  const { rng, world } = range;
  const slot = world.openSlot!;
  const order = rightOrder(range, who, slot, true);
  const late: [Code, Order][] =
    slot > 0 ? [["ORDER_LATE", { ...order, slot: slot - 1 - rng.below(slot) }]] : [];
  const hash = rng.bytes(32);
  const faults: [Code, Order][] = [
    ...late,
    ["ORDER_FUTURE", { ...order, slot: slot + 1 + rng.below(1000) }],
    ["ORDER_PRICE", { ...order, side: Side.idle }],
    ["ORDER_PRICE", { ...order, qtyWh: 0 }],
    ["ORDER_PRICE", { ...order, side: Side.bid }],
    ["ORDER_PRICE", { ...order, reserve: hash }],
    ["ORDER_NO_RESERVE", { ...order, side: Side.bid, reserve: hash }],
    read
      ? ["ORDER_OVER_METER", { ...order, qtyWh: OFFER_WH + 11 + rng.below(1_000_000) }]
      : ["ORDER_NO_READING", order],
  ];
  const [code, bad] = rng.pick(faults);
  return who.say("order", who.signOrder(bad), code);
}

/** An order for a slot whose market is cleared, or for which there is one. */
export function lateOrder(range: Range, who: Attacker, code: Code): Shot {
  const order = rightOrder(range, who, range.world.openSlot!, who.seller);
  return who.say("order", who.signOrder(order), code);
}

/** A right reading, order or event that was signed for another message: it takes no number. */
export function otherNumberShot(range: Range, who: Attacker): Shot {
  const { rng, world } = range;
  const said = rng.below(2) === 0 ? rng.below(who.seq + 1) : who.seq + 2 + rng.below(1000);
  const order = rightOrder(range, who, world.openSlot!, true);
  const reading = who.nextReading((slot) => world.startMs(slot));
  const shot = rng.pick([
    who.numbered("order", who.signOrder({ ...order, said })),
    who.numbered("reading", who.signReading({ ...reading, said })),
    who.numbered("event", signEvent(who, { ...rightEvent(range, who), said })),
    who.numbered("wallets", who.signWallets(1, { said })),
  ]);
  return { ...shot, code: "SAID_NUMBER", form: "mutated" };
}

/** A valid message of any kind with one item of its record changed. */
export function wireShot(range: Range, who: Attacker): Shot {
  const { rng } = range;
  const [given, mutate] = rng.pick(WIRE_MUTATIONS);
  const kinds = who.history.length > 0 ? KINDS : KINDS.slice(1);
  const kind = rng.pick(kinds);
  const parts = partsOf(range, who, kind);
  const code = given ?? parts.oversized;
  if (kind === "enrol")
    return { topic: who.topic(kind), payload: mutate(parts, who, rng), code, form: "mutated" };
  const other = rng.pick(range.attackers.filter((attacker) => attacker !== who)).idBytes;
  if (rng.below(11) > 0)
    return { ...who.numbered(kind, mutate(parts, who, rng)), code, form: "mutated" };
  const foreign = who.numbered(kind, foreignAuthor(parts, who, other));
  return { ...foreign, code: "NODE_MISMATCH", form: "mutated" };
}

const KINDS = ["tx", "reading", "order", "event", "wallets", "enrol"] as const;

function partsOf(range: Range, who: Attacker, kind: (typeof KINDS)[number]): Parts {
  const { world } = range;
  if (kind === "tx") return txParts(who.history[who.history.length - 1]);
  if (kind === "enrol") return memberParts(who.enrol());
  if (kind === "wallets") return walletsParts(who.signWallets(1));
  if (kind === "event") return eventParts(signEvent(who, rightEvent(range, who)));
  if (kind === "order")
    return orderParts(who.signOrder(rightOrder(range, who, world.openSlot!, true)));
  return readingParts(who.signReading(who.nextReading((slot) => world.startMs(slot))));
}

/** A numbered message whose envelope, and not its content, is wrong. */
export function envelopeShot(range: Range, who: Attacker): Shot {
  const { rng, world } = range;
  const content = who.signReading(who.nextReading((slot) => world.startMs(slot)));
  const { topic, payload } = who.numbered("reading", content);
  const next = who.seq + 1;
  const shots: (() => [Code, Uint8Array])[] = [
    () => ["GAP", upRecord.encode({ seq: next + 1 + rng.below(1000), content })],
    () => ["DUPLICATE", upRecord.encode({ seq: rng.below(next), content })],
    () => ["FIELD_RANGE", encodeCbor([16, 1, next, new Uint8Array(0)])],
    () => ["FIELD_RANGE", encodeCbor([16, 1, "1", content])],
    () => ["WRONG_KIND", encodeCbor([17 + rng.below(9), 1, next, content])],
    () => ["UNSUPPORTED_VERSION", encodeCbor([16, 2 + rng.below(9), next, content])],
    () => ["MALFORMED", payload.slice(0, payload.length - 1 - rng.below(50))],
    () => ["MALFORMED", Uint8Array.of(...payload, 0)],
  ];
  const [code, bytes] = rng.pick(shots)();
  return { topic, payload: bytes, code, form: "mutated" };
}

/** Messages from nobody, to nowhere, of nothing. */
export function garbageShot(range: Range, who: Attacker): Shot {
  const { rng } = range;
  const prefix = `wattle/1/${AREA}/node`;
  const reading = who.topic("reading");
  const state = `${prefix}/${who.id}/state`;
  const text = (value: string) => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
  const nobody = new Attacker(`nobody ${rng.below(1e9)}`, false);
  const shots: (() => [Code | undefined, string, Uint8Array])[] = [
    () => ["UNKNOWN_TOPIC", `${prefix}/${who.id}/up/gossip`, rng.bytes(20)],
    () => ["UNKNOWN_TOPIC", `${prefix}/${who.id.toUpperCase()}x/up/reading`, rng.bytes(20)],
    () => ["UNKNOWN_TOPIC", `wattle/1/b/node/${who.id}/up/reading`, rng.bytes(20)],
    () => ["OVERSIZED", reading, new Uint8Array(16 * 1024 + 1 + rng.below(1000))],
    () => ["OVERSIZED", state, new Uint8Array(257 + rng.below(1000)).fill(32)],
    () => [
      "UNKNOWN_NODE",
      nobody.topic("reading"),
      nobody.numbered("reading", Uint8Array.of(0)).payload,
    ],
    () => ["MALFORMED", reading, Uint8Array.of(0x84, 0xff, ...rng.bytes(2))],
    () => ["MALFORMED", reading, new Uint8Array(0)],
    () => ["MALFORMED", state, text("{offline")],
    () => ["FIELD_RANGE", state, text('{"state":"asleep","boot":1}')],
    () => ["FIELD_RANGE", state, text('{"state":"online","boot":1.5}')],
    () => [undefined, state, text(`{"state":"online","boot":${rng.below(9)},"alarm":"x"}`)],
    () => [undefined, state, text('{"state":"offline","boot":10}')],
  ];
  const [code, topic, payload] = rng.pick(shots)();
  return { topic, payload, code, form: code ? "garbage" : "valid" };
}
