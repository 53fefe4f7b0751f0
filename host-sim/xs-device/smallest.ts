// SPDX-License-Identifier: Apache-2.0
/** The smallest static arena in which something runs, by bisection. */
import type { XsCreation } from "../xs-host/host.ts";

const KB = 1024;

/**
 * Less than anything needs to begin with, and fine steps: the engine takes the first pieces whether or not
 * they are needed, so that the device's own, which spare it collections, would hide how small it could be.
 */
export const SMALL_PIECES = Object.freeze({
  chunkInitial: 8192,
  chunkIncremental: 1024,
  heapInitial: 1536,
  heapIncremental: 64,
});

/** What a run in an arena came to: why it failed, and the bytes that it took where it did not. */
export interface Trial {
  failure: string | undefined;
  arenaBytes: number;
}

/** Runs in an arena. */
export type Try = (creation: XsCreation) => Promise<Trial>;

/**
 * Whole KB, at most `creation.staticBytes`; undefined where it does not run in that. The first pieces of
 * `creation` (chunks, slots, stack) stay as they are, see SMALL_PIECES.
 *
 * @param whole what has to run in the end
 * @param part the part of it that takes most memory: what fails it fails the whole too, and sooner
 */
export async function smallestArenaKb(
  creation: XsCreation,
  whole: Try,
  part: Try = whole,
  say: (text: string) => void = () => {},
): Promise<number | undefined> {
  const inKb = async (kb: number, run: Try) => {
    const { failure } = await run({ ...creation, staticBytes: kb * KB });
    say(`${kb} KB: ${failure?.split("\n")[0] ?? "runs"}`);
    return failure === undefined;
  };
  const first = await whole(creation);
  if (first.failure) return undefined;
  const enough = Math.ceil(first.arenaBytes / KB);
  let fits = enough;
  let tooSmall = Math.floor(firstBytes(creation) / KB) - 1;
  say(`${fits} KB of ${creation.staticBytes! / KB} KB are taken where there is room`);
  while (fits - tooSmall > 1) {
    const kb = Math.floor((fits + tooSmall) / 2);
    if (await inKb(kb, part)) fits = kb;
    else tooSmall = kb;
  }
  // As many as it took at first are enough, whatever the part says.
  while (fits < enough && !(await inKb(fits, whole))) fits++;
  return fits;
}

/** Of the first pieces; a slot has 16 bytes in 32 bits. */
function firstBytes({ chunkInitial, heapInitial, stackSlots }: XsCreation): number {
  return chunkInitial + 16 * (heapInitial + stackSlots);
}
