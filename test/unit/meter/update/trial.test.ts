// SPDX-License-Identifier: Apache-2.0
/** Restarting at a quiet moment, the trial of the new image, and going back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadProgress } from "#meter/update/progress";
import { imageOf, MINUTE, Rig, release } from "./rig.ts";

const DAY = 24 * 60 * MINUTE;

function ready() {
  const rig = new Rig();
  const signed = release("1.3.0");
  rig.updater.onOpen();
  rig.updater.onAnnounced(signed.bytes);
  rig.fetch(signed);
  rig.can.restart = false;
  rig.next();
  assert.equal(rig.updater.state, "ready");
  return { rig, signed };
}

function onTrial() {
  const rig = new Rig();
  const signed = release("1.3.0");
  rig.install(signed, "1.3.0");
  assert.equal(rig.updater.state, "trial");
  return { rig, signed };
}

test("it waits for a quiet moment, but not for ever", () => {
  const { rig } = ready();
  for (let i = 0; i < 10; i++) rig.next();
  assert.equal(rig.restarts, 0);
  assert.equal(rig.updater.facts().update, "ready 1.3.0");
  rig.can.restart = true;
  rig.next();
  assert.equal(rig.restarts, 1);

  const patient = ready().rig;
  while (patient.restarts === 0 && patient.nowMs < 2 * DAY) patient.next();
  assert.ok(patient.nowMs >= DAY && patient.nowMs < DAY + 2 * MINUTE, `${patient.nowMs} ms`);
});

test("an image that the bootloader refuses is bad", () => {
  const { rig } = ready();
  rig.slots.fails = "activate";
  rig.can.restart = true;
  rig.next();
  assert.equal(rig.restarts, 0);
  assert.equal(rig.updater.code, "UPDATE_BOOT");
  rig.boot();
  assert.equal(rig.updater.code, "UPDATE_BOOT");
  assert.equal(rig.updater.state, "failed");
});

test("all three gates, each once, and the image stays", () => {
  const { rig } = onTrial();
  rig.can.meter = false;
  rig.next();
  assert.equal(rig.updater.state, "trial");
  rig.can.network = false;
  rig.can.meter = true;
  rig.next();
  assert.equal(rig.slots.confirmed, 1);
  assert.equal(rig.updater.state, "confirmed");
  assert.deepEqual(rig.updater.facts(), { firmware: "1.3.0", update: "confirmed" });
  assert.equal(rig.next(), false);
  assert.deepEqual(loadProgress(rig.store)?.highest, { major: 1, minor: 3, patch: 0 });
  rig.boot("1.3.0");
  assert.equal(rig.updater.state, "idle");
});

for (const gate of ["network", "meter"] as const)
  test(`without ${gate} it goes back after half an hour, and not to this release again`, () => {
    const { rig, signed } = onTrial();
    rig.can[gate] = false;
    while (rig.slots.rolledBack === 0 && rig.next());
    assert.equal(rig.slots.confirmed, 0);
    assert.equal(rig.nowMs, 30 * MINUTE);
    assert.ok(rig.events.includes(`trial-failed ${gate}`), rig.events.join("; "));
    assert.equal(rig.next(), false, "nothing after the rollback");
    rig.boot("1.2.0");
    assert.equal(rig.updater.state, "failed");
    assert.deepEqual(rig.updater.facts(), {
      firmware: "1.2.0",
      update: "failed 1.3.0",
      updateCode: "TRIAL_GATES",
    });
    rig.updater.onAnnounced(signed.bytes);
    assert.equal(rig.updater.state, "failed");
    rig.updater.onAnnounced(release("1.2.9").bytes);
    assert.equal(rig.updater.state, "failed", "nor an older one");
    rig.updater.onAnnounced(release("1.3.1").bytes);
    assert.equal(rig.updater.state, "fetching");
  });

test("a store that forgets is a gate too", () => {
  const { rig } = onTrial();
  rig.store.set = () => {};
  while (rig.slots.rolledBack === 0 && rig.next());
  assert.ok(rig.events.includes("trial-failed storage"), rig.events.join("; "));
});

test("a confirmation that the flash does not take is tried until the time is over", () => {
  const { rig } = onTrial();
  rig.slots.fails = "confirm";
  rig.next();
  assert.equal(rig.updater.state, "trial");
  rig.slots.fails = undefined;
  rig.next();
  assert.equal(rig.updater.state, "confirmed");
});

test("where there is no image to go back to, the bootloader decides", () => {
  const { rig } = onTrial();
  rig.slots.fails = "rollback";
  rig.can.meter = false;
  while (rig.restarts === 0 && rig.next());
  assert.equal(rig.restarts, 1);
});

test("the state says until when it is on trial, once the time is known", () => {
  const { rig } = onTrial();
  assert.equal(rig.updater.facts().update, "on trial for 30 minutes");
  rig.can.utcMs = Date.UTC(2026, 2, 1, 12, 0, 0);
  assert.equal(rig.updater.facts().update, "on trial until 2026-03-01T12:30:00Z");
});

test("what is announced on trial waits: the other slot holds the way back", () => {
  const { rig } = onTrial();
  const before = rig.slots.erased.length;
  rig.updater.onAnnounced(release("1.4.0", imageOf(8_000, 4)).bytes);
  rig.updater.onOpen();
  assert.equal(rig.updater.state, "trial");
  assert.equal(rig.slots.erased.length, before);
  rig.next();
  assert.equal(rig.updater.facts().update, "fetching 1.4.0");
});

test("a reset on trial is tried again twice, without a download, and then it is over", () => {
  const { rig, signed } = onTrial();
  const requests = rig.requests.length;
  for (let trial = 1; trial <= 2; trial++) {
    rig.boot("1.2.0");
    assert.equal(rig.updater.state, "failed");
    assert.equal(rig.updater.code, "TRIAL_CUT");
    assert.equal(rig.updater.facts().update, "failed 1.3.0");
    rig.updater.onAnnounced(signed.bytes);
    rig.updater.onOpen();
    assert.equal(rig.updater.state, "verifying");
    rig.next();
    assert.equal(rig.nowMs, trial * 10 * MINUTE, "after a pause that doubles");
    rig.next();
    assert.equal(rig.restarts, trial);
    rig.boot("1.3.0", "trial");
  }
  rig.boot("1.2.0");
  assert.equal(rig.requests.length, requests);
  rig.updater.onAnnounced(signed.bytes);
  assert.equal(rig.updater.state, "failed");
  assert.equal(rig.updater.code, "TRIAL_CUT");
  assert.equal(rig.next(), false);
});

test("an image of another version than its release goes back at once", () => {
  const rig = new Rig();
  rig.install(release("1.3.0"), "1.2.7");
  rig.next();
  assert.equal(rig.slots.rolledBack, 1);
  rig.boot("1.2.0");
  assert.equal(rig.updater.code, "UPDATE_VERSION");
  rig.updater.onAnnounced(release("1.3.0").bytes);
  assert.equal(rig.updater.state, "failed");
});

test("without rollback in the bootloader the trial is kept all the same", () => {
  const { rig } = onTrial();
  rig.boot("1.3.0", "valid");
  assert.equal(rig.updater.state, "trial");
  rig.can.network = false;
  while (rig.slots.rolledBack === 0 && rig.next());
  // The power goes before the slot has changed: the verdict stands.
  rig.slots.rolledBack = 0;
  rig.can.network = true;
  rig.boot("1.3.0", "valid");
  rig.next();
  assert.equal(rig.slots.rolledBack, 1);
  assert.equal(rig.slots.confirmed, 0);
});

test("a version once confirmed keeps older ones out, even where it runs no longer", () => {
  const { rig } = onTrial();
  rig.next();
  assert.equal(rig.updater.state, "confirmed");
  rig.boot("1.2.0"); // its slot has decayed, and the bootloader started the other one
  rig.updater.onAnnounced(release("1.2.9").bytes);
  assert.equal(rig.updater.code, "RELEASE_OLD");
  rig.updater.onAnnounced(release("1.3.0").bytes);
  assert.equal(rig.updater.state, "fetching", "the same one may repair it");
});

test("a board whose store was lost on trial proves itself and goes on", () => {
  const { rig } = onTrial();
  for (const key of rig.store.keys("")) rig.store.delete(key);
  rig.boot("1.3.0", "trial");
  assert.equal(rig.updater.state, "trial");
  rig.next();
  assert.equal(rig.updater.state, "confirmed");
});
