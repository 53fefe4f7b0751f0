// SPDX-License-Identifier: Apache-2.0
/**
 * One field of a valid record changed, and signed again by the right key: on the level of CBOR
 * items, where values can stand that no encoder of ours would write.
 */
import { concatBytes } from "#core/codec/bytes";
import { type CborValue, decodeCbor, encodeCbor } from "#core/codec/cbor";
import { domainHash } from "#core/crypto/domain";
import type { Code } from "#core/errors/codes";
import { bodyRecord, type Tx } from "#core/records/tx";
import { crypto } from "../helpers/local-area.ts";
import type { Attacker } from "./attacker.ts";
import type { Rng } from "./rng.ts";

/** A record taken apart: its items, and how the whole is signed and put together again. */
export interface Parts {
  items: CborValue[];
  /** Index of the item that names the author. */
  author: number;
  /** Values out of range, by index of the item. */
  bad: readonly [number, CborValue][];
  /** Largest encoding, and what a larger one is refused for. */
  bytesMax: number;
  oversized: Code;
  wrap(record: Uint8Array, secretKey: Uint8Array): Uint8Array;
}

function itemsOf(bytes: Uint8Array): CborValue[] {
  const decoded = decodeCbor(bytes);
  if (!("value" in decoded)) throw new Error(decoded.fault);
  return [...(decoded.value as CborValue[])];
}

function signed(domain: string) {
  return (record: Uint8Array, secretKey: Uint8Array): Uint8Array =>
    encodeCbor([record, crypto.sign(secretKey, domainHash(crypto, domain, record))]);
}

const U32 = 0x1_0000_0000;

export function readingParts(content: Uint8Array): Parts {
  return {
    items: itemsOf(itemsOf(content)[0] as Uint8Array),
    author: 3,
    bad: [
      [2, 5],
      [3, new Uint8Array(15)],
      [4, U32],
      [5, "now"],
      [6, 3],
      [7, "1"],
      [8, new Uint8Array(8)],
      [9, U32],
      [10, "1"],
    ],
    bytesMax: 256,
    oversized: "OVERSIZED",
    wrap: signed("wattle/reading/1"),
  };
}

export function orderParts(content: Uint8Array): Parts {
  return {
    items: itemsOf(itemsOf(content)[0] as Uint8Array),
    author: 3,
    bad: [
      [2, "x".repeat(41)],
      [3, "node"],
      [4, U32],
      [5, 3],
      [6, 1_000_000_001],
      [7, 1_000_000_001],
      [8, new Uint8Array(31)],
      [8, 1],
      [9, "1"],
    ],
    bytesMax: 256,
    oversized: "OVERSIZED",
    wrap: signed("wattle/order/1"),
  };
}

export function eventParts(content: Uint8Array): Parts {
  return {
    items: itemsOf(itemsOf(content)[0] as Uint8Array),
    author: 3,
    bad: [
      [3, new Uint8Array(17)],
      [4, U32],
      [5, 2n ** 60n],
      [6, 3],
      [7, 64],
      [8, 3],
      [9, "1"],
      [10, new Uint8Array(8)],
      [11, []],
      [12, 2n ** 53n],
      [13, U32],
      [14, "1"],
    ],
    bytesMax: 256,
    oversized: "OVERSIZED",
    wrap: signed("wattle/event/1"),
  };
}

export function memberParts(content: Uint8Array): Parts {
  return {
    items: itemsOf(itemsOf(content)[0] as Uint8Array),
    author: 3,
    bad: [
      [2, 0],
      [4, "x".repeat(41)],
      [4, 7],
      [5, 1_000_000_001],
      [6, U32],
      [7, 257],
      [8, new Uint8Array(31)],
      [9, new Uint8Array(63)],
    ],
    bytesMax: 512,
    oversized: "OVERSIZED",
    wrap: signed("wattle/member/2"),
  };
}

export function walletsParts(content: Uint8Array): Parts {
  return {
    items: itemsOf(itemsOf(content)[0] as Uint8Array),
    author: 3,
    bad: [
      [3, new Uint8Array(15)],
      [4, "1"],
      [5, 257],
      [6, new Uint8Array(33)],
      [7, []],
      [8, new Uint8Array(8)],
    ],
    bytesMax: 256,
    oversized: "OVERSIZED",
    wrap: signed("wattle/wallets/1"),
  };
}

export function txParts(tx: Tx): Parts {
  return {
    items: itemsOf(bodyRecord.encode(tx.body)),
    author: 5,
    bad: [
      [3, U32],
      [4, 6],
      [5, new Uint8Array(17)],
      [7, 1],
      [8, 0],
      [8, [[0, 0, 0, 0, 0]]],
      [10, new Uint8Array(0)],
      [11, []],
      [11, [new Uint8Array(32), new Uint8Array(32), new Uint8Array(32)]],
      [13, 2n ** 60n],
      [14, U32],
    ],
    bytesMax: 4096,
    oversized: "FIELD_RANGE", // the body is a field of the transaction
    wrap(record, secretKey) {
      const txid = domainHash(crypto, "sc/body/1", record);
      const digest = domainHash(crypto, "sc/tx/1", txid, crypto.sha256(encodeCbor([[], tx.said])));
      return encodeCbor([10, 1, record, [], tx.said, crypto.sign(secretKey, digest)]);
    },
  };
}

/** A change of the bytes of one record. */
type WireMutation = readonly [
  Code | undefined,
  (parts: Parts, who: Attacker, rng: Rng) => Uint8Array,
];

function resigned(parts: Parts, who: Attacker, index: number, value: CborValue): Uint8Array {
  const items = [...parts.items];
  items[index] = value;
  return parts.wrap(encodeCbor(items), who.secretKey);
}

/** Where the version stands, after the heads of the array and of the kind. */
function versionAt(record: Uint8Array): number {
  const kindAt = record[0] === 0x98 ? 2 : 1;
  return kindAt + (record[kindAt] === 0x18 ? 2 : 1);
}

/** The version, which is below 24, with its head one byte longer than need be. */
function longVersion(record: Uint8Array): Uint8Array {
  const at = versionAt(record);
  return concatBytes(record.slice(0, at), Uint8Array.of(0x18), record.slice(at));
}

/**
 * Values that are CBOR but not of the profile, or not CBOR: null, a float, a negative, a tag, a
 * map, nothing.
 */
const FOREIGN = [
  [0xf6],
  [0xf9, 0x3c, 0x00],
  [0x20],
  [0xc1, 0x00],
  [0xa0],
  [0x9f, 0xff],
  [0x1c],
  [],
];

function foreignVersion(record: Uint8Array, rng: Rng): Uint8Array {
  const at = versionAt(record);
  const foreign = Uint8Array.from(rng.pick(FOREIGN));
  return concatBytes(record.slice(0, at), foreign, record.slice(at + 1));
}

function flipped(bytes: Uint8Array, rng: Rng): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1 - rng.below(60)] ^= 1 << rng.below(8); // the signature is at the end
  return copy;
}

export const WIRE_MUTATIONS: readonly WireMutation[] = [
  ["WRONG_NET", (parts, who) => resigned(parts, who, 2, "other")],
  ["WRONG_KIND", (parts, who, rng) => resigned(parts, who, 0, 30 + rng.below(300))],
  [
    "UNSUPPORTED_VERSION",
    (parts, who, rng) => resigned(parts, who, 1, (parts.items[1] as number) + 1 + rng.below(9)),
  ],
  [
    "FIELD_RANGE",
    (parts, who, rng) => {
      const [index, value] = rng.pick(parts.bad);
      return resigned(parts, who, index, value);
    },
  ],
  [
    "FIELD_RANGE",
    (parts, who, rng) => {
      const items = rng.below(2) === 0 ? parts.items.slice(0, -1) : [...parts.items, 0];
      return parts.wrap(encodeCbor(items), who.secretKey);
    },
  ],
  [
    "NON_CANONICAL",
    (parts, who) => parts.wrap(longVersion(encodeCbor(parts.items)), who.secretKey),
  ],
  [
    "MALFORMED",
    (parts, who, rng) => parts.wrap(foreignVersion(encodeCbor(parts.items), rng), who.secretKey),
  ],
  [
    undefined, // Parts.oversized
    (parts, who, rng) => resigned(parts, who, 2, "x".repeat(parts.bytesMax + rng.below(99))),
  ],
  [
    "BAD_SIGNATURE",
    (parts, who, rng) => flipped(parts.wrap(encodeCbor(parts.items), who.secretKey), rng),
  ],
  ["BAD_SIGNATURE", (parts, _who, rng) => parts.wrap(encodeCbor(parts.items), rng.bytes(32))],
];

/** The author exchanged, which only numbered records can show: an enrolment's author is its key. */
export function foreignAuthor(parts: Parts, who: Attacker, other: Uint8Array): Uint8Array {
  return resigned(parts, who, parts.author, other);
}
