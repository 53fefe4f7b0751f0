// SPDX-License-Identifier: Apache-2.0
/**
 * Whose requests wait, and who makes room for whom. Keys cost nothing, so that whoever floods can fill any
 * number of places. Those whom the operator expects or the authority has certified have their place before
 * all others. Of the others, strangers, each address has its share: the one with the most makes room, by its
 * oldest request. So a flood from one address pushes itself out.
 */
import { EXPECTED_MAX, REQUESTS_MAX } from "#core/limits";

export interface Waiting {
  readonly signed: Uint8Array;
  /** Where the node spoke from; "" where that is not known. */
  from: string;
  /** The authority has certified this node before. */
  certified: boolean;
  /** Whether it is in its file: one that took another's place is written with the next look. */
  written: boolean;
}

/** The requests, the oldest first. */
export class WaitingRequests {
  readonly #waiting = new Map<string, Waiting>();

  get size(): number {
    return this.#waiting.size;
  }

  get(id: string): Waiting | undefined {
    return this.#waiting.get(id);
  }

  /** Heard again, the same wish: nothing but its place changes. */
  heard(id: string, from: string, certified: boolean): void {
    const waiting = this.#waiting.get(id);
    if (waiting) this.set(id, { ...waiting, from, certified });
  }

  /** As the newest. */
  set(id: string, waiting: Waiting): void {
    this.#waiting.delete(id);
    this.#waiting.set(id, waiting);
  }

  delete(id: string): void {
    this.#waiting.delete(id);
  }

  ids(): string[] {
    return [...this.#waiting.keys()];
  }

  unwritten(): [string, Waiting][] {
    return [...this.#waiting].filter(([, { written }]) => !written);
  }

  /** Whether one more of `from` finds room: true, false, or the id of the stranger that has to go. */
  roomFor(from: string, expected: ReadonlySet<string>): boolean | string {
    if (this.#waiting.size < REQUESTS_MAX) return true;
    const strangers = [...this.#waiting].filter(
      ([id, { certified }]) => !certified && !expected.has(id),
    );
    const shares = new Map<string, number>([[from, 1]]);
    for (const [, waiting] of strangers)
      shares.set(waiting.from, (shares.get(waiting.from) ?? 0) + 1);
    const most = Math.max(...shares.values());
    return strangers.find(([, waiting]) => shares.get(waiting.from) === most)?.[0] ?? false;
  }
}

/**
 * The operator's list of nodes that he expects: a line for each, with its id or public key in hex or the text
 * that it shows to be scanned; what follows a # is a remark.
 */
export function expectedIn(
  text: string,
  idOf: (publicKey: string) => string,
): { ids: ReadonlySet<string>; faults: number } {
  const ids = new Set<string>();
  let faults = 0;
  for (const line of text.split("\n")) {
    const word = line.replace(/#.*$/, "").trim().toLowerCase();
    if (word === "") continue;
    const [, key] = /^(?:wattle1:)?([0-9a-f]{64})(?::[0-9a-z-]{9})?$/.exec(word) ?? [];
    if (ids.size >= EXPECTED_MAX) faults++;
    else if (key) ids.add(idOf(key));
    else if (/^[0-9a-f]{32}$/.test(word)) ids.add(word);
    else faults++;
  }
  return { ids, faults };
}
