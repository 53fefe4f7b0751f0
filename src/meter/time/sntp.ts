// SPDX-License-Identifier: Apache-2.0
/** SNTP, client side (RFC 4330 section 5): one request, and what an answer says. */
import { bytesEqual } from "#core/codec/bytes";
import type { TimeFix } from "./keeper.ts";

export const SNTP_PORT = 123;
const PACKET_BYTES = 48;
/** Version 4, mode 3: a client. */
const CLIENT = (4 << 3) | 3;
const SERVER_MODE = 4;
/** Leap indicator of a server whose clock is not set. */
const UNSYNCHRONISED = 3;
const STRATUM_MAX = 15;
/** Seconds from 1900, where NTP begins, to 1970. */
const UNIX_EPOCH_S = 2_208_988_800;
const ERA_S = 2 ** 32;

/**
 * A request. The transmit timestamp is 8 random bytes, not the time: the server sends them back, so that an
 * answer that does not have them is no answer to this request, and the node's clock is not told to the world.
 */
export function sntpRequest(cookie: Uint8Array): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES);
  packet[0] = CLIENT;
  packet.set(cookie.subarray(0, 8), 40);
  return packet;
}

/**
 * What `answer` says, which came at uptime `receivedMs` to the request sent at uptime `sentMs` with `cookie`.
 * "denied": a kiss of death, the server asks not to be asked (RFC 4330 section 8). Undefined: not an answer to
 * this request, or of a server that does not know the time.
 */
export function readSntp(
  answer: Uint8Array,
  cookie: Uint8Array,
  sentMs: number,
  receivedMs: number,
): TimeFix | "denied" | undefined {
  if (answer.length < PACKET_BYTES || (answer[0] & 7) !== SERVER_MODE) return undefined;
  if (!bytesEqual(answer.subarray(24, 32), cookie.subarray(0, 8))) return undefined;
  const stratum = answer[1];
  if (stratum === 0) return "denied";
  if (stratum > STRATUM_MAX || answer[0] >> 6 === UNSYNCHRONISED) return undefined;
  const view = new DataView(answer.buffer, answer.byteOffset, answer.length);
  const gotMs = timestampMs(view, 32);
  const saidMs = timestampMs(view, 40);
  const inServerMs = Math.max(0, saidMs - gotMs);
  const roundTripMs = Math.max(0, receivedMs - sentMs - inServerMs);
  const halfMs = Math.ceil(roundTripMs / 2);
  // What the server says of its own distance to the reference (16.16 fixed point seconds), rounded up.
  const distanceMs = shortMs(view, 4) / 2 + shortMs(view, 8);
  return {
    utcMs: saidMs + halfMs,
    uptimeMs: receivedMs,
    errorMs: halfMs + Math.ceil(distanceMs) + 1,
  };
}

/** Milliseconds since 1970 of a 64-bit timestamp; the era that ends in 2036 and the one after it. */
function timestampMs(view: DataView, offset: number): number {
  const seconds = view.getUint32(offset);
  const sinceEpochS = seconds - UNIX_EPOCH_S + (seconds < UNIX_EPOCH_S ? ERA_S : 0);
  return sinceEpochS * 1000 + Math.floor((view.getUint32(offset + 4) * 1000) / ERA_S);
}

function shortMs(view: DataView, offset: number): number {
  return Math.ceil((view.getUint32(offset) * 1000) / 65_536);
}
