// SPDX-License-Identifier: Apache-2.0
/** What goes into the consensus machine and what comes out of it (README.md beside this file). */
import type { ProposedBlock } from "#core/consensus/block-id";
import type { ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import type { GatewayVote, Proposal, Quorum, Status } from "#core/records/consensus";

/** A block with its id, and the id in hex, by which it is looked up. */
export interface Block extends ProposedBlock {
  readonly id: Uint8Array;
  readonly key: string;
}

/** What all verified messages have. */
interface Heard {
  /** Id of the gateway that it came from, in hex: the signer where it is signed, else the sender. */
  readonly from: string;
}

/** What a signature was checked with, and the bytes to pass on. */
interface SignedHeard extends Heard {
  readonly publicKey: Uint8Array;
  /** The signed record as it came. */
  readonly bytes: Uint8Array;
  /** Id of the record: two words are the same where this is the same. */
  readonly record: Uint8Array;
}

/** What a vote says, whether or not its signature is checked yet. */
export interface VoteHead extends Pick<SignedHeard, "from" | "record"> {
  readonly vote: GatewayVote;
  /** The block's id in hex; empty for nil. */
  readonly block: string;
  /** Once it is checked. */
  readonly publicKey?: Uint8Array;
}

export interface VoteMessage extends SignedHeard, VoteHead {
  readonly type: "vote";
  readonly publicKey: Uint8Array;
}

/** What a proposal says, whether or not its signature is checked yet. */
export interface ProposalHead extends Pick<SignedHeard, "from" | "record"> {
  readonly proposal: Proposal;
}

export interface ProposedMessage extends SignedHeard, ProposalHead {
  readonly type: "proposed";
  readonly block: Block;
  readonly polka: readonly VoteMessage[];
  /** The whole message, to send it again. */
  readonly message: Uint8Array;
}

export interface QuorumMessage extends Heard {
  readonly type: "quorum";
  readonly quorum: Quorum;
  /** Of the block that it is for, in hex. */
  readonly block: string;
}

/** `quorum` is for this block; whether it is a quorum is not checked yet. */
export interface DecisionMessage extends Heard {
  readonly type: "decision";
  readonly block: Block;
  readonly quorum: Quorum;
}

/** Signed votes that are said to be those of a quorum; whether they are is not checked yet. */
export interface PolkaMessage extends Heard {
  readonly type: "polka";
  readonly block: Block;
  readonly votes: readonly VoteMessage[];
}

export interface StatusMessage extends SignedHeard {
  readonly type: "status";
  readonly status: Status;
}

/** A message whose form and signatures are in order (open.ts). */
export type Message =
  | VoteMessage
  | ProposedMessage
  | QuorumMessage
  | DecisionMessage
  | PolkaMessage
  | StatusMessage;

export type MessageKind = Message["type"];

/** What a height begins with: it follows from the blocks before. */
export interface HeightContext {
  readonly height: number;
  readonly validators: ValidatorSet;
  /** Whatever names the last block: proof-of-work is done over it. */
  readonly prev: Uint8Array;
  /** Target of proof-of-work; with it several gateways may propose in a round. */
  readonly target?: bigint;
}

export type TimerKind = "propose" | "window" | "prevote" | "precommit" | "show" | "repeat";

/**
 * What is known at a start. `fresh`: this key has never signed for a consensus. Otherwise it has: `state`
 * is what was persisted last, and where that is missing or damaged nobody knows what was signed. `nonce`:
 * 16 random bytes.
 */
export type Known =
  | { readonly fresh: true }
  | { readonly state: Uint8Array | undefined; readonly nonce: Uint8Array };

export type Input =
  | { readonly type: "restart"; readonly known: Known; readonly context: HeightContext }
  | { readonly type: "message"; readonly message: Message }
  | {
      readonly type: "timer";
      readonly kind: TimerKind;
      readonly height: number;
      readonly round: number;
    }
  /** The application has something for a block. */
  | { readonly type: "wanted" }
  /** It has been quiet: others may not know how far this gateway is. */
  | { readonly type: "here" }
  /** Asked for by `make`; without a block it has nothing to propose. */
  | {
      readonly type: "made";
      readonly height: number;
      readonly round: number;
      readonly block?: ProposedBlock;
    }
  /** Asked for by `work`. */
  | {
      readonly type: "worked";
      readonly height: number;
      readonly round: number;
      readonly nonce: number;
    }
  /** Asked for by `check`: 0, or what is wrong with the block (errors/codes.ts). */
  | {
      readonly type: "checked";
      readonly height: number;
      readonly block: Uint8Array;
      readonly certified: boolean;
      readonly code: number;
    }
  /** The decided block is applied, and this is the next height. */
  | { readonly type: "applied"; readonly context: HeightContext };

export type Output =
  /** Has to be durable, and the chain before it, before any output that follows. */
  | { readonly type: "persist"; readonly state: Uint8Array }
  /** To one gateway, by id in hex, or to all others. */
  | {
      readonly type: "send";
      readonly to?: string;
      readonly kind: MessageKind;
      readonly bytes: Uint8Array;
    }
  /** Comes back as an input after so long; where height or round have passed, it does nothing. */
  | {
      readonly type: "timer";
      readonly kind: TimerKind;
      readonly height: number;
      readonly round: number;
      readonly afterMs: number;
    }
  | { readonly type: "make"; readonly height: number; readonly round: number }
  /** Find a nonce for this seed under the target; the latest one asked for replaces those before. */
  | {
      readonly type: "work";
      readonly height: number;
      readonly round: number;
      readonly seed: Uint8Array;
      readonly target: bigint;
    }
  /** Audit the block. `certified`: a quorum stands for it, so that clocks do not matter any more. */
  | {
      readonly type: "check";
      readonly height: number;
      readonly block: Block;
      readonly certified: boolean;
    }
  /** Apply the block, and say `applied`. */
  | {
      readonly type: "decide";
      readonly height: number;
      readonly block: Block;
      readonly quorum: Quorum;
      /** The record of that. */
      readonly certificate: Uint8Array;
    }
  /** Send decisions from this height on to a gateway that is behind. */
  | { readonly type: "serve"; readonly to: string; readonly fromHeight: number }
  /** Somebody said two things. */
  | { readonly type: "evidence"; readonly gateway: string; readonly bytes: Uint8Array }
  /** A quorum stands for a block that this gateway finds wrong: one of the two is broken. Nothing goes on. */
  | {
      readonly type: "disagree";
      readonly height: number;
      readonly block: Block;
      readonly code: number;
    }
  | { readonly type: "drop"; readonly from: string; readonly code: Code; readonly detail: string };

/** Times of round 0, and how much longer each round waits than the one before, ms. */
export interface Timeouts {
  readonly proposeMs: number;
  readonly voteMs: number;
  readonly stepMs: number;
  /** Proof-of-work: how long after the first proposal others are waited for. */
  readonly windowMs: number;
  /** Where nothing goes on for so long, what was said is said again. */
  readonly repeatMs: number;
}

export interface MachineOptions {
  readonly net: string;
  /** This gateway's id. */
  readonly id: Uint8Array;
  readonly secretKey: Uint8Array;
  readonly timeouts: Timeouts;
}

export interface MachinePorts {
  readonly crypto: Crypto;
}
