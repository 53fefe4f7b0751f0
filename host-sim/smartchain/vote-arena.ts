// SPDX-License-Identifier: Apache-2.0
/**
 * Votes without a gateway between: every member has a ballot of its own, and two transactions of one
 * number go round, with votes late, twice and out of order, and some members that vote for both.
 */
import type { Ballot } from "#core/votes/ballot";
import { electorateOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { TxState } from "#core/votes/tally";
import { randomStream } from "../worlds/random.ts";
import { VoteCheck } from "./check-votes.ts";
import { Lab } from "./lab.ts";
import { must, Violation } from "./violation.ts";

export interface ArenaOptions {
  seed: number;
  n: number;
  /** Members that vote for both. */
  doubles: number;
  /** Defences that are switched off. */
  off?: "threshold" | "vote-once" | "distinct";
}

/** What one member holds. */
interface Seat {
  ballot: Ballot;
  /** Messages as they came, where each counts anew. */
  heard: number[];
}

const EPOCH = 3;

/** Whether two rivals were ACCEPTED by somebody honest. */
export function equivocated(options: ArenaOptions): boolean {
  try {
    arena(options);
    return false;
  } catch (error) {
    if (error instanceof Violation && error.invariant === "I15") return true;
    throw error;
  }
}

/** Throws a Violation (I15, I16). */
export function arena({ seed, n, doubles, off }: ArenaOptions): number {
  const lab = new Lab(seed, n);
  const random = randomStream(seed, 31);
  const txs = rivals(lab);
  const seats = seatsOf(lab);
  const check = new VoteCheck();
  const signers = [new Set<number>(), new Set<number>()];
  // The author is one of those who break the rules, wherever there are any.
  const rogue = (index: number): boolean => index < doubles;
  const queue: { to: number; act: () => void }[] = [];
  let events = 0;
  const send = (to: number, act: () => void): void => {
    for (let copies = 1 + (random.below(8) === 0 ? 1 : 0); copies > 0; copies--)
      queue.push({ to, act });
  };
  const say = (voter: number, which: number): void => {
    signers[which].add(voter);
    const vote = { voter: lab.people[voter].id, txids: [txs[which].txid] };
    seats.forEach((seat, to) => {
      if (to === voter || (rogue(voter) && to % 2 !== which)) return;
      send(to, () => {
        seat.heard[which]++;
        seat.ballot.vote(vote, new Uint8Array(1));
      });
    });
  };
  seats.forEach(({ ballot }, to) => {
    const first = to % 2;
    const order = [first, 1 - first];
    for (const which of order) send(to, () => void ballot.add(txs[which]));
  });
  for (let voter = 0; voter < n; voter++)
    if (rogue(voter)) for (const which of [0, 1]) say(voter, which);
  const spoken = new Map<number, Set<number>>();
  for (let nowMs = 2000; queue.length > 0; nowMs += 2000) {
    const { to, act } = queue.splice(random.below(queue.length), 1)[0];
    act();
    events++;
    const { ballot, heard } = seats[to];
    if (!rogue(to)) speak(to, nowMs);
    txs.forEach(({ txid }, which) => {
      const count = off === "distinct" ? heard[which] : ballot.count(txid);
      const most = signers[which].size + 1;
      must(count <= Math.min(n, most), "I16", () => `${count} votes of ${most} signers`);
      const half = off === "threshold" && count > Math.floor(n / 2);
      const holds = half || ballot.state(txid) === TxState.accepted;
      if (!rogue(to) && holds) check.accept("1", String(which));
    });
  }
  return events;

  function speak(to: number, nowMs: number): void {
    const { ballot } = seats[to];
    const said = spoken.get(to) ?? new Set<number>();
    spoken.set(to, said);
    const own = ballot.whatToVote(nowMs);
    for (const [which, { txid }] of txs.entries()) {
      const wants = own?.txids.some((one) => Buffer.compare(one, txid) === 0);
      const always = off === "vote-once" && ballot.state(txid) !== TxState.unsolid;
      if ((!wants && !always) || said.has(which)) continue;
      said.add(which);
      if (always) ballot.vote({ voter: lab.people[to].id, txids: [txid] }, new Uint8Array(1));
      say(to, which);
    }
  }
}

/** Two transactions of the first member's, with one number. */
function rivals(lab: Lab) {
  const [author] = lab.people;
  return [lab.body(author), lab.body(author, { expiryMs: lab.nowMs + 9 })].map((body) => ({
    txid: lab.txid(body),
    from: author.id,
    seq: 1,
    epoch: EPOCH,
    tMs: body.tsMs,
    parents: body.parents,
  }));
}

function seatsOf(lab: Lab): Seat[] {
  return lab.people.map(({ id }): Seat => {
    const ballot = fullBallot({ capacity: 64, membersMax: 32, own: id, earlyPerVoter: 16 });
    ballot.open(electorateOf(lab.epoch));
    return { ballot, heard: [0, 0] };
  });
}
