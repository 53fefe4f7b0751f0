// SPDX-License-Identifier: Apache-2.0
/**
 * Events wait in the kept registers, so that a change and its event are stored together or not at all, until
 * they can be signed. A chip that flaps gets a burst of them and then one a slot; the rest are counted.
 */
import { EVENTS_BURST } from "#core/limits-device";
import { EventRegister } from "#core/records/event";
import type { Registers, WaitingEvent } from "./registers.ts";

const U32_MAX = 0xffffffff;

/** Puts an event into the queue, or counts it where there were too many. True where it will be said. */
export function queueEvent(kept: Registers, event: Omit<WaitingEvent, "suppressed">): boolean {
  kept.seq++;
  if (kept.eventsLeft === 0 || kept.waiting.length >= EVENTS_BURST) {
    if (kept.suppressed < U32_MAX) kept.suppressed++;
    return false;
  }
  kept.eventsLeft--;
  kept.waiting.push({ ...event, suppressed: kept.suppressed });
  kept.suppressed = 0;
  return true;
}

/**
 * Puts back events that were said to another gateway and not receipted, before those that wait already: the
 * latest of them, and how many were too many.
 */
export function putBackEvents(kept: Registers, events: readonly WaitingEvent[]): void {
  const room = EVENTS_BURST - kept.waiting.length;
  const lost = events.slice(0, Math.max(0, events.length - room));
  if (events.length === 0) return;
  kept.seq++;
  kept.waiting = [...events.slice(lost.length), ...kept.waiting];
  if (lost.length === 0) return;
  let suppressed = kept.waiting[0].suppressed;
  for (const event of lost) suppressed += 1 + event.suppressed;
  kept.waiting[0].suppressed = Math.min(U32_MAX, suppressed);
}

/**
 * A boundary was read: one more event may be said. True where the last one was not used and there are events
 * that were too many: then it is time to tell.
 */
export function refillEvents(kept: Registers): boolean {
  const tell = kept.suppressed > 0 && kept.eventsLeft > 0;
  if (kept.eventsLeft < EVENTS_BURST) {
    kept.eventsLeft++;
    kept.seq++;
  }
  return tell;
}

/** An event that is about no register. */
export function plainEvent(
  event: number,
  detail: number,
  when: { boot: number; atMs: number; quality: number },
): Omit<WaitingEvent, "suppressed"> {
  const { boot, atMs, quality } = when;
  const amounts = { beforeMwh: 0n, afterMwh: 0n, valueMwh: 0n };
  return { boot, atMs, quality, event, register: EventRegister.none, ...amounts, detail };
}
