// SPDX-License-Identifier: Apache-2.0
/**
 * All that is known of the height that is being agreed on. The rules are in proposing, auditing and
 * counting.ts.
 */
import type { ValidatorSet } from "#core/consensus/validators";
import type { Crypto } from "#core/crypto/port";
import type { Quorum } from "#core/records/consensus";
import { Blocks } from "./blocks.ts";
import type { Outbox } from "./outbox.ts";
import { Rounds } from "./rounds.ts";
import type { Block, HeightContext, MachineOptions } from "./types.ts";
import type { Voice } from "./voice.ts";

/** Where a gateway is in a round. */
export const Step = Object.freeze({ idle: 0, propose: 1, prevote: 2, precommit: 3, decided: 4 });

/** What a machine has for all its heights. */
export interface Tools {
  readonly options: MachineOptions;
  readonly crypto: Crypto;
  readonly voice: Voice;
  readonly out: Outbox;
}

export class Height {
  readonly context: HeightContext;
  readonly tools: Tools;
  readonly rounds: Rounds;
  readonly blocks: Blocks;
  /** This gateway's place in the set; -1 where it only looks on. */
  readonly place: number;
  round = 0;
  step: number = Step.idle;
  /**
   * The block that it precommitted last: it prevotes for no other, but for one that a later quorum prevoted.
   */
  locked: { round: number; block: string } | undefined;
  /** The block that a quorum prevoted last: what it proposes. */
  valid: { round: number; block: Block; polka: Uint8Array[] } | undefined;
  /** A quorum's prevotes that somebody showed, until their block is audited. */
  shown: { round: number; block: Block; polka: Uint8Array[] } | undefined;
  /** A quorum of precommits, its own count or somebody's certificate. */
  certificate: { quorum: Quorum; block: string } | undefined;
  /** Proof-of-work that is under way, and whether the window for proposals is over. */
  working: { block: Block; validRound: number | undefined; polka: Uint8Array[] } | undefined;
  windowOver = false;
  /** Who showed votes or a certificate with a signature that is none: it brings no more of them here. */
  readonly distrusted = new Set<string>();
  /** A quorum stands for a block that is wrong here: nothing goes on. */
  broken = false;

  constructor(context: HeightContext, tools: Tools) {
    const { height, validators } = context;
    const { voice, out } = tools;
    this.context = context;
    this.tools = tools;
    this.rounds = new Rounds(validators.size);
    this.blocks = new Blocks((block, certified) =>
      out.push({ type: "check", height, block, certified }),
    );
    const place = validators.indexOf(voice.idHex);
    this.place = place >= 0 && voice.isKey(validators.list[place].publicKey) ? place : -1;
  }

  get number(): number {
    return this.context.height;
  }

  get set(): ValidatorSet {
    return this.context.validators;
  }

  /** Whether it may sign anything at this height. */
  get speaks(): boolean {
    return this.place >= 0 && this.tools.voice.speaksAt(this.number);
  }

  /** The latest round of which a quorum's prevotes for a block are known; -1 before. */
  get knownRound(): number {
    return Math.max(this.valid?.round ?? -1, this.shown?.round ?? -1);
  }

  get byWork(): boolean {
    return this.context.target !== undefined;
  }
}
