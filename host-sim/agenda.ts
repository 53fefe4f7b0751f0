// SPDX-License-Identifier: Apache-2.0
/**
 * What is to happen, in the order of its virtual time; at one time in the order in which it was said. `R` is what
 * doing a thing returns: a promise where the caller has to wait for it.
 */
interface Due<R> {
  atMs: number;
  order: number;
  run: () => R;
}

export class Agenda<R = unknown> {
  nowMs = 0;
  private order = 0;
  private readonly heap: Due<R>[] = [];

  get size(): number {
    return this.heap.length;
  }

  in(afterMs: number, run: () => R): void {
    this.at(this.nowMs + afterMs, run);
  }

  /** Not before now. */
  at(atMs: number, run: () => R): void {
    const { heap } = this;
    let i = heap.push({ atMs: Math.max(atMs, this.nowMs), order: this.order++, run }) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(heap[i], heap[up])) break;
      [heap[i], heap[up]] = [heap[up], heap[i]];
      i = up;
    }
  }

  /** Does the next thing, and says what it returned; undefined where nothing is left up to `untilMs`. */
  step(untilMs: number = Number.POSITIVE_INFINITY): { result: R } | undefined {
    const { heap } = this;
    const next = heap[0];
    if (!next || next.atMs > untilMs) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.sink();
    }
    this.nowMs = next.atMs;
    return { result: next.run() };
  }

  private sink(): void {
    const { heap } = this;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2])
        if (child < heap.length && before(heap[child], heap[least])) least = child;
      if (least === i) return;
      [heap[i], heap[least]] = [heap[least], heap[i]];
      i = least;
    }
  }
}

function before(a: Due<unknown>, b: Due<unknown>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
