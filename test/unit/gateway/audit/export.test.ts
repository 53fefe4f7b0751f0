// SPDX-License-Identifier: Apache-2.0
/**
 * The exported ledger: round trip, damage at every byte, and what helps against damage on purpose.
 */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { bytesEqual, concatBytes, toHex } from "#core/codec/bytes";
import { audit } from "#gateway/audit/audit";
import { ExportError, readExport, writeExport } from "#gateway/audit/export";
import {
  CHAIN_BYTES,
  chainOf,
  END_KIND,
  EXPORT_MAGIC,
  FRAME_HEAD_BYTES,
} from "#gateway/audit/format";
import { AreaRun } from "../../../helpers/area-run.ts";

let run: AreaRun;
let file: Uint8Array;
before(async () => {
  run = new AreaRun({ nodes: 4, slots: 2 });
  assert.ok(await run.finish());
  file = exported(run.secretKey);
});

function exported(secretKey?: Uint8Array): Uint8Array {
  return concatBytes(...writeExport(run.store.read(), { crypto: run.crypto, secretKey }));
}

interface Frame {
  kind: number;
  begin: number;
  contentEnd: number;
}

function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let begin = EXPORT_MAGIC.length; begin < bytes.length; ) {
    const contentEnd = begin + FRAME_HEAD_BYTES + view.getUint32(begin);
    frames.push({ kind: view.getUint16(begin + 4), begin, contentEnd });
    begin = contentEnd + CHAIN_BYTES;
  }
  return frames;
}

/**
 * Who changes a file on purpose makes its chain fit again; the end's count and chain too, unsigned.
 */
function rechain(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  let chain = run.crypto.sha256(EXPORT_MAGIC);
  for (const { kind, begin, contentEnd } of framesOf(copy)) {
    // In the end's record the chain is its last 32 bytes, before an empty or a 64-byte signature.
    const signed = copy[contentEnd - 1] !== 0x40 || copy[contentEnd - 66] === 0x58;
    if (kind === END_KIND) copy.set(chain, contentEnd - (signed ? 66 : 1) - CHAIN_BYTES);
    chain = chainOf(run.crypto, chain, copy.subarray(begin, contentEnd));
    copy.set(chain, contentEnd);
  }
  return copy;
}

test("an export reads back as the log that it was, and passes the audit", () => {
  const read = readExport(run.crypto, file);
  assert.ok(read.ok);
  assert.equal(read.signed, true);
  assert.equal(read.count, run.store.length);
  assert.deepEqual(read.head, { net: "test", area: "a", gatewayKey: run.area.publicKey });
  const entries = [...read.entries];
  assert.deepEqual(
    entries.map(({ index, kind, bytes }) => [index, kind, toHex(bytes)]),
    run.entries().map(({ index, kind, bytes }) => [index, kind, toHex(bytes)]),
  );
  assert.ok(audit(read.entries, { crypto: run.crypto }).ok);
  assert.ok(bytesEqual(file, exported(run.secretKey)), "two exports are the same bytes");
});

test("any one byte that changes is found, and its record named", (t) => {
  const frames = framesOf(file);
  const changed = file.slice();
  for (let offset = 0; offset < file.length; offset++) {
    // A single bit, another one from byte to byte, and now and then all of them.
    changed[offset] ^= offset % 9 === 8 ? 0xff : 1 << (offset % 8);
    const read = readExport(run.crypto, changed);
    changed[offset] = file[offset];
    assert.ok(!read.ok, `byte ${offset} changed and nobody noticed`);
    const index = Math.max(
      0,
      frames.findLastIndex(({ begin }) => begin <= offset),
    );
    assert.equal(read.index, index, `byte ${offset}: ${JSON.stringify(read)}`);
    assert.ok(read.kind.length > 0 && read.where.length > 0);
    if (index === 0) assert.equal(read.where, "header");
  }
  t.diagnostic(`${file.length} bytes, ${frames.length} frames, each byte changed once`);
});

test("a file that ends early or goes on is found", () => {
  const lengths = [0, 7, 8, 11, 100, file.length - 1, ...framesOf(file).map(({ begin }) => begin)];
  for (const length of lengths)
    assert.equal(readExport(run.crypto, file.slice(0, length)).ok, false, `${length} bytes`);
  const longer = readExport(run.crypto, concatBytes(file, new Uint8Array(1)));
  assert.equal(longer.ok ? "" : longer.code, "EXPORT_TRAILING");
  assert.equal(longer.ok ? "" : longer.where, "end");
});

test("who makes the chain fit a change fails at the signature of the end", () => {
  for (const { begin, contentEnd, kind } of framesOf(file)) {
    if (kind === END_KIND || contentEnd - begin <= FRAME_HEAD_BYTES) continue;
    const changed = file.slice();
    changed[contentEnd - 1] ^= 1;
    const read = readExport(run.crypto, rechain(changed));
    const found = read.ok ? "" : read.code;
    assert.ok(["EXPORT_SIGNATURE", "EXPORT_HEAD"].includes(found), `frame at ${begin}: ${found}`);
  }
});

test("without the end's signature the entries' own still count", (t) => {
  const unsigned = exported();
  const whole = readExport(run.crypto, unsigned);
  assert.ok(whole.ok && !whole.signed, "an unsigned export says so");
  let tried = 0;
  for (const { kind, begin, contentEnd } of framesOf(unsigned)) {
    if (kind === 0 || kind === END_KIND) continue;
    const length = contentEnd - begin - FRAME_HEAD_BYTES;
    for (const part of [0.1, 0.35, 0.6, 0.95]) {
      const changed = unsigned.slice();
      changed[begin + FRAME_HEAD_BYTES + Math.floor(length * part)] ^= 1 << (tried % 8);
      tried++;
      const read = readExport(run.crypto, rechain(changed));
      if (!read.ok) continue; // the head's world
      const result = audit(read.entries, { crypto: run.crypto });
      assert.equal(result.ok, false, `kind ${kind} at ${begin} + ${part} of ${length}`);
    }
  }
  t.diagnostic(`${tried} changes with a fitting chain, all found by the audit`);
});

test("another gateway's key is refused, and so is an empty log", () => {
  const options = { crypto: run.crypto, secretKey: new Uint8Array(32).fill(5) };
  assert.throws(() => [...writeExport(run.store.read(), options)], ExportError);
  assert.throws(() => [...writeExport([], options)], ExportError);
});

test("bytes that are no export are refused with a reason", () => {
  for (const bytes of [new Uint8Array(0), new Uint8Array(500), EXPORT_MAGIC.slice()]) {
    const read = readExport(run.crypto, bytes);
    assert.ok(!read.ok && ["EXPORT_MAGIC", "EXPORT_TRUNCATED"].includes(read.code));
  }
});
