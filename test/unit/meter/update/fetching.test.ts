// SPDX-License-Identifier: Apache-2.0
/** Pulling an image: windows, order, repeats, resumption, wear, and sources that stop or lie. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SECTOR_BYTES } from "#core/records/release";
import { CHUNK, imageOf, MINUTE, Rig, release } from "./rig.ts";

function begun(running = "1.2.0") {
  const rig = new Rig(running);
  const signed = release("1.3.0");
  rig.updater.onOpen();
  rig.updater.onAnnounced(signed.bytes);
  return { rig, signed };
}

test("an image comes window by window, is verified, and the board restarts", () => {
  const { rig, signed } = begun();
  assert.ok((rig.updater.delayMs() ?? 0) <= MINUTE, "it begins within a minute");
  rig.fetch(signed);
  assert.deepEqual(
    rig.requests.map(({ offset, chunks }) => [offset, chunks]),
    [
      [0, 4],
      [4096, 4],
      [8192, 2],
    ],
  );
  assert.deepEqual(rig.slots.erased, [0, 4096, 8192]);
  assert.deepEqual(rig.slots.read(0, signed.image.length), signed.image);
  assert.equal(rig.updater.state, "verifying");
  assert.equal(rig.slots.activated, 0, "the boot slot has not changed");
  rig.next();
  assert.equal(rig.updater.state, "ready");
  rig.next();
  assert.equal(rig.slots.activated, 1);
  assert.equal(rig.restarts, 1);
  assert.equal(rig.next(), false, "after the restart nothing is done any more");
});

test("windows keep a distance, so that the board can do its work in between", () => {
  const { rig, signed } = begun();
  rig.next();
  const askedMs = rig.nowMs;
  for (const chunk of rig.answers(signed)) rig.send(chunk);
  assert.equal(rig.updater.delayMs(), 500);
  rig.next();
  assert.equal(rig.nowMs - askedMs, 500);
  assert.equal(rig.requests.length, 2);
});

test("chunks twice, out of order, of another release or of another length are dropped", () => {
  const { rig, signed } = begun();
  rig.next();
  const [first, second, third] = rig.answers(signed);
  rig.send(second);
  rig.send(first);
  rig.send(first);
  rig.send(third);
  rig.send({ ...second, release: release("1.4.0").id });
  rig.send({ ...second, bytes: second.bytes.slice(1) });
  rig.send({ ...second, bytes: Uint8Array.from([...second.bytes.slice(1), 0, 0]) });
  rig.updater.onChunk(Uint8Array.of(0x80));
  assert.deepEqual(rig.slots.erased, [0]);
  const written = rig.slots.read(0, 2 * CHUNK);
  assert.deepEqual(written.slice(0, CHUNK), first.bytes);
  assert.ok(
    written.slice(CHUNK).every((byte) => byte === 0xff),
    "nothing but the first is there",
  );
});

test("a window that does not come is asked for again, later and later", () => {
  const { rig, signed } = begun();
  const pauses: number[] = [];
  rig.next();
  for (let i = 0; i < 9; i++) {
    const before = rig.nowMs;
    rig.next();
    pauses.push(rig.nowMs - before);
  }
  assert.equal(rig.requests.length, 10);
  assert.ok(rig.requests.every(({ offset }) => offset === 0));
  assert.ok(pauses[0] >= 10_000 && pauses[0] <= 30_001, `${pauses[0]} ms`);
  assert.ok(
    pauses.every((pause) => pause >= 10_000 && pause <= 310_001),
    String(pauses),
  );
  assert.ok(Math.max(...pauses) > 60_000, `the ceiling rises: ${pauses}`);
  rig.send(rig.answers(signed)[0]);
  rig.next();
  assert.equal(rig.requests[10].offset, CHUNK, "goes on after what came");
});

test("a reconnection goes on in the middle of a sector, a restart at its beginning", () => {
  const { rig, signed } = begun();
  rig.fetch(signed, 4096 + 2 * CHUNK);
  rig.updater.onClosed();
  assert.equal(rig.next(), false, "nothing is asked for without a connection");
  rig.updater.onOpen();
  assert.ok((rig.updater.delayMs() ?? 0) <= 10_000, "it resumes within ten seconds");
  rig.next();
  assert.equal(rig.requests[rig.requests.length - 1].offset, 4096 + 2 * CHUNK);
  rig.boot();
  assert.equal(rig.updater.state, "idle", "without an announcement nothing is fetched");
  rig.updater.onAnnounced(signed.bytes);
  rig.updater.onOpen();
  rig.next();
  assert.equal(rig.requests[rig.requests.length - 1].offset, 4096);
  rig.fetch(signed);
  assert.deepEqual(rig.slots.erased, [0, 4096, 4096, 8192]);
  rig.next();
  assert.equal(rig.updater.state, "ready");
});

test("progress is stored once a sector, whatever the size of the chunks", () => {
  for (const chunkBytes of [256, 1024, 4096]) {
    const rig = new Rig();
    const signed = release("1.3.0", imageOf(16_384), { chunkBytes });
    let writes = 0;
    const set = rig.store.set;
    rig.store.set = (key, value) => {
      writes++;
      assert.ok(key.length <= 15 && value.length < 160, `${key}: ${value.length} bytes`);
      set(key, value);
    };
    rig.updater.onOpen();
    rig.updater.onAnnounced(signed.bytes);
    while (rig.updater.state === "fetching") {
      rig.next();
      const { offset, chunks } = rig.requests[rig.requests.length - 1];
      for (let at = offset; at < offset + chunks * chunkBytes; at += chunkBytes)
        rig.send({
          release: signed.id,
          offset: at,
          bytes: signed.image.slice(at, at + chunkBytes),
        });
    }
    assert.equal(writes, 1 + 16_384 / SECTOR_BYTES, `chunks of ${chunkBytes}`);
  }
});

test("a wrong image is erased, tried three times, and then never again", () => {
  const { rig, signed } = begun();
  const wrong = { ...signed, image: imageOf(10_000, 2) };
  for (let attempt = 1; attempt <= 3; attempt++) {
    rig.fetch(wrong);
    assert.equal(rig.updater.state, "verifying", `attempt ${attempt}`);
    rig.next();
    assert.equal(rig.updater.state, "failed");
    assert.equal(rig.updater.code, "UPDATE_HASH");
    assert.ok(
      rig.slots.read(0, SECTOR_BYTES).every((byte) => byte === 0xff),
      "its head is erased",
    );
    if (attempt === 3) break;
    const before = rig.nowMs;
    rig.next();
    assert.equal(rig.nowMs - before, attempt * 10 * MINUTE, "the pause doubles");
    assert.equal(rig.updater.state, "fetching");
  }
  assert.equal(rig.next(), false);
  assert.equal(rig.slots.activated, 0);
  rig.boot();
  assert.equal(rig.updater.facts().update, "failed 1.3.0");
  assert.equal(rig.updater.code, "UPDATE_HASH");
  rig.updater.onAnnounced(signed.bytes);
  assert.equal(rig.updater.state, "failed", "not this one");
  assert.equal(rig.updater.code, "UPDATE_HASH", "how it failed says more than that it is refused");
  rig.updater.onAnnounced(release("1.3.1").bytes);
  assert.equal(rig.updater.state, "fetching", "a newer one");
  assert.equal(rig.updater.code, undefined);
});

test("one wrong image and then the right one", () => {
  const { rig, signed } = begun();
  rig.fetch({ ...signed, image: imageOf(10_000, 2) });
  rig.next();
  rig.next();
  rig.fetch(signed);
  rig.next();
  assert.equal(rig.updater.state, "ready");
});

for (const fails of ["erase", "write", "silently"] as const)
  test(`flash that fails (${fails}) is tried again, and given up in the end`, () => {
    const { rig, signed } = begun();
    rig.fetch(signed, 5 * CHUNK);
    rig.slots.fails = fails;
    const [next] = rig.answers(signed);
    rig.send({ ...next, offset: 5 * CHUNK, bytes: signed.image.slice(5 * CHUNK, 6 * CHUNK) });
    if (fails === "erase") rig.fetch(signed);
    assert.equal(rig.updater.state, "failed");
    assert.equal(rig.updater.code, "UPDATE_FLASH");
    rig.slots.fails = undefined;
    rig.next();
    rig.next();
    const { offset } = rig.requests[rig.requests.length - 1];
    assert.equal(offset % SECTOR_BYTES, 0, "the sector is written anew");
    assert.ok(offset > 0, "what is whole is kept");
    rig.slots.fails = fails;
    for (let i = 0; i < 5; i++) {
      rig.fetch(signed);
      rig.next();
    }
    assert.equal(rig.next(), false, "given up");
    assert.equal(rig.updater.state, "failed");
  });

test("a gateway that holds it no more, and one that announces another", () => {
  const { rig, signed } = begun();
  rig.fetch(signed, 4096);
  rig.next();
  rig.send({ release: signed.id, offset: 4096, bytes: new Uint8Array(0) });
  assert.equal(rig.updater.state, "idle");
  assert.equal(rig.updater.code, "UPDATE_GONE");
  assert.equal(rig.next(), false);
  rig.updater.onAnnounced(signed.bytes);
  rig.next();
  assert.equal(rig.requests[rig.requests.length - 1].offset, 4096, "it is back: goes on");

  // Meanwhile an older one was announced in its place, which waited.
  const older = release("1.2.5", imageOf(9_000, 5));
  rig.updater.onAnnounced(older.bytes);
  assert.equal(rig.updater.facts().update, "fetching 1.3.0");
  rig.send({ release: signed.id, offset: 4096, bytes: new Uint8Array(0) });
  assert.equal(rig.updater.facts().update, "fetching 1.2.5");
});

test("an empty announcement takes it back, until the restart", () => {
  const { rig, signed } = begun();
  rig.fetch(signed);
  rig.updater.onAnnounced(new Uint8Array(0));
  assert.equal(rig.updater.state, "idle");
  assert.equal(rig.next(), false);
  rig.updater.onAnnounced(signed.bytes);
  assert.equal(rig.updater.state, "verifying", "nothing is fetched again");
});
