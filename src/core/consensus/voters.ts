// SPDX-License-Identifier: Apache-2.0
/**
 * Sets of gateways as bit maps: place 0 is the lowest bit of the first byte, and the last byte is not zero.
 */

/** The bit map of the places for which `has` says yes. */
export function votersOf(size: number, has: (place: number) => boolean): Uint8Array {
  const map = new Uint8Array((size + 7) >> 3);
  let used = 0;
  for (let i = 0; i < size; i++)
    if (has(i)) {
      map[i >> 3] |= 1 << (i & 7);
      used = (i >> 3) + 1;
    }
  return map.slice(0, used);
}

/** Whether the bit map has this place. */
export function hasVoter(map: Uint8Array, place: number): boolean {
  return ((map[place >> 3] ?? 0) & (1 << (place & 7))) !== 0;
}

/** Places in a bit map. */
export function countVoters(map: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < map.length * 8; i++) if (hasVoter(map, i)) count++;
  return count;
}
