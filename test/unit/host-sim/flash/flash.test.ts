// SPDX-License-Identifier: Apache-2.0
/** The simulated flash tears as NOR does, and the simulated bootloader keeps ESP-IDF's rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SECTOR_BYTES } from "#core/records/release";
import { boot } from "#host-sim/flash/bootloader";
import { makeImage } from "#host-sim/flash/image";
import { NorFlash } from "#host-sim/flash/nor";
import {
  activeEntry,
  ImageState,
  OTADATA_SECTORS,
  readEntries,
  writeEntry,
} from "#host-sim/flash/otadata";
import { type CutMode, Power, PowerCut } from "#host-sim/flash/power";
import { flashByWire, SimSlots, slotCells } from "#host-sim/flash/slots";
import { sodiumCrypto } from "#node/crypto/sodium";

const crypto = sodiumCrypto();
const OLD = { major: 1, minor: 0, patch: 0 };
const NEW = { major: 1, minor: 1, patch: 0 };
const oldImage = makeImage(crypto, OLD, 6000, 1);
const newImage = makeImage(crypto, NEW, 7000, 2);

const bits = (value: number) => value.toString(2).replaceAll("0", "").length;

function cut(mode: CutMode, work: (flash: NorFlash) => void, seed = 1, before = 0x00): Uint8Array {
  const flash = new NorFlash(1, new Power([{ step: 1, mode }], seed));
  flash.cells.fill(before);
  assert.throws(() => work(flash), PowerCut);
  return flash.cells;
}

test("an erase sets all bits of its sector, a write only clears bits", () => {
  const flash = new NorFlash(2, new Power());
  flash.write(10, Uint8Array.of(0x0f, 0xf0));
  flash.write(10, Uint8Array.of(0xf1, 0xf1));
  assert.deepEqual([...flash.read(9, 4)], [0xff, 0x01, 0xf0, 0xff]);
  flash.write(SECTOR_BYTES, Uint8Array.of(0));
  flash.erase(0);
  assert.ok(flash.read(0, SECTOR_BYTES).every((byte) => byte === 0xff));
  assert.equal(flash.read(SECTOR_BYTES, 1)[0], 0, "the other sector is untouched");
  assert.deepEqual([...flash.erases], [1, 0]);
});

test("a cut write has done nothing, a part from the front, or all", () => {
  const bytes = new Uint8Array(256).fill(0x5a);
  const write = (flash: NorFlash) => flash.write(0, bytes);
  assert.ok(cut("before", write, 1, 0xff).every((byte) => byte === 0xff));
  assert.deepEqual(cut("after", write, 1, 0xff).slice(0, 256), bytes);
  const lengths = new Set<number>();
  for (let seed = 1; seed < 40; seed++) {
    const cells = cut("torn", write, seed * 7919, 0xff);
    const whole = cells.findIndex((byte) => byte !== 0x5a);
    lengths.add(whole);
    assert.equal(cells[whole] & 0x5a, 0x5a, "no bit is cleared that was not to be");
    assert.ok(cells.slice(whole + 1).every((byte) => byte === 0xff));
  }
  assert.ok(lengths.size > 10, "it tears at many places");
});

test("a cut erase never clears a bit, and tears in more ways than one", () => {
  const erase = (flash: NorFlash) => flash.erase(0);
  const kinds = new Set<string>();
  for (let seed = 1; seed < 60; seed++) {
    const cells = cut("torn", erase, seed * 7919, 0x21);
    assert.ok(cells.every((byte) => (byte & 0x21) === 0x21));
    const front = cells[0] === 0xff;
    const back = cells[SECTOR_BYTES - 1] === 0xff;
    const odd = cells.some((byte) => byte !== 0xff && byte !== 0x21 && bits(byte) > 2);
    kinds.add(
      odd ? "cells in between" : front && !back ? "front" : back && !front ? "back" : "all",
    );
  }
  for (const kind of ["cells in between", "front", "back"]) assert.ok(kinds.has(kind), kind);
});

interface Rig {
  flash: NorFlash;
  slots(): SimSlots;
}

function board(rollback = true): Rig & { start(): ReturnType<typeof boot> } {
  const flash = new NorFlash(OTADATA_SECTORS + 4, new Power());
  flashByWire(flash, 0, oldImage);
  let started = boot(flash, crypto, rollback);
  return {
    flash,
    start: () => (started = boot(flash, crypto, rollback)),
    slots: () => new SimSlots(flash, crypto, started!, () => {}, rollback),
  };
}

function writeIdle(slots: SimSlots, image: Uint8Array): void {
  for (let at = 0; at < image.length; at += SECTOR_BYTES) {
    slots.erase(at);
    slots.write(at, image.slice(at, at + SECTOR_BYTES));
  }
}

test("a blank board starts its first slot and notes it as valid", () => {
  const { flash, start } = board();
  assert.deepEqual(start()?.version, OLD);
  const entries = readEntries(flash);
  assert.equal(activeEntry(entries), 0);
  assert.deepEqual([entries[0].seq, entries[0].state], [1, ImageState.valid]);
});

test("a new image has exactly one start to prove itself", () => {
  const { flash, start, slots } = board();
  writeIdle(slots(), newImage);
  assert.ok(slots().activate());
  assert.deepEqual(
    readEntries(flash).map(({ state }) => state),
    [ImageState.valid, ImageState.fresh],
  );
  assert.deepEqual(start()?.version, NEW);
  assert.equal(slots().bootState, "trial");
  assert.deepEqual(start()?.version, OLD, "not confirmed: back");
  assert.equal(readEntries(flash)[1].state, ImageState.aborted);
  assert.equal(slots().bootState, "valid");
  assert.ok(slots().activate(), "it may be tried again");
  assert.deepEqual(start()?.version, NEW);
  assert.ok(slots().confirm());
  for (let i = 0; i < 3; i++) assert.deepEqual(start()?.version, NEW, "confirmed: it stays");
  assert.equal(slots().bootState, "valid");
});

test("an image sends itself back", () => {
  const { flash, start, slots } = board();
  writeIdle(slots(), newImage);
  slots().activate();
  start();
  assert.ok(slots().rollback());
  assert.equal(readEntries(flash)[1].state, ImageState.invalid);
  assert.deepEqual(start()?.version, OLD);
  assert.ok(!slots().rollback(), "there is no other one to go back to");
});

test("slots take turns over many updates", () => {
  const { start, slots } = board();
  for (let minor = 1; minor < 8; minor++) {
    const version = { major: 1, minor, patch: 0 };
    writeIdle(slots(), makeImage(crypto, version, 6500, minor));
    assert.ok(slots().activate());
    assert.deepEqual(start()?.version, version);
    assert.ok(slots().confirm());
  }
});

test("an image that is not whole is neither made the one to start, nor started", () => {
  const { flash, start, slots } = board();
  const torn = newImage.slice();
  torn[100] ^= 1;
  writeIdle(slots(), torn);
  assert.equal(slots().activate(), false);
  writeIdle(slots(), newImage);
  slots().activate();
  slotCells(flash, 1)[100] ^= 1;
  assert.deepEqual(start()?.version, OLD);
  slotCells(flash, 0)[100] ^= 1;
  assert.equal(start(), undefined);
});

test("without rollback in the bootloader an image stays until it goes by itself", () => {
  const { start, slots } = board(false);
  writeIdle(slots(), newImage);
  slots().activate();
  for (let i = 0; i < 3; i++) assert.deepEqual(start()?.version, NEW);
  assert.equal(slots().bootState, "valid");
  assert.ok(slots().rollback());
  assert.deepEqual(start()?.version, OLD);
});

test("whatever two entries hold, a slot with a whole image starts", () => {
  const state = fc.constantFrom(...Object.values(ImageState), 77);
  const entry = fc.record({ seq: fc.integer({ min: 1, max: 9 }), state, spoil: fc.boolean() });
  fc.assert(
    fc.property(entry, entry, fc.boolean(), (a, b, both) => {
      const flash = new NorFlash(OTADATA_SECTORS + 4, new Power());
      flashByWire(flash, 0, oldImage);
      if (both) flashByWire(flash, 1, newImage);
      [a, b].forEach(({ seq, state: value, spoil }, i) => {
        writeEntry(flash, i, seq, value);
        if (spoil) flash.cells[i * SECTOR_BYTES + 28] ^= 0x40;
      });
      assert.ok(boot(flash, crypto), "it starts");
      const pending = readEntries(flash).filter(({ state: now }) => now === ImageState.pending);
      assert.ok(pending.length <= 1, "at most one is on trial");
    }),
  );
});
