// SPDX-License-Identifier: Apache-2.0
/** Bytes that no decoder may take, with the code of the refusal; the encodings are written by hand. */
import { fromHex, toHex } from "#core/codec/bytes";
import type { Code } from "#core/errors/codes";
import type { NegativeVector, RecordVector } from "./check.ts";

/**
 * A reading in pieces, each one field as it stands on the wire. Every negative of the first group is this
 * reading with one piece replaced.
 */
const READING = [
  "04", // kind 4
  "01", // version 1
  "63616263", // net "abc"
  "50101112131415161718191a1b1c1d1e1f", // node
  "1860", // boundary 96
  "1b0000019b76daa800", // atMs
  "02", // quality
  "1a00bc614e", // importMwh 12345678
  "00", // exportMwh
  "03", // boot
  "05", // said
];
const FIELD = {
  kind: 0,
  version: 1,
  net: 2,
  node: 3,
  boundary: 4,
  quality: 6,
  imp: 7,
  exp: 8,
  boot: 9,
  said: 10,
};

/** The reading as hex with the pieces of `changes` replaced, in an array head of its length. */
function reading(changes: Record<number, string> = {}, head = "8b"): string {
  return head + READING.map((piece, i) => changes[i] ?? piece).join("");
}

/** The reading without any change, which must be accepted: each negative differs in one thing only. */
export const CONTROL_HEX: string = reading();

function bad(name: string, code: Code, hex: string): NegativeVector {
  return { name, record: "reading", hex, code };
}

const BOOT = FIELD.boot;

function integers(): NegativeVector[] {
  const boot = (name: string, code: Code, piece: string) =>
    bad(name, code, reading({ [BOOT]: piece }));
  return [
    boot("3 in two bytes", "NON_CANONICAL", "1803"),
    boot("23 in two bytes", "NON_CANONICAL", "1817"),
    boot("3 in three bytes", "NON_CANONICAL", "190003"),
    boot("255 in three bytes", "NON_CANONICAL", "1900ff"),
    boot("3 in five bytes", "NON_CANONICAL", "1a00000003"),
    boot("65535 in five bytes", "NON_CANONICAL", "1a0000ffff"),
    boot("3 in nine bytes", "NON_CANONICAL", "1b0000000000000003"),
    boot("2^32 - 1 in nine bytes", "NON_CANONICAL", "1b00000000ffffffff"),
    boot("the reserved head 28", "MALFORMED", "1c"),
    boot("the reserved head 29", "MALFORMED", "1d"),
    boot("the reserved head 30", "MALFORMED", "1e"),
    boot("an integer without end", "MALFORMED", "1f"),
    boot("minus one", "MALFORMED", "20"),
    boot("minus 2^64", "MALFORMED", "3bffffffffffffffff"),
    boot("half precision 1.0", "MALFORMED", "f93c00"),
    boot("single precision 3.0", "MALFORMED", "fa40400000"),
    boot("double precision 3.0", "MALFORMED", "fb4008000000000000"),
    boot("not a number", "MALFORMED", "f97e00"),
    boot("false", "MALFORMED", "f4"),
    boot("null", "MALFORMED", "f6"),
    boot("undefined", "MALFORMED", "f7"),
    boot("a simple value", "MALFORMED", "e0"),
    boot("the break", "MALFORMED", "ff"),
    boot("a bignum", "MALFORMED", "c24103"),
    boot("a tagged integer", "MALFORMED", "c103"),
    boot("self-described CBOR", "MALFORMED", "d9d9f703"),
    boot("an empty map", "MALFORMED", "a0"),
    boot("a map", "MALFORMED", "a10003"),
  ];
}

function strings(): NegativeVector[] {
  const net = (name: string, code: Code, piece: string) =>
    bad(name, code, reading({ [FIELD.net]: piece }));
  const node = (name: string, code: Code, piece: string) =>
    bad(name, code, reading({ [FIELD.node]: piece }));
  const sixteen = "101112131415161718191a1b1c1d1e1f";
  return [
    net("a text length in two bytes", "NON_CANONICAL", "7803616263"),
    net("a text length in five bytes", "NON_CANONICAL", "7a00000003616263"),
    net("text without end", "MALFORMED", "7f63616263ff"),
    net("UTF-8 beyond ASCII", "MALFORMED", "63c3a962"),
    net("a byte that is no UTF-8", "MALFORMED", "6361ff63"),
    net("an overlong UTF-8 form", "MALFORMED", "63c0af62"),
    net("UTF-8 that is cut", "MALFORMED", "636162c3"),
    net("a surrogate in UTF-8", "MALFORMED", "63eda080"),
    net("a control character", "MALFORMED", "63610a63"),
    net("NUL", "MALFORMED", "63610063"),
    net("DEL", "MALFORMED", "63617f63"),
    net("text of 2^31 characters", "MALFORMED", "7a80000000"),
    net("text of 2^64 - 1 characters", "MALFORMED", "7bffffffffffffffff"),
    net("text of 41 characters", "FIELD_RANGE", `7829${"61".repeat(41)}`),
    net("bytes for text", "FIELD_RANGE", "43616263"),
    node("a length of bytes in two bytes", "NON_CANONICAL", `5810${sixteen}`),
    node("a length of bytes in three bytes", "NON_CANONICAL", `590010${sixteen}`),
    node("bytes without end", "MALFORMED", `5f50${sixteen}ff`),
    node("bytes of 2^32 - 1", "MALFORMED", "5affffffff"),
    node("an id of 15 bytes", "FIELD_RANGE", `4f${sixteen.slice(2)}`),
    node("an id of 17 bytes", "FIELD_RANGE", `51${sixteen}20`),
    node("text for an id", "FIELD_RANGE", `70${"61".repeat(16)}`),
    node("an array of the id's bytes", "FIELD_RANGE", `90${"01".repeat(16)}`),
  ];
}

function structure(): NegativeVector[] {
  const whole = reading();
  return [
    bad("nothing", "MALFORMED", ""),
    bad("an integer", "MALFORMED", "04"),
    bad("an empty array", "MALFORMED", "80"),
    bad("an array with a kind only", "MALFORMED", "8104"),
    bad("an array head in two bytes", "NON_CANONICAL", reading({}, "980b")),
    bad("an array head in nine bytes", "NON_CANONICAL", reading({}, "9b000000000000000b")),
    bad("an array without end", "MALFORMED", `${reading({}, "9f")}ff`),
    bad("an array of 2^32 - 1 items", "MALFORMED", reading({}, "9affffffff")),
    bad("an array of 2^64 - 1 items", "MALFORMED", reading({}, "9bffffffffffffffff")),
    bad("a map of fields", "MALFORMED", `a5${whole.slice(2, -2)}`),
    bad("a byte after the record", "MALFORMED", `${whole}00`),
    bad("the record twice", "MALFORMED", whole + whole),
    bad("the last byte missing", "MALFORMED", whole.slice(0, -2)),
    bad("half of it", "MALFORMED", whole.slice(0, 40)),
    bad("the head only", "MALFORMED", "8b"),
    bad("a boundary that is cut", "MALFORMED", `8b${READING.slice(0, 4).join("")}18`),
    bad("one field missing", "FIELD_RANGE", `8a${whole.slice(2, -2)}`),
    bad("one field more", "FIELD_RANGE", `8c${whole.slice(2)}00`),
    bad("no fields", "FIELD_RANGE", "820401"),
    bad("seven arrays deep", "MALFORMED", reading({ [BOOT]: `${"81".repeat(6)}00` })),
    bad("six arrays deep", "FIELD_RANGE", reading({ [BOOT]: `${"81".repeat(5)}00` })),
    bad("257 bytes", "OVERSIZED", `${whole}${"00".repeat(257 - whole.length / 2)}`),
    bad("of kind 5", "WRONG_KIND", reading({ [FIELD.kind]: "05" })),
    bad("of kind 2^53 + 4", "WRONG_KIND", reading({ [FIELD.kind]: "1b0020000000000004" })),
    bad("a kind in text", "WRONG_KIND", reading({ [FIELD.kind]: "6134" })),
    bad("version 0", "UNSUPPORTED_VERSION", reading({ [FIELD.version]: "00" })),
    bad("version 2", "UNSUPPORTED_VERSION", reading({ [FIELD.version]: "02" })),
    bad("a version in bytes", "UNSUPPORTED_VERSION", reading({ [FIELD.version]: "4101" })),
  ];
}

function ranges(): NegativeVector[] {
  const field = (name: string, index: number, piece: string) =>
    bad(name, "FIELD_RANGE", reading({ [index]: piece }));
  return [
    field("boundary 2^32", FIELD.boundary, "1b0000000100000000"),
    field("an instant of 2^53", 5, "1b0020000000000000"),
    field("an instant of 2^53 + 1, which rounds", 5, "1b0020000000000001"),
    field("an instant of 2^64 - 1", 5, "1bffffffffffffffff"),
    field("quality 3", FIELD.quality, "03"),
    field("a register in text", FIELD.imp, "6130"),
    field("a register in bytes", FIELD.exp, "4100"),
    field("a register in an array", FIELD.exp, "8100"),
    field("boot 2^32", BOOT, "1b0000000100000000"),
    field("boot in text", BOOT, "6133"),
    field("boot as an empty array", BOOT, "80"),
    field("said 2^53", FIELD.said, "1b0020000000000000"),
  ];
}

/** Negatives that are a good vector of another record with some bytes replaced. */
function changed(vectors: readonly RecordVector[]): NegativeVector[] {
  const find = (record: string, name: string): RecordVector => {
    const vector = vectors.find((other) => other.record === record && other.name === name);
    if (!vector) throw new Error(`no vector ${record}, ${name}`);
    return vector;
  };
  const swap = (record: string, from: string, name: string, old: string, piece: string) => {
    const { hex } = find(record, from);
    if (hex.split(old).length !== 2) throw new Error(`${old} is not once in ${record}, ${from}`);
    return { name, record, hex: hex.replace(old, piece), code: "FIELD_RANGE" };
  };
  const parent =
    "8158 20".replace(" ", "") + toHex(Uint8Array.from({ length: 32 }, (_, i) => 0xd0 + i));
  return [
    swap("order", "an offer", "side 3", "185f02", "185f03"),
    swap("order", "an offer", "more than 1 GWh", "1904e2", "1a3b9aca01"),
    swap("order", "an offer", "a price above the limit", "1a00013880001819", "1a3b9aca01001819"),
    swap(
      "order",
      "an offer",
      "an absent RESERVE as text",
      "1a00013880001819",
      "1a00013880612a1819",
    ),
    swap("order", "an offer", "an absent RESERVE as 1", "1a00013880001819", "1a00013880011819"),
    swap(
      "order",
      "an offer",
      "an absent RESERVE as no bytes",
      "1a00013880001819",
      "1a00013880401819",
    ),
    swap(
      "member",
      "the longest names and most addresses",
      "257 addresses",
      "1affffffff190100",
      "1affffffff190101",
    ),
    swap("body", "a RESERVE on a sealed block", "no parents", parent, "80"),
    swap(
      "body",
      "a RESERVE on a sealed block",
      "three parents",
      parent,
      `83${parent.slice(2).repeat(3)}`,
    ),
    swap("body", "a RESERVE on a sealed block", "a leg to 0", "86612a", "8600"),
    swap("body", "a RESERVE on a sealed block", "a leg to text", "86612a", "86612b"),
    swap(
      "body",
      "a RESERVE on a sealed block",
      "coins above the limit",
      "1b00038d7ea4c68000",
      "1b00038d7ea4c68001",
    ),
    swap(
      "receipt",
      "a receipt with two refusals",
      "a refusal without code",
      "8218fe1832",
      "8118fe",
    ),
  ];
}

function envelopes(vectors: readonly RecordVector[]): NegativeVector[] {
  const good = vectors.find((vector) => vector.record === "reading")!;
  const record = good.hex;
  const signature = good.signedHex!.slice(-128);
  const size = fromHex(record)!.length.toString(16).padStart(2, "0");
  const head = `8258${size}${record}`;
  const signed = (name: string, code: Code, hex: string): NegativeVector => {
    return { name, record: "reading", signed: true, hex, code };
  };
  return [
    signed("a record without envelope", "MALFORMED", record),
    signed("an envelope of one", "MALFORMED", `8158${size}${record}`),
    signed("an envelope of three", "MALFORMED", `8358${size}${record}5840${signature}00`),
    signed("a record that is not in bytes", "MALFORMED", `82${record}5840${signature}`),
    signed("a signature in text", "MALFORMED", `${head}7840${"61".repeat(64)}`),
    signed("a signature of 63 bytes", "BAD_SIGNATURE", `${head}583f${signature.slice(2)}`),
    signed("a signature of 65 bytes", "BAD_SIGNATURE", `${head}5841${signature}00`),
    signed("no signature", "BAD_SIGNATURE", `${head}40`),
    signed("an empty record", "MALFORMED", `82405840${signature}`),
    signed("a length in three bytes", "NON_CANONICAL", `825900${size}${record}5840${signature}`),
    signed("a byte after the envelope", "MALFORMED", `${head}5840${signature}00`),
  ];
}

/** All negatives; `vectors` are the good ones that some are made from. */
export function makeNegatives(vectors: readonly RecordVector[]): NegativeVector[] {
  return [
    ...integers(),
    ...strings(),
    ...structure(),
    ...ranges(),
    ...changed(vectors),
    ...envelopes(vectors),
  ];
}
