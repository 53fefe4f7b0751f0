// SPDX-License-Identifier: Apache-2.0
/**
 * A node's clocks, which stand still within an event: events are short, and each question of a node on XS
 * crosses two pipes. The same on both engines, so that both say the same.
 */

export interface Clocks {
  uptimeMs(): number;
  utcMs(): number;
}

export class EventTime implements Clocks {
  private readonly clocks: Clocks;
  private uptime: number | undefined;
  private utc: number | undefined;

  constructor(clocks: Clocks) {
    this.clocks = clocks;
  }

  uptimeMs(): number {
    return (this.uptime ??= this.clocks.uptimeMs());
  }

  utcMs(): number {
    return (this.utc ??= this.clocks.utcMs());
  }

  /** The next event begins. */
  begin(): void {
    this.uptime = undefined;
    this.utc = undefined;
  }
}
