// SPDX-License-Identifier: Apache-2.0
/** Reading an exported ledger back: the whole chain is checked before any entry is given out. */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { decodeCbor } from "#core/codec/cbor";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { EntryKind } from "../entries.ts";
import type { LogEntry } from "../ports.ts";
import {
  CHAIN_BYTES,
  chainOf,
  END_KIND,
  EXPORT_MAGIC,
  type ExportHead,
  exportEndRecord,
  exportHeadRecord,
  FRAME_HEAD_BYTES,
  HEAD_KIND,
} from "./format.ts";
import { kindName } from "./open.ts";
import { latin } from "./state.ts";

/** Why a file is not the one that was written. */
export const EXPORT_FAULTS = Object.freeze({
  EXPORT_MAGIC: "not an exported ledger, or one whose line ends were changed on the way",
  EXPORT_HEAD:
    "the head is no record of network, area and gateway key, or the first entry has others",
  EXPORT_TRUNCATED: "the file ends inside a frame, or without its end frame",
  EXPORT_CHAIN: "the frame's bytes are not those that its chain hash is over",
  EXPORT_END: "the end frame is not a record of count and chain",
  EXPORT_COUNT: "the end names another number of entries or another chain than the file has",
  EXPORT_SIGNATURE: "the end is signed by another key than the gateway's, or was changed",
  EXPORT_TRAILING: "bytes follow after the end",
} as const);
export type ExportFaultCode = keyof typeof EXPORT_FAULTS;

/**
 * What is wrong, and in which record: the header, frame `index` (entry `index` of the log), or the
 * end.
 */
export interface ExportFault {
  ok: false;
  code: ExportFaultCode;
  where: "header" | "entry" | "end";
  /** Frame number: 0 is the head. */
  index: number;
  /** What the frame says it is. */
  kind: string;
  /** Where in the file the frame begins, bytes. */
  offset: number;
  detail: string;
}

export interface ReadExport {
  ok: true;
  head: ExportHead;
  /**
   * Whether the end bears the gateway's signature; without it only the entries' own signatures
   * count.
   */
  signed: boolean;
  count: number;
  /** Last chain hash, hex: the file's fingerprint. */
  chain: string;
  entries: Iterable<LogEntry>;
}

interface Frame {
  index: number;
  kind: number;
  offset: number;
  content: Uint8Array;
  next: number;
}

/** Whether a file begins like an export. */
export function isExport(bytes: Uint8Array): boolean {
  return bytesEqual(bytes.subarray(0, EXPORT_MAGIC.length), EXPORT_MAGIC);
}

/**
 * Checks a whole file, and then gives its entries; or the first record that is not as it was
 * written.
 */
export function readExport(crypto: Crypto, bytes: Uint8Array): ReadExport | ExportFault {
  if (!isExport(bytes)) return fault("EXPORT_MAGIC", undefined, "the first eight bytes");
  let chain = crypto.sha256(EXPORT_MAGIC);
  let before = chain;
  let head: ExportHead | undefined;
  let offset = EXPORT_MAGIC.length;
  for (let index = 0; ; index++) {
    const frame = readFrame(bytes, offset, index);
    if ("ok" in frame) return frame;
    const bodyEnd = frame.next - CHAIN_BYTES;
    before = chain;
    chain = chainOf(crypto, before, bytes.subarray(offset, bodyEnd));
    if (!bytesEqual(chain, bytes.subarray(bodyEnd, frame.next)))
      return fault("EXPORT_CHAIN", frame, `${frame.content.length} bytes`);
    offset = frame.next;
    if (!head) {
      const decoded = exportHeadRecord.decode(frame.content);
      if (frame.kind !== HEAD_KIND || !decoded.ok)
        return fault("EXPORT_HEAD", frame, decoded.ok ? kindName(frame.kind) : decoded.detail);
      head = decoded.value;
    } else if (index === 1 && !repeats(head, frame)) {
      return fault("EXPORT_HEAD", frame, "the first entry is not this head's world");
    } else if (frame.kind === END_KIND) {
      const end = checkEnd(crypto, head, frame, before);
      if (typeof end !== "boolean") return end;
      if (offset !== bytes.length)
        return fault("EXPORT_TRAILING", frame, `${bytes.length - offset} bytes`);
      const count = index - 1;
      const entries = { [Symbol.iterator]: () => entriesOf(bytes, count) };
      return { ok: true, head, signed: end, count, chain: toHex(chain), entries };
    }
  }
}

/** The frame at `offset`, its chain not yet checked. */
function readFrame(bytes: Uint8Array, offset: number, index: number): Frame | ExportFault {
  const nothing = { index, kind: -1, offset, content: bytes.subarray(0, 0), next: offset };
  if (offset + FRAME_HEAD_BYTES > bytes.length)
    return fault("EXPORT_TRUNCATED", nothing, `${bytes.length - offset} bytes left`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEAD_BYTES);
  const length = view.getUint32(0);
  const kind = view.getUint16(4);
  const next = offset + FRAME_HEAD_BYTES + length + CHAIN_BYTES;
  if (next > bytes.length)
    return fault("EXPORT_TRUNCATED", { ...nothing, kind }, `a frame of ${length} bytes`);
  const content = bytes.subarray(offset + FRAME_HEAD_BYTES, next - CHAIN_BYTES);
  return { index, kind, offset, content, next };
}

/** Whether the first entry is a world with the head's network, area and gateway. */
function repeats(head: ExportHead, { kind, content }: Frame): boolean {
  const decoded = decodeCbor(content);
  if (kind !== EntryKind.world || !("value" in decoded) || !Array.isArray(decoded.value))
    return false;
  const [net, area, gatewayKey] = decoded.value as unknown[];
  const texts = [net, area].map((text) => (text instanceof Uint8Array ? latin(text) : undefined));
  if (!(gatewayKey instanceof Uint8Array) || !bytesEqual(gatewayKey, head.gatewayKey)) return false;
  return texts[0] === head.net && texts[1] === head.area;
}

/** Whether the end is signed, or what is wrong with it. */
function checkEnd(
  crypto: Crypto,
  head: ExportHead,
  frame: Frame,
  before: Uint8Array,
): boolean | ExportFault {
  const envelope = decodeCbor(frame.content);
  const parts = "value" in envelope && Array.isArray(envelope.value) ? envelope.value : [];
  const [record, signature] = parts as unknown[];
  if (parts.length !== 2 || !(record instanceof Uint8Array) || !(signature instanceof Uint8Array))
    return fault("EXPORT_END", frame, "not an envelope");
  const decoded = exportEndRecord.decode(record);
  if (!decoded.ok) return fault("EXPORT_END", frame, decoded.detail);
  const { entries, chain } = decoded.value;
  if (entries !== frame.index - 1 || !bytesEqual(chain, before))
    return fault("EXPORT_COUNT", frame, `${entries} entries, the file has ${frame.index - 1}`);
  if (signature.length === 0) return false;
  const id = domainHash(crypto, exportEndRecord.domain, record);
  if (crypto.verify(head.gatewayKey, id, signature)) return true;
  return fault("EXPORT_SIGNATURE", frame, "");
}

/** The entries of a file that was checked; the bytes are views on it. */
function* entriesOf(bytes: Uint8Array, count: number): Generator<LogEntry> {
  let offset = EXPORT_MAGIC.length;
  for (let index = 0; index <= count; index++) {
    const frame = readFrame(bytes, offset, index);
    if ("ok" in frame) return; // not after the check
    offset = frame.next;
    if (index > 0) yield { index, kind: frame.kind, bytes: frame.content };
  }
}

function fault(code: ExportFaultCode, frame: Frame | undefined, detail: string): ExportFault {
  const { index, kind, offset } = frame ?? { index: 0, kind: HEAD_KIND, offset: 0 };
  const name = kind === HEAD_KIND ? "head" : kind === END_KIND ? "end" : kindName(kind);
  const where = index === 0 ? "header" : kind === END_KIND ? "end" : "entry";
  return { ok: false, code, where, index, kind: kind < 0 ? "missing" : name, offset, detail };
}
