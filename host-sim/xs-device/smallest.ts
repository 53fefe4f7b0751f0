// SPDX-License-Identifier: Apache-2.0
/** The smallest static arena in which something runs, by bisection. */
import type { XsCreation } from "../xs-host/host.ts";

const KB = 1024;

/** What a run in an arena came to: why it failed, and the bytes that it took where it did not. */
export interface Trial {
  failure: string | undefined;
  arenaBytes: number;
}

/**
 * Whole KB, at most `creation.staticBytes`; undefined where it does not run in that. The first pieces of
 * `creation` (chunks, slots, stack) stay as they are, so that it is the device's heap that is squeezed.
 */
export async function smallestArenaKb(
  creation: XsCreation,
  run: (creation: XsCreation) => Promise<Trial>,
  say: (text: string) => void = () => {},
): Promise<number | undefined> {
  const most = creation.staticBytes!;
  const first = await run(creation);
  if (first.failure) return undefined;
  let fits = Math.ceil(first.arenaBytes / KB);
  const { chunkInitial, heapInitial, stackSlots } = creation;
  let tooSmall = Math.floor((chunkInitial + 16 * (heapInitial + stackSlots)) / KB) - 1;
  say(`${fits} KB of ${most / KB} KB are taken where there is room`);
  while (fits - tooSmall > 1) {
    const kb = Math.floor((fits + tooSmall) / 2);
    const { failure } = await run({ ...creation, staticBytes: kb * KB });
    say(`${kb} KB: ${failure?.split("\n")[0] ?? "runs"}`);
    if (failure) tooSmall = kb;
    else fits = kb;
  }
  return fits;
}
