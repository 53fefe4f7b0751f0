// SPDX-License-Identifier: Apache-2.0
/** Counts the votes of a log as its gateway did (ledger 4.5), and keeps each last count. */
import { toHex } from "#core/codec/bytes";
import { EPOCH_MEMBERS_MAX } from "#core/limits";
import type { Epoch } from "#core/records/epoch";
import type { Vote } from "#core/records/vote";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot, GATEWAY_BALLOT } from "#core/votes/full-ballot";
import type { SeenBlock, SeenTx } from "./ledger.ts";

export class VoteBook {
  private readonly txs: ReadonlyMap<string, SeenTx>;
  private readonly ballot = fullBallot({ ...GATEWAY_BALLOT, membersMax: EPOCH_MEMBERS_MAX });
  /** What the ballot holds. */
  private readonly counted = new Set<SeenTx>();
  private readonly gateways = new Set<string>();

  constructor(txs: ReadonlyMap<string, SeenTx>) {
    this.txs = txs;
  }

  open(epoch: Epoch): void {
    this.gateways.add(toHex(epoch.gateway));
    this.ballot.open(electorateOf(epoch));
  }

  add(seen: SeenTx, logMs: number): void {
    const { txid, pot, body } = seen.tx;
    if (body.epoch === 0) return;
    const { from, seq, epoch, parents } = body;
    const finalOnly = pot.some(({ witness }) => this.gateways.has(toHex(witness)));
    const { accepted } = this.ballot.add({
      txid,
      from,
      seq,
      epoch,
      tMs: seen.tMs,
      parents,
      finalOnly,
    });
    this.counted.add(seen);
    this.accept(accepted, Math.max(logMs, seen.tMs));
  }

  vote(vote: Vote, signed: Uint8Array): void {
    this.accept(this.ballot.vote(vote, signed).accepted, vote.atMs);
  }

  /** A block holds transactions; settled ones of `keepMs` before it are forgotten. */
  seal({ atMs, block }: SeenBlock, keepMs: number): void {
    const held = block.txs.flatMap((txid) => this.txs.get(toHex(txid)) ?? []);
    const voted = held.filter(({ tx }) => tx.body.epoch > 0);
    this.ballot.finalize(voted.filter(({ rejected }) => !rejected).map(({ tx }) => tx.txid));
    this.ballot.reject(voted.filter(({ rejected }) => rejected).map(({ tx }) => tx.txid));
    this.refresh();
    this.ballot.forget(atMs - keepMs);
  }

  /** Takes the counts over; what the ballot has forgotten keeps its last one. */
  refresh(): void {
    for (const seen of this.counted) {
      const { txid } = seen.tx;
      const threshold = this.ballot.threshold(txid);
      if (threshold === undefined) this.counted.delete(seen);
      else seen.votes = { count: this.ballot.count(txid), threshold };
    }
  }

  private accept(txids: readonly Uint8Array[], atMs: number): void {
    for (const txid of txids) {
      const seen = this.txs.get(toHex(txid));
      if (seen) seen.acceptedMs ??= atMs;
    }
  }
}
