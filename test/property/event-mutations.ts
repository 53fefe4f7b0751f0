// SPDX-License-Identifier: Apache-2.0
/** Events of a meter: right ones, and ones that break one rule of the intake. */
import { signRecord } from "#core/codec/record";
import type { Code } from "#core/errors/codes";
import { EventKind, EventRegister, eventRecord, type MeterEvent } from "#core/records/event";
import { crypto } from "../helpers/local-area.ts";
import { type Attacker, NET, type Shot } from "./attacker.ts";
import type { Range } from "./range.ts";

export function signEvent(who: Attacker, event: MeterEvent): Uint8Array {
  return signRecord(eventRecord, crypto, who.secretKey, event).bytes;
}

/** The node was off, and its chip counted a little: right at any time. */
export function rightEvent(range: Range, who: Attacker): MeterEvent {
  const valueMwh = 1n + BigInt(range.rng.below(1000));
  return {
    net: NET,
    node: who.idBytes,
    boot: 1,
    atMs: range.world.nowMs(),
    quality: 2,
    event: EventKind.offCounted,
    register: EventRegister.import,
    beforeMwh: who.importMwh,
    afterMwh: who.importMwh + valueMwh,
    valueMwh,
    detail: 0,
    suppressed: 0,
    said: who.seq + 1,
  };
}

/** A right event, or one that is right but for one field. */
export function eventShot(range: Range, who: Attacker): Shot {
  const { rng } = range;
  const right = rightEvent(range, who);
  const { beforeMwh, afterMwh, valueMwh } = right;
  const back = 1n + BigInt(rng.below(1000));
  const none = { register: EventRegister.none, beforeMwh: 0n, afterMwh: 0n, valueMwh: 0n };
  const shots: [Code | undefined, Partial<MeterEvent>][] = [
    [undefined, {}],
    [undefined, { event: EventKind.gap, ...none }],
    [undefined, { event: 40 + rng.below(24) }],
    [undefined, { event: EventKind.restored, beforeMwh: 0n, valueMwh: afterMwh }],
    ["EVENT_FORM", { valueMwh: valueMwh + back }],
    ["EVENT_FORM", none],
    ["EVENT_FORM", { event: EventKind.jumpRefused }],
    ["EVENT_FORM", { event: EventKind.silent }],
    ["EVENT_FORM", { event: EventKind.gap, ...none, valueMwh: back }],
    ["EVENT_REGISTER", { afterMwh: beforeMwh - back }],
  ];
  if (who.boundary >= 0)
    shots.push(
      ["EVENT_REGISTER", { beforeMwh: beforeMwh - back, valueMwh: valueMwh + back }],
      [
        "EVENT_REGISTER",
        { beforeMwh: 0n, afterMwh: 1n, valueMwh: 1n, register: EventRegister.export },
      ],
      [
        "EVENT_REGISTER",
        {
          event: EventKind.restored,
          beforeMwh: 0n,
          afterMwh: beforeMwh - back,
          valueMwh: beforeMwh - back,
        },
      ],
    );
  const [code, changes] = rng.pick(shots);
  return who.say("event", signEvent(who, { ...right, ...changes }), code);
}
