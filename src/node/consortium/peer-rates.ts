// SPDX-License-Identifier: Apache-2.0
/** What one gateway may say to another; who says twice as much is cut off (broker/options.ts). */

/** Messages: some hundred turns a second with all their segments, and a whole log at once. */
export const PEER_RATE = Object.freeze({ perSecond: 4000, burst: 16_000 });
/** Their bytes. */
export const PEER_BYTE_RATE = Object.freeze({ perSecond: 16 << 20, burst: 64 << 20 });
