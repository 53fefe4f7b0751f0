// SPDX-License-Identifier: Apache-2.0
/** Where leaders are found by proof-of-work: the target of the next turn, by the times of the last ones. */
import { WORK_SPAN_BLOCKS } from "#core/consensus/limits";
import { easiestTarget, nextTarget } from "#core/consensus/work";
import type { Turn } from "#core/records/turn";
import type { ConsortiumOptions } from "./ports.ts";

/** Tries that the first target takes on average: some hundredths of a second of one core. */
const FIRST_BITS = 12n;

export class Target {
  /** Undefined: leaders take turns. */
  target: bigint | undefined;
  private readonly intervalMs: number;
  private timesMs: number[] = [];

  constructor({ leader, intervalMs }: Pick<ConsortiumOptions, "leader" | "intervalMs">) {
    this.intervalMs = Math.max(1, intervalMs);
    if (leader === "proof-of-work") this.target = easiestTarget() >> FIRST_BITS;
  }

  follow({ height, atMs }: Pick<Turn, "height" | "atMs">): void {
    if (this.target === undefined) return;
    this.timesMs.push(atMs);
    this.timesMs = this.timesMs.slice(-WORK_SPAN_BLOCKS - 1);
    this.target = nextTarget(this.target, height + 1, this.timesMs, this.intervalMs);
  }
}
