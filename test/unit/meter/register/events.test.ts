// SPDX-License-Identifier: Apache-2.0
/** A chip that flaps says a burst of events, then one a slot; how many there were is never lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EVENTS_BURST } from "#core/limits-device";
import { EventKind } from "#core/records/event";
import { plainEvent, putBackEvents, queueEvent, refillEvents } from "#meter/register/events";
import { firstRegisters } from "#meter/register/registers";

const WHEN = { boot: 1, atMs: 0, quality: 0 };
const lost = () => plainEvent(EventKind.lostRead, 1, WHEN);

test("as many events as a burst wait, and the rest are counted in the next one", () => {
  const kept = firstRegisters();
  for (let i = 0; i < EVENTS_BURST + 5; i++)
    assert.equal(queueEvent(kept, lost()), i < EVENTS_BURST);
  assert.equal(kept.waiting.length, EVENTS_BURST);
  assert.equal(kept.suppressed, 5);
  kept.waiting.length = 0; // said
  assert.equal(queueEvent(kept, lost()), false, "saying them gives no room");
  assert.equal(refillEvents(kept), false);
  assert.equal(queueEvent(kept, lost()), true, "a reading does");
  assert.deepEqual(
    kept.waiting.map(({ suppressed }) => suppressed),
    [6],
  );
  assert.equal(kept.suppressed, 0);
});

test("in two days a chip that flaps every second says two fifths of the outbox at most", () => {
  const kept = firstRegisters();
  let said = 0;
  let counted = 0;
  const SECONDS = 2 * 86_400;
  for (let second = 0; second < SECONDS; second++) {
    if (second % 900 === 0) refillEvents(kept);
    queueEvent(kept, lost());
    for (const event of kept.waiting.splice(0)) {
      said++;
      counted += 1 + event.suppressed;
    }
  }
  assert.ok(said >= 190 && said <= EVENTS_BURST + 192, `${said} events`);
  assert.equal(counted + kept.suppressed, SECONDS);
});

test("a long quiet gives no more than a burst", () => {
  const kept = firstRegisters();
  for (let i = 0; i < 100; i++) refillEvents(kept);
  assert.equal(kept.eventsLeft, EVENTS_BURST);
});

test("what was too many is told when a slot has passed without an event", () => {
  const kept = { ...firstRegisters(), eventsLeft: 0, suppressed: 3 };
  assert.equal(refillEvents(kept), false, "the next event would tell");
  assert.equal(refillEvents(kept), true, "there was none");
});

test("events that another gateway has not receipted go before those that wait; none is uncounted", () => {
  const said = (detail: number, suppressed = 0) => ({
    ...plainEvent(EventKind.lostRead, detail, WHEN),
    suppressed,
  });
  const kept = firstRegisters();
  putBackEvents(kept, []);
  assert.equal(kept.seq, 0, "nothing to write");
  queueEvent(kept, lost());
  const { seq } = kept;
  putBackEvents(kept, [said(7), said(8)]);
  assert.ok(kept.seq > seq);
  assert.deepEqual(
    kept.waiting.map(({ detail }) => detail),
    [7, 8, 1],
  );
  const many = Array.from({ length: EVENTS_BURST }, (_, i) => said(100 + i, i === 0 ? 4 : 0));
  putBackEvents(kept, many);
  assert.equal(kept.waiting.length, EVENTS_BURST);
  assert.deepEqual([kept.waiting[0].detail, kept.waiting[0].suppressed], [103, 3 + 4]);
  putBackEvents(kept, [said(200)]);
  assert.deepEqual([kept.waiting[0].detail, kept.waiting[0].suppressed], [103, 3 + 4 + 1]);
});
