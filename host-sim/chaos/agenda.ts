// SPDX-License-Identifier: Apache-2.0
/** What is to happen, in the order of its virtual time; at one time in the order in which it was said. */

interface Due {
  atMs: number;
  order: number;
  run: () => void;
}

export class Agenda {
  nowMs = 0;
  private order = 0;
  private readonly heap: Due[] = [];

  get size(): number {
    return this.heap.length;
  }

  in(afterMs: number, run: () => void): void {
    const { heap } = this;
    let i = heap.push({ atMs: this.nowMs + Math.max(0, afterMs), order: this.order++, run }) - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (!before(heap[i], heap[up])) break;
      [heap[i], heap[up]] = [heap[up], heap[i]];
      i = up;
    }
  }

  /** Does the next thing; false where nothing is left before `untilMs`. */
  step(untilMs: number): boolean {
    const { heap } = this;
    const next = heap[0];
    if (!next || next.atMs > untilMs) return false;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      this.sink();
    }
    this.nowMs = next.atMs;
    next.run();
    return true;
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

function before(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
