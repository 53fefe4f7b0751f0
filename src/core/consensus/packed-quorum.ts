// SPDX-License-Identifier: Apache-2.0
/**
 * A certificate whose voices stay as they stand in its record: 35 of them take 3 KB, as objects on a chip
 * several times that. Each is `[voter, bstr heard, bstr agreed, bstr signature]`.
 */
import { GATEWAYS_MAX } from "../consensus/limits.ts";
import { type Quorum, type QuorumVoice, quorumRecord } from "../records/consensus.ts";

/** Elements of the record before its voices: kind, version, net, height, round, header and plan. */
const BEFORE_VOICES = 7;
const MAP_BYTES_MAX = GATEWAYS_MAX / 8;
const SIGNATURE_BYTES = 64;

export class PackedQuorum {
  /** Without voices beyond the first. */
  readonly head: Quorum;
  readonly count: number;
  private readonly record: Uint8Array;
  private at: number;

  private constructor(head: Quorum, count: number, record: Uint8Array, at: number) {
    this.head = head;
    this.count = count;
    this.record = record;
    this.at = at;
  }

  /** Undefined where quorumRecord refuses it. */
  static open(record: Uint8Array): PackedQuorum | undefined {
    const list = listOf(record);
    if (!list) return undefined;
    const first = readVoice(record, list.at);
    if (!first) return undefined;
    // The fields before the voices, with one: the schema checks those.
    const short = new Uint8Array(list.headAt + 1 + first.end - list.at);
    short.set(record.subarray(0, list.headAt));
    short[list.headAt] = 0x81;
    short.set(record.subarray(list.at, first.end), list.headAt + 1);
    const head = quorumRecord.decode(short);
    if (!head.ok) return undefined;
    let at = list.at;
    for (let i = 0; i < list.count; i++) {
      const end = readVoice(record, at)?.end;
      if (end === undefined) return undefined;
      at = end;
    }
    if (at !== record.length) return undefined;
    return new PackedQuorum(head.value, list.count, record, list.at);
  }

  /** The voices one after the other, each once; undefined after the last. Views on the record. */
  next(): QuorumVoice | undefined {
    const read = readVoice(this.record, this.at);
    if (read) this.at = read.end;
    return read?.voice;
  }

  /** Places of the voters, in their order. */
  voters(): number[] {
    const voters: number[] = [];
    let at = this.at;
    for (let read = readVoice(this.record, at); read; read = readVoice(this.record, at)) {
      voters.push(read.voice.voter);
      at = read.end;
    }
    return voters;
  }
}

/** Where the list of voices begins, and how many it says that there are. */
function listOf(record: Uint8Array): { headAt: number; at: number; count: number } | undefined {
  if (record[0] !== 0x80 + BEFORE_VOICES + 1) return undefined;
  let at = 1;
  for (let i = 0; i < BEFORE_VOICES; i++) {
    const head = headOf(record, at);
    if (!head) return undefined;
    const { major, value, end } = head;
    if (major === 0) at = end;
    else if (major === 2 || major === 3) at = end + value;
    else return undefined;
  }
  const head = headOf(record, at);
  if (head?.major !== 4 || head.value < 1 || head.value > GATEWAYS_MAX) return undefined;
  return { headAt: at, at: head.end, count: head.value };
}

function readVoice(
  record: Uint8Array,
  at: number,
): { voice: QuorumVoice; end: number } | undefined {
  if (record[at] !== 0x84) return undefined;
  const voter = headOf(record, at + 1);
  if (voter?.major !== 0 || voter.value >= GATEWAYS_MAX) return undefined;
  const heard = stringAt(record, voter.end, MAP_BYTES_MAX);
  const agreed = heard && stringAt(record, heard.end, MAP_BYTES_MAX);
  const signature = agreed && stringAt(record, agreed.end, SIGNATURE_BYTES);
  if (signature?.bytes.length !== SIGNATURE_BYTES) return undefined;
  const voice = {
    voter: voter.value,
    heard: heard!.bytes,
    agreed: agreed!.bytes,
    signature: signature.bytes,
  };
  return { voice, end: signature.end };
}

function stringAt(
  record: Uint8Array,
  at: number,
  max: number,
): { bytes: Uint8Array; end: number } | undefined {
  const head = headOf(record, at);
  if (head?.major !== 2 || head.value > max) return undefined;
  const end = head.end + head.value;
  return end > record.length ? undefined : { bytes: record.subarray(head.end, end), end };
}

/** Value of the head at `at`, of up to 32 bits, in its shortest form, and where it ends. */
function headOf(
  record: Uint8Array,
  at: number,
): { major: number; value: number; end: number } | undefined {
  if (at >= record.length) return undefined;
  const major = record[at] >> 5;
  const info = record[at] & 31;
  if (info < 24) return { major, value: info, end: at + 1 };
  const size = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : 0;
  const end = at + 1 + size;
  if (size === 0 || end > record.length) return undefined;
  let value = 0;
  for (let i = at + 1; i < end; i++) value = value * 256 + record[i];
  const least = size === 1 ? 24 : size === 2 ? 256 : 65_536;
  return value < least ? undefined : { major, value, end };
}
