// SPDX-License-Identifier: Apache-2.0
/** Whether an event of a meter says what its kind has to, and fits the node's last reading. */
import { kebab } from "#core/codec/kebab";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { EventKind, EventRegister, eventFault, type MeterEvent } from "#core/records/event";
import type { Session } from "../session.ts";

const NAMES = new Map<number, string>();
for (const [name, kind] of Object.entries(EventKind)) NAMES.set(kind, kebab(name));

/** What people call a kind of event: `off-counted`. */
export function eventName(kind: number): string {
  return NAMES.get(kind) ?? `event ${kind}`;
}

/** Checks of an event; the signature was checked before. */
export function checkEvent(session: Session, event: MeterEvent): Verdict {
  const fault = eventFault(event);
  if (fault) return refuse(fault, `event ${event.event}`);
  const last = session.reading;
  if (!last || event.register === EventRegister.none) return ACCEPT;
  const lastMwh = event.register === EventRegister.import ? last.importMwh : last.exportMwh;
  // A node that lost its store begins below, and ends where the gateway told it to.
  const fromMwh = event.event === EventKind.restored ? event.afterMwh : event.beforeMwh;
  if (fromMwh < lastMwh) return refuse("EVENT_REGISTER", `${fromMwh} mWh, read ${lastMwh} mWh`);
  return ACCEPT;
}
