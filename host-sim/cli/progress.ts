// SPDX-License-Identifier: Apache-2.0
/**
 * What a command says while it works: one line that changes on a terminal, a line every few seconds
 * elsewhere.
 */

const PLAIN_EVERY_MS = 5000;
const TTY_EVERY_MS = 100;

export class Progress {
  private readonly out: NodeJS.WriteStream;
  private lastMs = 0;
  private shown = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.out = out;
  }

  /** The present state of the work; shown when enough time has passed since the last. */
  update(line: () => string): void {
    const now = performance.now();
    if (now - this.lastMs < (this.out.isTTY ? TTY_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.lastMs = now;
    if (this.out.isTTY) {
      this.out.write(`\r\x1b[2K${line()}`);
      this.shown = true;
    } else this.out.write(`${line()}\n`);
  }

  /** A line that stays. */
  say(line: string): void {
    this.clear();
    this.out.write(`${line}\n`);
  }

  clear(): void {
    if (!this.shown) return;
    this.out.write("\r\x1b[2K");
    this.shown = false;
  }
}

/** Seconds since `startMs` (performance.now) and an estimate of what is left, for a progress line. */
export function pace(done: number, total: number, startMs: number): string {
  const seconds = (performance.now() - startMs) / 1000;
  const left = done > 0 ? Math.ceil((seconds / done) * (total - done)) : undefined;
  return `${seconds.toFixed(0)} s${left === undefined ? "" : `, about ${left} s left`}`;
}
