// SPDX-License-Identifier: Apache-2.0
/** Time as the gateways of a consortium agree on it: it stands still between turns. */
import type { GatewayTime } from "../ports.ts";

export class AgreedTime implements GatewayTime {
  /** The time of the last turn. */
  atMs: number;

  /** `atMs`: what holds before the first turn, in which nothing depends on it. */
  constructor(atMs: number) {
    this.atMs = atMs;
  }

  nowMs(): number {
    return this.atMs;
  }

  /** Who waits asks for a turn (seat.ts). */
  wakeAfter(): void {}
}
