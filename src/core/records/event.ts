// SPDX-License-Identifier: Apache-2.0
/**
 * What happened to a node's registers or its meter other than energy that flowed, signed by the node: whoever
 * reads its registers sees every gap, base and refusal, and what it was worth.
 */
import { recordType } from "../codec/record.ts";
import { type Infer, u64, uint } from "../codec/schema.ts";
import { ms, netName, nodeId, RecordKind } from "./common.ts";

/** `event` of a record. A number never changes its meaning; a reader shows those that it does not know. */
export const EventKind = Object.freeze({
  /**
   * After a start: a counter began anew, or may have, or may have wrapped unseen. Energy since the registers
   * were stored may be missing in them.
   */
  gap: 1,
  /** The chip counted `valueMwh` while the node was off: it is in the register. */
  offCounted: 2,
  /** The same, but more than the connection carries in that time: not in the register. */
  offRefused: 3,
  /** A counter went back, by `valueMwh`: it counts on from where it is, the register stays. */
  counterBack: 4,
  /** A step of more than the connection carries in its time: not in the register. */
  jumpRefused: 5,
  /** Another chip, or other counters: they begin with a new base. */
  chipChanged: 6,
  /** The node's store was lost: the register goes on from the gateway's. */
  restored: 7,
  /** A chip cleared counters at a read whose answer was lost, `detail` times. */
  lostRead: 8,
  /** The chip gives no samples. */
  silent: 9,
  /** It gives samples again, `detail` ms after the last one; 0: the first of this start. */
  resumed: 10,
  /** The clock was set forward or back, by `detail` ms. Registers do not depend on it. */
  clockForward: 11,
  clockBack: 12,
  /** No more than that `suppressed` is not 0: events were too many to say. */
  suppressed: 13,
});

/** Which register an event is about. */
export const EventRegister = Object.freeze({ none: 0, import: 1, export: 2 });

/** Kinds of events that there may ever be: one that is not known yet is taken, and shown by its number. */
export const EVENT_KIND_MAX = 63;

const eventFields = {
  net: netName,
  node: nodeId,
  /** The start of the node in which it happened. */
  boot: uint(0xffffffff),
  /** Protocol time, as far as the node knew it; 0 before the first notice of a start. */
  atMs: ms,
  /** TimeQuality of `atMs`. */
  quality: uint(2),
  /** EventKind. */
  event: uint(EVENT_KIND_MAX),
  /** EventRegister; `none`: the meter as a whole, and the three amounts are 0. */
  register: uint(2),
  /** The register before and after. */
  beforeMwh: u64,
  afterMwh: u64,
  /** The energy that the event is about, in the register or not. */
  valueMwh: u64,
  /** See EventKind; otherwise 0. */
  detail: uint(),
  /** Events before this one that were too many to say. */
  suppressed: uint(0xffffffff),
  /** Number of the message that says it: it can be said under no other. */
  said: uint(),
};

export type MeterEvent = Infer<typeof eventFields>;
export const eventRecord = recordType("event", RecordKind.event, 1, eventFields, 256);

/** What is wrong with an event by itself: intake and audit ask this, each of its own state the rest. */
export function eventFault(record: MeterEvent): "EVENT_FORM" | "EVENT_REGISTER" | undefined {
  const { event, register, beforeMwh, afterMwh, valueMwh } = record;
  if (afterMwh < beforeMwh) return "EVENT_REGISTER";
  const addedMwh = afterMwh - beforeMwh;
  const aboutOne = ONE_REGISTER.includes(event);
  if (register === EventRegister.none) {
    const empty = beforeMwh <= 0n && afterMwh <= 0n && valueMwh <= 0n;
    return empty && !aboutOne ? undefined : "EVENT_FORM";
  }
  if (NO_REGISTER.includes(event)) return "EVENT_FORM";
  if (ADDING.includes(event)) return sameMwh(addedMwh, valueMwh) ? undefined : "EVENT_FORM";
  return aboutOne && addedMwh > 0n ? "EVENT_FORM" : undefined;
}

function sameMwh(a: bigint, b: bigint): boolean {
  return a <= b && a >= b;
}

/** Energy that went into the register with the event. */
const ADDING: readonly number[] = Object.freeze([EventKind.offCounted, EventKind.restored]);
/** About exactly one register. */
const ONE_REGISTER: readonly number[] = Object.freeze([
  ...ADDING,
  EventKind.offRefused,
  EventKind.counterBack,
  EventKind.jumpRefused,
]);
/** About the meter as a whole. */
const NO_REGISTER: readonly number[] = Object.freeze([
  EventKind.gap,
  EventKind.chipChanged,
  EventKind.lostRead,
  EventKind.silent,
  EventKind.resumed,
  EventKind.clockForward,
  EventKind.clockBack,
  EventKind.suppressed,
]);
