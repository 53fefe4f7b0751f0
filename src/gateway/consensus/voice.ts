// SPDX-License-Identifier: Apache-2.0
/**
 * All that this gateway signs in a consensus goes through here: one proposal, one prevote and one precommit
 * in a round, never in a round before the last one that it spoke in, and each remembered before it is sent.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import {
  type GatewayVote,
  gatewayVoteRecord,
  Phase,
  type Proposal,
  proposalRecord,
  proposedRecord,
  type Status,
  statusRecord,
} from "#core/records/consensus";
import type { Outbox } from "./outbox.ts";
import { type Stored, silentAt } from "./stored.ts";
import type { Block, MachineOptions, ProposedMessage, VoteMessage } from "./types.ts";

/** What of a vote is the caller's to say. */
type Said = Pick<GatewayVote, "phase" | "round" | "block" | "code" | "heard" | "agreed">;

export class Voice {
  readonly idHex: string;
  /** The last words and bonds; durable with the turn's outputs. */
  own: Stored = silentAt(0, 0);
  /** The precommits that ended the round before the present one. */
  way: Uint8Array[] = [];
  private readonly options: MachineOptions;
  private readonly crypto: Crypto;
  private readonly out: Outbox;
  private readonly publicKey: Uint8Array;

  constructor(options: MachineOptions, crypto: Crypto, out: Outbox) {
    this.options = options;
    this.crypto = crypto;
    this.out = out;
    this.idHex = toHex(options.id);
    this.publicKey = crypto.publicKey(options.secretKey);
  }

  /** The key that it signs with is the one that the height's set has for it. */
  isKey(publicKey: Uint8Array): boolean {
    return toHex(publicKey) === toHex(this.publicKey);
  }

  /** A height begins: what was said below it binds no more. */
  begin(height: number): void {
    if (this.own.height < height) this.own = silentAt(height, this.own.speaksFrom);
  }

  /** Whether it may speak at this height at all. */
  speaksAt(height: number): boolean {
    return height >= this.own.speaksFrom && height >= this.own.height;
  }

  vote(height: number, said: Said): VoteMessage {
    const { net, id: voter, secretKey } = this.options;
    const own = this.wordsOf(height, said.round);
    const slot = said.phase === Phase.prevote ? "prevote" : "precommit";
    assert(own[slot] === undefined, "CONSENSUS_TWICE", `${slot} at ${height}/${said.round}`);
    const vote: GatewayVote = { net, height, voter, ...said };
    const { bytes, id } = signRecord(gatewayVoteRecord, this.crypto, secretKey, vote);
    own[slot] = bytes;
    this.out.dirty = true;
    this.out.send("vote", bytes);
    const block = vote.block ? toHex(vote.block) : "";
    const { publicKey } = this;
    return { type: "vote", vote, block, from: this.idHex, publicKey, bytes, record: id };
  }

  propose(
    height: number,
    round: number,
    block: Block,
    said: { validRound: number | undefined; nonce: number | undefined; polka: Uint8Array[] },
  ): ProposedMessage {
    const { net, id: proposer, secretKey } = this.options;
    const own = this.wordsOf(height, round);
    assert(own.proposal === undefined, "CONSENSUS_TWICE", `proposal at ${height}/${round}`);
    const { validRound, nonce, polka } = said;
    const proposal: Proposal = {
      net,
      height,
      round,
      validRound,
      proposer,
      block: block.id,
      nonce,
    };
    const { bytes, id } = signRecord(proposalRecord, this.crypto, secretKey, proposal);
    own.proposal = bytes;
    this.out.dirty = true;
    const { header, plan } = block;
    const message = proposedRecord.encode({ proposal: bytes, header, plan, polka });
    this.out.send("proposed", message);
    const { publicKey, idHex: from } = this;
    const heard = { from, publicKey, bytes, record: id };
    return { type: "proposed", proposal, block, polka: [], message, ...heard };
  }

  /** Where it stands; nothing follows from it, so that it is not remembered. */
  status(said: Omit<Status, "net" | "gateway">, to?: string): void {
    const { net, id: gateway, secretKey } = this.options;
    const { bytes } = signRecord(statusRecord, this.crypto, secretKey, { net, gateway, ...said });
    this.out.send("status", bytes, to);
  }

  /** The words of this round: none yet, where it is later than the last one. */
  private wordsOf(height: number, round: number): Stored {
    const { own } = this;
    assert(this.speaksAt(height), "CONSENSUS_TWICE", `height ${height}`);
    assert(own.height === height, "CONSENSUS_HEIGHT", `${own.height}, not ${height}`);
    assert(round >= own.round, "CONSENSUS_TWICE", `round ${round} after ${own.round}`);
    if (round > own.round) {
      own.round = round;
      own.proposal = undefined;
      own.prevote = undefined;
      own.precommit = undefined;
      own.way = this.way;
    }
    return own;
  }
}
