// SPDX-License-Identifier: Apache-2.0
/** Which fields an event of each kind must have. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventKind, EventRegister, eventFault, type MeterEvent } from "#core/records/event";

const WHOLE: MeterEvent = {
  net: "n",
  node: new Uint8Array(16),
  boot: 1,
  atMs: 0,
  quality: 0,
  event: EventKind.gap,
  register: EventRegister.none,
  beforeMwh: 0n,
  afterMwh: 0n,
  valueMwh: 0n,
  detail: 0,
  suppressed: 0,
  said: 1,
};
const ONE = { register: EventRegister.export, beforeMwh: 5n, afterMwh: 5n, valueMwh: 7n };

const ABOUT_ALL = ["gap", "chipChanged", "lostRead", "silent", "resumed", "clockForward"] as const;
const REFUSING = ["offRefused", "counterBack", "jumpRefused"] as const;
const ADDING = ["offCounted", "restored"] as const;

for (const name of [...ABOUT_ALL, "clockBack", "suppressed"] as const)
  test(`${name} is about the meter as a whole`, () => {
    const event = EventKind[name];
    assert.equal(eventFault({ ...WHOLE, event, detail: 9 }), undefined);
    assert.equal(eventFault({ ...WHOLE, event, ...ONE }), "EVENT_FORM");
    assert.equal(eventFault({ ...WHOLE, event, valueMwh: 1n }), "EVENT_FORM");
    assert.equal(eventFault({ ...WHOLE, event, beforeMwh: 1n, afterMwh: 1n }), "EVENT_FORM");
  });

for (const name of REFUSING)
  test(`${name} leaves one register as it was`, () => {
    const event = EventKind[name];
    assert.equal(eventFault({ ...WHOLE, ...ONE, event }), undefined);
    assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 12n }), "EVENT_FORM");
    assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 4n }), "EVENT_REGISTER");
    assert.equal(eventFault({ ...WHOLE, event }), "EVENT_FORM", "which one?");
  });

for (const name of ADDING)
  test(`${name} puts its energy into one register`, () => {
    const event = EventKind[name];
    assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 12n }), undefined);
    assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 13n }), "EVENT_FORM");
    assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 4n }), "EVENT_REGISTER");
    assert.equal(eventFault({ ...WHOLE, event }), "EVENT_FORM");
  });

test("a kind that is not known yet may be about one register or all, but never goes back", () => {
  const event = 63;
  assert.equal(eventFault({ ...WHOLE, event }), undefined);
  assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 99n }), undefined);
  assert.equal(eventFault({ ...WHOLE, ...ONE, event, afterMwh: 4n }), "EVENT_REGISTER");
  assert.equal(eventFault({ ...WHOLE, event, valueMwh: 1n }), "EVENT_FORM");
});

test("every kind is in one of these groups", () => {
  const known = [...ABOUT_ALL, "clockBack", "suppressed", ...REFUSING, ...ADDING];
  assert.deepEqual([...known].sort(), Object.keys(EventKind).sort());
});
