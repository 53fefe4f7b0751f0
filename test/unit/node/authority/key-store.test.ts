// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { concatBytes } from "#core/codec/bytes";
import {
  anchorKeyOf,
  createKeyStore,
  openVault,
  passphraseFault,
  readKeyStore,
  SCRYPT_LOG2_N,
  sealVault,
} from "#node/authority/key-store";
import { anchorKey, crypto, LOG2_N, PASSPHRASE, tempFolder, vault } from "./tools.ts";

const at = tempFolder();
const file = sealVault(crypto, vault, PASSPHRASE, LOG2_N);
const HEADER_BYTES = 88;

/** With the hash at the end made right again, as somebody would who changes the file on purpose. */
function resealed(bytes: Uint8Array): Uint8Array {
  const body = bytes.slice(0, -32);
  return concatBytes(body, hash("sha256", body, "buffer"));
}

function flipped(bytes: Uint8Array, index: number, mask = 1): Uint8Array {
  const changed = bytes.slice();
  changed[index] ^= mask;
  return changed;
}

const open = (bytes: Uint8Array, passphrase = PASSPHRASE) =>
  openVault(crypto, bytes, passphrase, "a.key");

test("what is sealed is opened, with the passphrase and nothing else", () => {
  assert.deepEqual(open(file), vault);
  assert.deepEqual(anchorKeyOf(file, "a.key"), anchorKey);
  for (const wrong of ["", `${PASSPHRASE} `, PASSPHRASE.slice(1), PASSPHRASE.toUpperCase()])
    assert.throws(() => open(file, wrong), /a\.key: the passphrase is wrong\. Give the one/);
});

test("nothing secret stands in the file, and no two are alike", () => {
  const text = Buffer.from(file).toString("latin1");
  for (const secret of [vault.sealSecret, vault.anchorSecret, vault.caKey, vault.caCertificate])
    assert.ok(!text.includes(Buffer.from(secret.subarray(0, 8)).toString("latin1")));
  assert.ok(!text.includes(vault.name));
  const other = sealVault(crypto, vault, PASSPHRASE, LOG2_N);
  assert.notDeepEqual(other.slice(44, HEADER_BYTES), file.slice(44, HEADER_BYTES), "salt, nonce");
  assert.notDeepEqual(other.slice(HEADER_BYTES), file.slice(HEADER_BYTES));
});

test("an accent counts the same however a keyboard writes it", () => {
  const composed = sealVault(crypto, vault, "ein schönes Haus", LOG2_N);
  assert.deepEqual(open(composed, "ein scho\u0308nes Haus"), vault);
});

test("every byte that is changed by chance is found before the passphrase is tried", () => {
  for (let i = 0; i < file.length; i++)
    for (const mask of [1, 0x80])
      assert.throws(
        () => open(flipped(file, i, mask)),
        i < 8 ? /is no key store/ : /is damaged\. Take the copy/,
        `byte ${i}`,
      );
});

test("a byte of the header that is changed on purpose is found by the tag, or is out of bounds", () => {
  // All of the header, and some of what is sealed: each takes a run of scrypt.
  for (let i = 0; i < file.length - 32; i += i < HEADER_BYTES ? 1 : 61) {
    // Bits of log2 N, r and p that would only make it slow are tried once.
    const mask = i >= 9 && i < 12 ? 0x40 : 1;
    const changed = resealed(flipped(file, i, mask));
    const expected =
      i < 8 ? /no key store/ : i === 8 ? /has version 0/ : i < 12 ? /out of bounds/ : /is wrong/;
    assert.throws(() => open(changed), expected, `byte ${i}`);
  }
  const dearer = resealed(flipped(file, 9, 1)); // N 2^11
  assert.throws(() => open(dearer), /is wrong/);
});

test("a file cannot ask for more memory or work than the bounds say", () => {
  for (const [index, value] of [
    [9, 9],
    [9, 19],
    [9, 63],
    [10, 0],
    [10, 33],
    [11, 0],
    [11, 5],
  ]) {
    const changed = file.slice();
    changed[index] = value;
    assert.throws(() => open(resealed(changed)), /out of bounds/, `byte ${index} = ${value}`);
  }
  const changed = file.slice();
  changed[9] = 18; // 2^18 × 8 × 128 is the bound
  changed[10] = 9;
  assert.throws(() => open(resealed(changed)), /out of bounds/);
});

test("a part of a file is found at every length", () => {
  for (let length = 0; length < file.length; length++)
    assert.throws(
      () => open(file.slice(0, length)),
      length < HEADER_BYTES + 48 ? /no key store, or a part/ : /is damaged/,
      `${length} bytes`,
    );
  assert.throws(() => open(concatBytes(file, new Uint8Array(1))), /is damaged/);
});

test("files ask for 128 MB unless a test says otherwise", () => {
  assert.equal(SCRYPT_LOG2_N, 17);
  assert.equal(sealVault(crypto, vault, PASSPHRASE)[9], 17);
});

test("a passphrase has a least length, in characters", () => {
  assert.match(passphraseFault("elevenchars") ?? "", /has 11 characters\. Give at least 12/);
  assert.equal(passphraseFault("twelve chars"), undefined);
  assert.match(passphraseFault("😀".repeat(6)) ?? "", /has 6 characters/);
  assert.match(passphraseFault("a".repeat(1025)) ?? "", /at most 1024/);
});

test("the file is its owner's alone, written whole, and never written over", () => {
  const path = at("authority.key");
  createKeyStore(path, file);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(readKeyStore(path), file);
  assert.throws(() => createKeyStore(path, flipped(file, 0)), /never overwritten/);
  assert.deepEqual(Uint8Array.from(readFileSync(path)), file);
  assert.deepEqual(readdirSync(at()), ["authority.key"], "nothing half-written is left");
  assert.throws(() => createKeyStore(at("no", "a.key"), file), /ENOENT\. Check that its folder/);
  assert.throws(() => readKeyStore(at("none.key")), /ENOENT\. Give the file that .* init made/);
  writeFileSync(at("long.key"), Buffer.alloc(5000));
  assert.throws(() => readKeyStore(at("long.key")), /5000 bytes, more than 4096/);
});
