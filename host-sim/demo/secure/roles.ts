// SPDX-License-Identifier: Apache-2.0
/** Who is revoked and whose certificate ends in a secure demo, and what the data alone say of the markets. */
import type { World } from "../../worlds/types.ts";

export interface Roles {
  /** Home that is revoked when `halfSlot` slots are settled. */
  revoked: number;
  halfSlot: number;
  /** Home whose certificate ends within slot `endSlot`, at `endMs` of protocol time. */
  expired: number;
  endSlot: number;
  endMs: number;
}

/** Homes that are looked at: roles need only to be good, and pairs grow with the square. */
const CANDIDATES_MAX = 16;

/** What a market of all homes but `out` can trade in `slot`: the smaller of surplus and demand, Wh. */
export function tradableWh(world: World, slot: number, out: readonly number[]): number {
  let importWh = 0;
  let exportWh = 0;
  for (let home = 0; home < world.homes.length; home++) {
    if (out.includes(home)) continue;
    const netWh = world.netWh(home, slot);
    if (netWh > 0) importWh += netWh;
    else exportWh -= netWh;
  }
  return Math.min(importWh, exportWh);
}

/** The pair whose absence shows most, in a market that goes on without them. */
export function rolesIn(world: World): Roles {
  const halfSlot = Math.floor(world.slots / 2);
  const endSlot = Math.floor((world.slots * 3) / 4);
  const count = Math.min(CANDIDATES_MAX, world.homes.length);
  let best = { revoked: 0, expired: 1, worth: -1 };
  for (let revoked = 0; revoked < count; revoked++)
    for (let expired = 0; expired < count; expired++) {
      if (revoked === expired) continue;
      const worth = worthOf(world, revoked, expired, halfSlot, endSlot);
      if (worth > best.worth) best = { revoked, expired, worth };
    }
  const slotMs = world.slotSeconds * 1000;
  // At a slot's edge it would end before what was sold in the slot before is paid: a quarter later it does not.
  const endMs = world.startMs + endSlot * slotMs + Math.floor(slotMs / 4);
  return { revoked: best.revoked, halfSlot, expired: best.expired, endSlot, endMs };
}

/** The smallest of: what the first one's absence costs, what the second one's costs more, what is left; Wh. */
function worthOf(
  world: World,
  revoked: number,
  expired: number,
  halfSlot: number,
  endSlot: number,
): number {
  let first = 0;
  let second = 0;
  let left = 0;
  for (let slot = halfSlot + 1; slot < world.slots; slot++) {
    const without = tradableWh(world, slot, [revoked]);
    first += tradableWh(world, slot, []) - without;
    if (slot < endSlot) continue;
    const both = tradableWh(world, slot, [revoked, expired]);
    second += without - both;
    left += both;
  }
  return Math.min(first, second, left);
}
