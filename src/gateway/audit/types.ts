// SPDX-License-Identifier: Apache-2.0
/** What an audit needs, what it finds, and what it can tell a report on its way. */
import type { Crypto } from "#core/crypto/port";
import type { CreditFacts } from "../credit/facts.ts";
import type { FeederTest } from "../feeder/check.ts";
import type { FeederTerms } from "../feeder/terms.ts";
import type { VerifyJob } from "../ports.ts";
import type { AuditCode } from "./codes.ts";

export interface AuditPorts {
  crypto: Crypto;
  /** Checks many signatures at once; default: one by one with `crypto.verify`. */
  verifyBatch?: (batch: readonly VerifyJob[]) => boolean[];
  /** Whether a part of a beacon is its gateway's (BLS); default: it is not looked at. */
  verifyPart?: (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** What a fault is about, as far as it applies. */
export interface Which {
  /** Name of the member, or its id where it is not one. */
  node?: string;
  slot?: number;
  height?: number;
  txid?: string;
  /** Number of the node's message. */
  seq?: number;
}

/** One thing that is wrong, and the entry of the log that shows it. */
export interface Fault {
  index: number;
  kind: string;
  which: Which;
  code: AuditCode;
  detail: string;
}

/** Net flow of one member between two consecutive readings; usually one slot. */
export interface NetFlow {
  node: string;
  /**
   * The last slot between them, and how many there are (more than one where readings are missing).
   */
  slot: number;
  slots: number;
  importMwh: bigint;
  exportMwh: bigint;
}

/** One contract that was settled. Ids are hex. */
export interface Settlement {
  slot: number;
  seller: string;
  buyer: string;
  qtyWh: number;
  priceMicro: number;
  ecashMicro: number;
  soldTx: string;
  /** undefined where the buyer did not answer and its meter decided. */
  boughtTx: string | undefined;
  arbitrated: boolean;
  height: number;
}

/** What a member owned after a slot. */
export interface Balance {
  node: string;
  freeMicro: number;
  lockedMicro: number;
}

export interface SlotSummary {
  slot: number;
  /** Contracts made, and what of them was settled. */
  contracts: number;
  contractedWh: number;
  tradedWh: number;
  paidMicro: number;
  /** Volume-weighted price of the contracts, µc/kWh, rounded down; undefined without any. */
  priceMicro: number | undefined;
  missed: string[];
}

export interface AuditOptions {
  /** The gateway that the reader trusts to have kept this log; undefined: whatever the log says. */
  gatewayKey?: Uint8Array;
  /** Faults kept; all are counted. Default 100. */
  faultsMax?: number;
  onProgress?: (entries: number) => void;
  onSettlement?: (settlement: Settlement) => void;
  onNet?: (net: NetFlow) => void;
  onSlot?: (slot: SlotSummary) => void;
  onBalances?: (slot: number, height: number, balances: Balance[]) => void;
}

export interface CoinTotals {
  genesisMicro: number;
  mintedMicro: number;
  walletsMicro: number;
  lockedMicro: number;
  reservesMicro: number;
  burnedMicro: number;
  /** In wallets that banks share with borrowers; only where there is credit. */
  sharedMicro?: number;
}

/** What the feeder meter says of the members' meters. */
export interface FeederSummary {
  /** The feeder meter, and how many slots could be judged since it was last named. */
  name: string;
  /** What it was judged by; the gateway's operator chose it. */
  terms: FeederTerms;
  judgedSlots: number;
  unjudgedSlots: number;
  /** Alarms over the whole log; the first of them are kept. */
  alarmCount: number;
  alarms: {
    test: FeederTest;
    slot: number;
    /** Feeder less members in the stretch that ended with the slot. */
    missingWh: number;
    suspects: {
      node: string;
      register: "import" | "export";
      permille: number;
      errorPermille: number;
    }[];
  }[];
}

/** The latest state of the log that came in the place of turns. */
export interface StateSummary {
  /** Its entry, and the height of the turn that follows it. */
  entry: number;
  height: number;
  /** Ids (hex) of the gateways that signed it; none where the gateway dropped what led to it. */
  by: string[];
  /** Entries that the gateway dropped from this log. */
  dropped: number;
}

export interface AuditSummary {
  net: string;
  area: string;
  /** Public key of the gateway that kept the log, hex. */
  gatewayKey: string;
  slotMs: number;
  worldStartMs: number;
  entries: number;
  /** Turns of its consortium; 0 where the gateway decided alone. */
  turns: number;
  /** Where a state took the place of turns: what follows it could be checked in part only. */
  state?: StateSummary;
  members: { id: string; name: string }[];
  slotsSettled: number;
  slotsWithTrade: number;
  slots: SlotSummary[];
  contracts: number;
  settlements: number;
  arbitrated: number;
  /** SOLDs whose two meters were too far apart: the difference was frozen. */
  frozen: number;
  contractedWh: number;
  tradedWh: number;
  paidMicro: number;
  coins: CoinTotals;
  /** Where there is a bank. */
  credit?: CreditFacts;
  readings: number;
  orders: number;
  /** Events of meters, and how many of which kind. */
  events: number;
  eventsByKind: Record<string, number>;
  transactions: number;
  blocks: number;
  signaturesVerified: number;
  /** Messages refused at intake, transactions rejected by blocks, and both by code. */
  refused: number;
  rejectedTxs: number;
  notAcceptedByCode: Record<string, number>;
  missedSlots: { slot: number; nodes: string[] }[];
  /** undefined where no feeder meter was ever named. */
  feeder: FeederSummary | undefined;
  /** Epochs of proof-of-time that began. */
  epochs: number;
  /** Tokens whose signature was checked; transactions with tokens of the gateway in place of witnesses. */
  tokensChecked: number;
  byGatewayTxs: number;
  /** PROMOTEs among the transactions. */
  promotes: number;
  /** Votes counted; transactions that they accepted before a block held them. */
  votes: number;
  acceptedTxs: number;
  /** Names of members that voted for two transactions of one number, and of those proven a fraud. */
  doubleVoters: string[];
  suspended: string[];
  /** Id of the last block, hex, and its height. */
  head: { id: string; height: number } | undefined;
  /** Faults found, kept or not. */
  faults: number;
}

export type AuditResult =
  | { ok: true; summary: AuditSummary }
  | { ok: false; faults: Fault[]; summary: AuditSummary };
