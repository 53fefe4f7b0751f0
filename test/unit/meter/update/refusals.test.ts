// SPDX-License-Identifier: Apache-2.0
/** What a node takes into hand: its own board, newer, large enough a slot, signed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Code } from "#core/errors/codes";
import { compareVersions, type FirmwareVersion, formatVersion } from "#core/records/release";
import { objection } from "#meter/update/policy";
import { crypto, imageOf, Rig, release, type Signed, version } from "./rig.ts";

const strange = crypto.sha256(Uint8Array.of(9));
const forged = () => {
  const good = release("1.3.0");
  const bytes = good.bytes.slice();
  bytes[bytes.length - 1] ^= 1;
  return { ...good, bytes };
};

const REFUSED: [string, () => Signed, Code][] = [
  ["another key", () => release("1.3.0", imageOf(10_000), {}, strange), "RELEASE_SIGNATURE"],
  ["a changed signature", forged, "RELEASE_SIGNATURE"],
  ["another board", () => release("1.3.0", imageOf(10_000), { board: "other" }), "RELEASE_BOARD"],
  ["an older version", () => release("1.1.9"), "RELEASE_OLD"],
  [
    "a floor above what runs",
    () => release("1.3.0", imageOf(10_000), { minimum: version("1.2.1") }),
    "RELEASE_FLOOR",
  ],
  ["an image larger than the slot", () => release("1.3.0", imageOf(20_481)), "RELEASE_SIZE"],
  [
    "no release at all",
    () => ({ ...release("1.3.0"), bytes: Uint8Array.of(1, 2, 3) }),
    "MALFORMED",
  ],
];

for (const [name, make, code] of REFUSED)
  test(`refused: ${name}`, () => {
    const rig = new Rig();
    rig.updater.onOpen();
    rig.updater.onAnnounced(make().bytes);
    assert.equal(rig.updater.code, code);
    assert.equal(rig.updater.state, "idle");
    assert.equal(rig.updater.facts().updateCode, code);
    assert.equal(rig.next(), false, "nothing is asked for");
    assert.deepEqual(rig.slots.erased, []);
  });

test("an image that just fits is taken", () => {
  const rig = new Rig();
  rig.updater.onAnnounced(release("1.3.0", imageOf(20_480)).bytes);
  assert.equal(rig.updater.state, "fetching");
});

test("the version that runs is no news and no fault", () => {
  const rig = new Rig();
  rig.updater.onAnnounced(release("1.2.0").bytes);
  assert.equal(rig.updater.state, "idle");
  assert.equal(rig.updater.code, undefined);
  assert.deepEqual(rig.updater.facts(), { firmware: "1.2.0" });
});

test("what is refused does not touch what is in hand", () => {
  const rig = new Rig();
  rig.updater.onAnnounced(release("1.4.0").bytes);
  for (const other of [release("1.3.0"), release("1.5.0", imageOf(10_000), {}, strange), forged()])
    rig.updater.onAnnounced(other.bytes);
  assert.equal(rig.updater.facts().update, "fetching 1.4.0");
  assert.equal(rig.updater.code, undefined);
});

test("a newer release takes the place of the one in hand, and not at once for ever", () => {
  const rig = new Rig();
  rig.updater.onOpen();
  rig.updater.onAnnounced(release("1.3.0").bytes);
  rig.fetch(release("1.3.0"), 5000);
  assert.equal(rig.requests.length, 2);
  const newer = release("1.4.0", imageOf(12_000, 2));
  rig.updater.onAnnounced(newer.bytes);
  assert.equal(rig.updater.facts().update, "fetching 1.4.0");
  const beganMs = rig.nowMs;
  while (rig.requests.length === 2) rig.next();
  assert.deepEqual(rig.requests[2], { release: newer.id, offset: 0, chunks: 4 });
  assert.ok(rig.nowMs - beganMs > 8 * 60_000, `ten minutes after the first began: ${rig.nowMs}`);
});

const number = fc.integer({ min: 0, max: 3 });
const anyVersion: fc.Arbitrary<FirmwareVersion> = fc.record({
  major: number,
  minor: number,
  patch: number,
});

test("never a downgrade: whatever ran, was confirmed or failed here", () => {
  fc.assert(
    fc.property(
      anyVersion,
      anyVersion,
      anyVersion,
      fc.option(anyVersion, { nil: undefined }),
      (firmware, running, highest, bad) => {
        const installed = { board: "rig", running, highest, bad, idleBytes: 100 };
        const value = {
          board: "rig",
          firmware,
          minimum: version("0.0.0"),
          sizeBytes: 100,
          sha256: new Uint8Array(32),
          chunkBytes: 1024,
        };
        if (objection(value, installed) !== undefined) return;
        const what = formatVersion(firmware);
        assert.ok(compareVersions(firmware, running) > 0, `${what} is newer than what runs`);
        assert.ok(compareVersions(firmware, highest) >= 0, `${what} is not below the highest`);
        assert.ok(!bad || compareVersions(firmware, bad) > 0, `${what} is newer than the bad one`);
      },
    ),
  );
});
