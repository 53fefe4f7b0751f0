// SPDX-License-Identifier: Apache-2.0
/** How a gateway is set up. Files and flags are read and validated outside (src/node/config). */

import type { RewardTerms } from "#core/ledger/rewards";
import type { BankTerms } from "#core/records/bank";
import type { ConsortiumOptions } from "./consortium/ports.ts";
import type { FeederTerms } from "./feeder/terms.ts";

export interface GatewayOptions {
  net: string;
  area: string;
  /** Ed25519 secret key of the gateway, 32 bytes. */
  secretKey: Uint8Array;
  /** `open` admits whoever asks; otherwise the public keys (hex) that may join. */
  admit: "open" | ReadonlySet<string>;
  /** Members to wait for before the genesis block and the first slot. */
  expectNodes: number;
  /** Coins that each member of the genesis block starts with, µc. */
  genesisMicro: number;
  /** Standing order to the operator's on-ramp: an account below `belowMicro` is topped up to `toMicro`. */
  deposit: { belowMicro: number; toMicro: number } | undefined;
  /** Standing order out: an account that owns more than `aboveMicro` is paid out down to `toMicro`. */
  withdraw?: { aboveMicro: number; toMicro: number };
  slotMs: number;
  /** Protocol time at which slot 0 starts, ms. */
  worldStartMs: number;
  /** Slots to run; undefined: until stopped. */
  slots: number | undefined;
  /**
   * `wall`: protocol time is real time itself; otherwise it starts with the first slot and runs at
   * a rate.
   */
  clock: { kind: "barrier" } | { kind: "running"; ratePermille: number; wall?: boolean };
  /** Real time that a slot waits for a node that has gone silent, ms. */
  slotTimeoutMs: number;
  /** Δ and A_max (ledger 4.4, 4.2), protocol ms. */
  tickMs: number;
  ageMaxMs: number;
  /** Proof-of-time (ledger 4.4); undefined: transactions need no tokens. */
  pot?: {
    /** Slots of one epoch. */
    epochSlots: number;
    /** Witnesses and tokens of a transaction in areas of more than 16 members; undefined: 7 and 5. */
    committee?: { k: number; m: number };
    /** ε and τ of ledger 4.4, protocol ms. */
    epsilonMs: number;
    tauMs: number;
  };
  market: {
    timing: "ex-post" | "ex-ante";
    mode: "auction" | "guided";
    pricing: "uniform" | "pay-as-bid";
    kPermille: number;
  };
  /** The area's feeder meter, where it has one. */
  feeder?: FeederTerms;
  /** What leaders and sellers are rewarded by; undefined: no coins are minted for them. */
  rewards?: RewardTerms;
  /** The gateways that agree on one ledger; undefined: this one alone has it. */
  consortium?: ConsortiumOptions;
  /** The operator's bank; without it there is no credit. */
  credit?: { capitalMicro: number; terms: BankTerms };
}

/** Largest energy in a slot that a meter may show beyond its capacity, permille (metering tolerance). */
export const CAPACITY_TOLERANCE_PERMILLE = 1100;
