// SPDX-License-Identifier: Apache-2.0
/** A time server (RFC 4330, section 5): stratum 2, and right to the millisecond. */

/** Seconds from 1900 to 1970. */
const UNIX_EPOCH_S = 2_208_988_800;
const STRATUM = 2;
/** Leap indicator 0, version 4, mode 4. */
const SERVER = 0x24;

export function sntpAnswer(request: Uint8Array, nowMs: number): Uint8Array {
  const answer = Buffer.alloc(48);
  answer[0] = SERVER;
  answer[1] = STRATUM;
  answer.set(request.subarray(40, 48), 24);
  for (const at of [32, 40]) {
    answer.writeUInt32BE((Math.floor(nowMs / 1000) + UNIX_EPOCH_S) % 2 ** 32, at);
    answer.writeUInt32BE(Math.floor(((nowMs % 1000) / 1000) * 2 ** 32), at + 4);
  }
  return answer;
}
