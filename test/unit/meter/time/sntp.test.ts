// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import test from "node:test";
import { readSntp, sntpRequest } from "#meter/time/sntp";

const COOKIE = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
/** 2026-11-23T00:00:00Z. */
const NOW_MS = Date.UTC(2026, 10, 23);

interface Answer {
  first?: number;
  stratum?: number;
  cookie?: Uint8Array;
  gotMs?: number;
  saidMs?: number;
  rootDelayS?: number;
  dispersionS?: number;
}

/** A server's answer; times since 1970 in ms. */
function answer(options: Answer = {}): Uint8Array {
  const { first = 0x24, stratum = 2, cookie = COOKIE, gotMs = NOW_MS, saidMs = NOW_MS } = options;
  const packet = new Uint8Array(48);
  const view = new DataView(packet.buffer);
  packet[0] = first;
  packet[1] = stratum;
  view.setUint32(4, Math.round((options.rootDelayS ?? 0) * 65_536));
  view.setUint32(8, Math.round((options.dispersionS ?? 0) * 65_536));
  packet.set(cookie, 24);
  for (const [at, ms] of [
    [32, gotMs],
    [40, saidMs],
  ]) {
    view.setUint32(at, Math.floor(ms / 1000) + 2_208_988_800);
    view.setUint32(at + 4, Math.ceil(((ms % 1000) * 2 ** 32) / 1000));
  }
  return packet;
}

test("a request is version 4 of a client, and says nothing but the cookie", () => {
  const packet = sntpRequest(COOKIE);
  assert.equal(packet.length, 48);
  assert.equal(packet[0], 0x23);
  assert.deepEqual(packet.subarray(40), COOKIE);
  assert.ok(packet.subarray(1, 40).every((byte) => byte === 0));
});

test("the time is the server's word and half the way back; the error covers the way", () => {
  // 40 ms on the way and back, 10 of them in the server.
  const fix = readSntp(answer({ gotMs: NOW_MS, saidMs: NOW_MS + 10 }), COOKIE, 1000, 1040);
  assert.deepEqual(fix, { utcMs: NOW_MS + 25, uptimeMs: 1040, errorMs: 16 });
});

test("what the server is unsure of counts too", () => {
  const fix = readSntp(answer({ rootDelayS: 0.02, dispersionS: 0.05 }), COOKIE, 0, 0);
  assert.ok(typeof fix === "object");
  assert.ok(fix.errorMs >= 61 && fix.errorMs <= 63, String(fix.errorMs));
});

test("only an answer to this request counts", () => {
  const others = [
    answer({ cookie: Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 1) }),
    answer({ first: 0x23 }), // a client's
    answer({ first: 0x25 }), // a broadcast
    answer({ first: 0xe4 }), // its clock is not set
    answer({ stratum: 16 }),
    answer().subarray(0, 47),
    new Uint8Array(0),
  ];
  for (const packet of others) assert.equal(readSntp(packet, COOKIE, 0, 10), undefined);
  assert.ok(typeof readSntp(answer(), COOKIE, 0, 10) === "object", "the check can pass");
});

test("a kiss of death is an answer", () => {
  assert.equal(readSntp(answer({ stratum: 0 }), COOKIE, 0, 10), "denied");
});

test("after 2036 the seconds begin anew", () => {
  const ms = Date.UTC(2036, 1, 8); // the era ended on 2036-02-07 at 06:28:16
  const packet = answer();
  const view = new DataView(packet.buffer);
  for (const at of [32, 40]) {
    view.setUint32(at, ms / 1000 + 2_208_988_800 - 2 ** 32);
    view.setUint32(at + 4, 0);
  }
  const fix = readSntp(packet, COOKIE, 0, 0);
  assert.ok(typeof fix === "object");
  assert.equal(fix.utcMs, ms);
});
