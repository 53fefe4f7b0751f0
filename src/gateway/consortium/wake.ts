// SPDX-License-Identifier: Apache-2.0
/** One call after some real time: of several that are asked for the first. */
import type { GatewayTime } from "../ports.ts";
import type { ConsortiumPorts } from "./ports.ts";

export class Wake {
  private readonly outside: Pick<ConsortiumPorts, "after">;
  private readonly time: Pick<GatewayTime, "nowMs">;
  private readonly run: () => void;
  private atMs: number | undefined;

  constructor(
    outside: Pick<ConsortiumPorts, "after">,
    time: Pick<GatewayTime, "nowMs">,
    run: () => void,
  ) {
    this.outside = outside;
    this.time = time;
    this.run = run;
  }

  after(delayMs: number): void {
    const atMs = this.time.nowMs() + Math.max(0, delayMs);
    if (this.atMs !== undefined && this.atMs <= atMs) return;
    this.atMs = atMs;
    this.outside.after(delayMs, () => {
      if (this.atMs !== atMs) return;
      this.atMs = undefined;
      this.run();
    });
  }
}
