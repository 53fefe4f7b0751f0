// SPDX-License-Identifier: Apache-2.0
/**
 * Signatures are what a message costs, and one that lies sends what it likes: what would come to nothing at
 * the present height and round is refused before any is checked. Nothing else follows from a refusal here,
 * so that a machine without it comes to the same.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { type Refusal, refuse } from "#core/errors/codes";
import { Phase } from "#core/records/consensus";
import type { Future } from "./future.ts";
import { type Height, Step } from "./height.ts";
import { agree, isPolka, proposalFault } from "./proposing.ts";
import type { Round } from "./rounds.ts";
import type { Message, ProposalHead, VoteHead, VoteMessage } from "./types.ts";

/** What there is to compare with: the machine's own. */
export interface SieveOf {
  readonly height: Height;
  readonly future: Future;
  /** Whose equivocations were told at this height. */
  readonly told: ReadonlySet<string>;
}

/** A record of this author that is kept where this word would be. */
type Kept = (round: Round, place: number) => { readonly record: Uint8Array } | undefined;

export class Sieve {
  private readonly of: () => SieveOf;

  constructor(of: () => SieveOf) {
    this.of = of;
  }

  /** Why nothing would follow from a message that `sender` (id in hex) brings; undefined where it may. */
  fault(message: Message, sender: string): Refusal | undefined {
    if (message.type === "vote") return this.voteFault(message);
    if (message.type === "proposed")
      return this.proposalFault(message) ?? this.polkaOfFault(message, message.polka, sender);
    if (message.type === "polka")
      return this.polkaFault(message.block.key, message.votes, message.from);
    return undefined;
  }

  voteFault(head: VoteHead): Refusal | undefined {
    const { height, round, phase } = head.vote;
    return this.wordFault(head, height, round, (at, place) => {
      const tally = phase === Phase.prevote ? at.prevotes : at.precommits;
      return tally.votes[place];
    });
  }

  /** Of a proposal without the prevotes that it leans on. */
  proposalFault(head: ProposalHead): Refusal | undefined {
    const { height, round } = head.proposal;
    return this.wordFault(head, height, round, ({ proposals }, place) => proposals.get(place));
  }

  /** It proves that its author said two things, whatever it leans on. */
  isSecond({ proposal, from }: Omit<ProposalHead, "record">): boolean {
    const { height: h } = this.of();
    const round = proposal.height === h.number ? h.rounds.get(proposal.round) : undefined;
    return round?.proposals.has(h.set.indexOf(from)) ?? false;
  }

  /** Of these prevotes, as far as it can be seen without their signatures. */
  polkaOfFault(
    { proposal, from }: Omit<ProposalHead, "record">,
    polka: readonly VoteHead[],
    sender: string,
  ): Refusal | undefined {
    const { height: h } = this.of();
    if (proposal.height === h.number) {
      const place = h.set.indexOf(from);
      if (this.isSecond({ proposal, from })) return undefined;
      const fault = proposalFault(h, { proposal, polka }, place);
      if (fault) return refuse(fault, `round ${proposal.round}`);
    } else {
      const { height, validRound: round = 0 } = proposal;
      if (!agree(polka, { height, round, block: toHex(proposal.block) }))
        return refuse("PROPOSAL_POLKA", `height ${height}`);
    }
    return polka.length > 0 ? this.senderFault(sender) : undefined;
  }

  polkaFault(block: string, votes: readonly VoteHead[], sender: string): Refusal | undefined {
    const { height: h } = this.of();
    const { height, round } = votes[0].vote;
    if (height !== h.number || h.step === Step.decided)
      return refuse(height > h.number ? "HEIGHT_FUTURE" : "HEIGHT_PAST", `${height}`);
    if (round <= h.knownRound) return refuse("DUPLICATE", `prevotes of round ${round}`);
    if (!isPolka(h, votes, block, round)) return refuse("PROPOSAL_POLKA", `round ${round}`);
    return this.senderFault(sender);
  }

  /** The vote that is kept and came as these very bytes: its signature is checked already. */
  known({ vote, from }: VoteHead, bytes: Uint8Array): VoteMessage | undefined {
    const { height: h } = this.of();
    const round = vote.height === h.number ? h.rounds.get(vote.round) : undefined;
    const tally = vote.phase === Phase.prevote ? round?.prevotes : round?.precommits;
    const kept = tally?.votes[h.set.indexOf(from)];
    return kept && bytesEqual(kept.bytes, bytes) ? kept : undefined;
  }

  /** `sender` showed votes with a signature that is none: who keeps the rules has checked what it shows. */
  lied(sender: string): void {
    this.of().height.distrusted.add(sender);
  }

  private senderFault(sender: string): Refusal | undefined {
    const { distrusted } = this.of().height;
    return distrusted.has(sender) ? refuse("BAD_SIGNATURE", "it showed false votes") : undefined;
  }

  private wordFault(
    { from, record }: { readonly from: string; readonly record: Uint8Array },
    height: number,
    round: number,
    kept: Kept,
  ): Refusal | undefined {
    const { height: h, future, told } = this.of();
    if (height < h.number || (height === h.number && h.step === Step.decided))
      return refuse("HEIGHT_PAST", `${height}`);
    if (height > h.number) {
      const isNew = future.isNew({ from, record, height }, h.number);
      return isNew ? undefined : refuse("HEIGHT_FUTURE", `${height}, at ${h.number}`);
    }
    const place = h.set.indexOf(from);
    if (place < 0) return refuse("GATEWAY_UNKNOWN", from);
    const code = h.rounds.faultOf(place, round, h.round);
    if (code) return refuse(code, `round ${round}, at ${h.round}`);
    const at = h.rounds.get(round);
    const before = at && kept(at, place);
    if (!before) return undefined;
    if (bytesEqual(before.record, record)) return refuse("DUPLICATE", `round ${round}`);
    // One proof of each is enough, and of its own words it brings none.
    const isProved = place === h.place || told.has(from);
    return isProved ? refuse("EQUIVOCATION", `round ${round}`) : undefined;
  }
}
