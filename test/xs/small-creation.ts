// SPDX-License-Identifier: Apache-2.0
/** An XS machine that begins small and grows in small steps: what a test adds to it shows in its peaks. */
const KB = 1024;

export const SMALL_CREATION = {
  chunkInitial: 8 * KB,
  chunkIncremental: 4 * KB,
  heapInitial: 512,
  heapIncremental: 256,
  stackSlots: 512,
  meterLimit: 1e13,
};
