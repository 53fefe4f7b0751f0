// SPDX-License-Identifier: Apache-2.0
/** What the processes of a measurement tell each other. */

/** To the generator of load. */
export type Command =
  | { type: "join"; port: number; gatewayKey: string; members: number; proofOfTime: boolean }
  | { type: "sign"; count: number; turnMs: number; distance: number }
  /** Closed loop: as many under way as `inFlight`. Open loop: `perSecond`, whatever comes back. */
  | { type: "run"; inFlight: number }
  | { type: "run"; perSecond: number }
  /** Until a block holds what was said. */
  | { type: "final" }
  | { type: "end" };

export interface RunResult {
  count: number;
  /** From the first publish to the last receipt, ms. */
  elapsedMs: number;
  /** From the publish to the receipt, ms. */
  p50: number;
  p99: number;
  max: number;
  /** How much later than planned the generator itself published in an open loop, ms. */
  latenessP99: number;
  /** Refused by the gateway: should be none. */
  refused: number;
}

/** To the gateway's process. */
export type Question = { type: "usage" } | { type: "bound" } | { type: "stop" };

/** What the gateway's process used since it began. */
export interface Usage {
  /** Processor time of all threads of the process, and of its main thread, µs. */
  cpuUs: number;
  mainUs: number;
  /** Processor time of the main thread within appends to the log, µs. */
  storeUs: number;
  /** Wall time in them, ms. */
  storeMs: number;
  commits: number;
  entries: number;
  transactions: number;
  signatures: number;
  inWorkers: number;
  rejected: number;
  notAccepted: Record<string, number>;
  blocks: number;
  rssBytes: number;
  /** On the heap and beside it, in use. */
  heapBytes: number;
}

export interface Bound {
  /** Processor time of one verification, µs. */
  verifyUs: number;
}
