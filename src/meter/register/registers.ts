// SPDX-License-Identifier: Apache-2.0
/**
 * What a node must not forget of its meter: the registers, and where each counter of the chip stood when they
 * were brought up to date, always written together. `seq` rises with every change, so that of two copies the
 * higher one holds the later registers, whichever way it was written.
 */
import { decodeCbor, encodeCbor } from "#core/codec/cbor";
import { bytes, type Field, type Infer, list, struct, u64, uint } from "#core/codec/schema";
import { assert } from "#core/errors/assert";
import { COUNTERS_MAX, EVENTS_BURST } from "#core/limits-device";
import { EVENT_KIND_MAX } from "#core/records/event";

const counterState = struct({
  /** Counts at the last sample. */
  counts: u64,
  /** Less than one mWh that is not in the registers yet, in parts of the counter's `perCounts`. */
  importRest: u64,
  exportRest: u64,
});
export type CounterState = Infer<typeof counterState>;

/** An event that waits to be signed: a node says nothing before the gateway has answered its hello. */
const waitingEvent = struct({
  boot: uint(0xffffffff),
  atMs: uint(),
  quality: uint(2),
  event: uint(EVENT_KIND_MAX),
  register: uint(2),
  beforeMwh: u64,
  afterMwh: u64,
  valueMwh: u64,
  detail: uint(),
  suppressed: uint(0xffffffff),
});
export type WaitingEvent = Infer<typeof waitingEvent>;

const body = struct({
  seq: uint(),
  /** Writes of registers alone, for the flash's wear; its parity is the slot that was written last. */
  writes: uint(),
  importMwh: u64,
  exportMwh: u64,
  /** CRC of what the driver says of its counters (register.ts); empty before the first sample ever. */
  chip: bytes(0, 4),
  counters: list(counterState, COUNTERS_MAX),
  /** ChipPower since `counters` were stored: over all starts of the node, the worst counts. */
  power: uint(2),
  /** Length of a market slot by the last notice, which the connection's capacity is given in; 0 unknown. */
  slotMs: uint(),
  /** Events that may be said before the next reading, and how many were too many since the last one. */
  eventsLeft: uint(EVENTS_BURST),
  suppressed: uint(0xffffffff),
  waiting: list(waitingEvent, EVENTS_BURST),
});
/** Whether the chip was without power: what a `powered` counter shows then began at 0. */
export const ChipPower = Object.freeze({ stayedOn: 0, unknown: 1, lost: 2 });

export interface Registers extends Infer<typeof body> {
  /** The bytes of all this when `seq` was `packedSeq`: most messages find the registers as the last one did. */
  packed?: Uint8Array;
  packedSeq?: number;
}

/** Largest encoding: twelve counters of 32 bytes, eight events of 60, and what stands once. */
const PACKED_BYTES_MAX = 1024;

/** The registers as they stand in flash. */
export function packRegisters(kept: Registers): Uint8Array {
  if (!kept.packed || kept.packedSeq !== kept.seq) {
    kept.packed = encodeCbor(body.encode(kept, "registers"));
    kept.packedSeq = kept.seq;
  }
  return kept.packed;
}

/** Whole bytes back to registers; that they are whole, a CRC has told: only a bug makes them unreadable. */
export function unpackRegisters(packed: Uint8Array): Registers {
  const decoded = decodeCbor(packed.slice()); // what stays of it are views
  assert("value" in decoded, "REGISTERS");
  return body.decode(decoded.value, "registers");
}

const packedBytes = bytes(1, PACKED_BYTES_MAX);

/** Registers within a node's state. */
export const registers: Field<Registers> = {
  encode: (value, path) => packedBytes.encode(packRegisters(value), path),
  decode: (raw, path) => unpackRegisters(packedBytes.decode(raw, path)),
};

/** The registers of a node that was never on. */
export function firstRegisters(): Registers {
  return {
    seq: 0,
    writes: 0,
    importMwh: 0n,
    exportMwh: 0n,
    chip: new Uint8Array(0),
    counters: [],
    power: 0,
    slotMs: 0,
    eventsLeft: EVENTS_BURST,
    suppressed: 0,
    waiting: [],
  };
}
