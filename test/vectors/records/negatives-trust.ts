// SPDX-License-Identifier: Apache-2.0
/** What no decoder may take of the records of core/trust: good vectors with a piece replaced. */
import { fromHex, toHex } from "#core/codec/bytes";
import type { Code } from "#core/errors/codes";
import type { NegativeVector, RecordVector } from "./check.ts";
import { TEST_SEAL } from "./check-trust.ts";
import { counting } from "./sample.ts";

type Find = (record: string, name: string) => string;

/** Head of a byte string of 24 to 65535 bytes, and the string. */
function bstr(hex: string): string {
  const size = hex.length / 2;
  const digits = size.toString(16);
  return size < 0x100 ? `58${digits}${hex}` : `59${digits.padStart(4, "0")}${hex}`;
}

function replaceOnce(hex: string, old: string, piece: string): string {
  if (hex.split(old).length !== 2) throw new Error(`${old} is not once in ${hex}`);
  return hex.replace(old, piece);
}

function ranges(find: Find): NegativeVector[] {
  const swap = (record: string, from: string, name: string, old: string, piece: string) => {
    const hex = replaceOnce(find(record, from), old, piece);
    return { name, record, hex, code: "FIELD_RANGE" };
  };
  const sealKey = toHex(counting(192, 0x11));
  const authority = (name: string, piece: string) =>
    swap("authority", "an authority", name, `58c0${sealKey}`, piece);
  const three = (name: string, old: string, piece: string) =>
    swap("revocations", "three nodes revoked", name, old, piece);
  const enrol = (name: string, old: string, piece: string) =>
    swap("enrol", "a first request", name, old, piece);
  const certificate = (name: string, old: string, piece: string) =>
    swap("certificate", "a node's", name, old, piece);
  return [
    authority("a seal key of 191 bytes", bstr(sealKey.slice(2))),
    authority("a seal key of 193 bytes", bstr(`${sealKey}00`)),
    three("of subject 3", "011818", "031818"),
    three("a number in text", "011818", "016141"),
    three("reason 16", "83190100011b", "83190100101b"),
    three("a revocation without its instant", "831b001fffffffffffff0f1b001fffffffffffff", "82000f"),
    enrol("a meter in bytes", "7053444d", "5053444d"),
    enrol("a connection of more than 1 GW", "195dc0", "1a3b9aca01"),
    certificate("of subject 3", "181801", "181803"),
    certificate("an area of 41 characters", "605820", `7829${"61".repeat(41)}5820`),
    certificate("a connection of more than 1 GW", "195dc0", "1a3b9aca01"),
    swap("connect", "a node's token", "a client id in bytes", "7820", "5820"),
    swap("connect", "the longest client id", "a client id of 81 characters", "7850", "785161"),
  ];
}

/** The pieces of a certificate's envelope. */
interface Envelope {
  record: string;
  seal: string;
  anchor: string;
}

function envelopes(find: Find): NegativeVector[] {
  const node = find("certificate", "a node's");
  const gateway = find("certificate", "a gateway's");
  const seal = bstr(toHex(TEST_SEAL));
  const signature = "5a".repeat(64);
  const anchor = bstr(signature);
  const sealed = (name: string, code: Code, hex: string): NegativeVector => {
    return { name, record: "certificate", sealed: true, hex, code };
  };
  const of = (name: string, code: Code, change: Partial<Envelope>) => {
    const pieces = { record: bstr(gateway), seal, anchor, ...change };
    return sealed(name, code, `83${pieces.record}${pieces.seal}${pieces.anchor}`);
  };
  const whole = `83${bstr(gateway)}${seal}${anchor}`;
  return [
    sealed("a record without envelope", "MALFORMED", gateway),
    sealed("a signed certificate", "MALFORMED", `82${bstr(gateway)}${anchor}`),
    sealed("an envelope without anchor", "MALFORMED", `82${bstr(node)}${seal}`),
    sealed("an envelope of four", "MALFORMED", `84${whole.slice(2)}00`),
    sealed("a byte after the envelope", "MALFORMED", `${whole}00`),
    sealed("the last byte missing", "MALFORMED", whole.slice(0, -2)),
    sealed("an envelope in two bytes of head", "NON_CANONICAL", `9803${whole.slice(2)}`),
    sealed("larger than any", "OVERSIZED", whole + "00".repeat(665 - whole.length / 2)),
    of("a record that is not in bytes", "MALFORMED", { record: gateway }),
    of("an empty record", "MALFORMED", { record: "40" }),
    of("a seal of 79 bytes", "MALFORMED", { seal: bstr("80".repeat(79)) }),
    of("a seal of 81 bytes", "MALFORMED", { seal: bstr("80".repeat(81)) }),
    of("no seal", "MALFORMED", { seal: "00" }),
    of("a seal in text", "MALFORMED", { seal: `7850${"61".repeat(80)}` }),
    of("an anchor of 63 bytes", "MALFORMED", { anchor: bstr(signature.slice(2)) }),
    of("an anchor of 65 bytes", "MALFORMED", { anchor: bstr(`${signature}00`) }),
    of("an empty anchor", "MALFORMED", { anchor: "40" }),
    of("anchor 1", "MALFORMED", { anchor: "01" }),
    of("a record of another kind", "WRONG_KIND", {
      record: bstr(replaceOnce(gateway, "8e181a", "8e1819")),
    }),
    of("of no subject", "FIELD_RANGE", { record: bstr(replaceOnce(gateway, "1702", "1700")) }),
    of("an id that is not the key's", "CERT_INVALID", {
      record: bstr(otherKey(gateway)),
    }),
    of("a gateway's without anchor", "CERT_INVALID", { anchor: "00" }),
    of("a node's with an anchor", "CERT_INVALID", { record: bstr(node) }),
  ];
}

/** The certificate with one bit of its key changed. */
function otherKey(hex: string): string {
  const at = hex.indexOf("66737472656574") - 2; // the area "street" follows the key
  const last = fromHex(hex.slice(at, at + 2))![0] ^ 1;
  return hex.slice(0, at) + toHex(Uint8Array.of(last)) + hex.slice(at + 2);
}

/** All of them; `vectors` are the good ones that they are made from. */
export function makeTrustNegatives(vectors: readonly RecordVector[]): NegativeVector[] {
  const find: Find = (record, name) => {
    const vector = vectors.find((other) => other.record === record && other.name === name);
    if (!vector) throw new Error(`no vector ${record}, ${name}`);
    return vector.hex;
  };
  return [...ranges(find), ...envelopes(find)];
}
