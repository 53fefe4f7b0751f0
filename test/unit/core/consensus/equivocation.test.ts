// SPDX-License-Identifier: Apache-2.0
/** A proof shows two words of one gateway where one is allowed, and nothing else is a proof. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkEquivocation, equivocationOf } from "#core/consensus/equivocation";
import { equivocationRecord, Phase, proposedRecord } from "#core/records/consensus";
import { Consortium, NET } from "../../../helpers/consortium.ts";

const group = new Consortium(4);
const { crypto } = group;
const [a, b] = [group.block(1), group.block(2)];
const { prevote, precommit } = Phase;

function shown(first: Uint8Array, second: Uint8Array, by = 1, net = NET): string {
  const bytes = equivocationOf(net, group.set.list[by].publicKey, first, second);
  const record = equivocationRecord.decode(bytes);
  assert.ok(record.ok);
  const found = checkEquivocation(crypto, record.value);
  return found.ok
    ? `${found.what} ${found.height}/${found.round}`
    : `${found.code} ${found.detail}`;
}

const vote = (voter: number, phase: number, at: [number, number], block = a): Uint8Array =>
  group.voteBytes(voter, phase, at, block);

function proposal(proposer: number, at: [number, number], block = a): Uint8Array {
  const decoded = proposedRecord.decode(group.proposedBytes(proposer, at, block));
  assert.ok(decoded.ok);
  return decoded.value.proposal;
}

test("two votes, and two proposals, of one round", () => {
  assert.equal(shown(vote(1, prevote, [7, 3]), vote(1, prevote, [7, 3], b)), "vote 7/3");
  const nil = group.voteBytes(1, precommit, [7, 3], undefined);
  assert.equal(shown(nil, vote(1, precommit, [7, 3])), "vote 7/3");
  assert.equal(shown(proposal(1, [7, 3]), proposal(1, [7, 3], b)), "proposal 7/3");
});

test("what proves nothing", () => {
  const one = vote(1, prevote, [7, 3]);
  const cases: Record<string, string> = {
    "the same word": shown(one, one),
    "two phases": shown(one, vote(1, precommit, [7, 3], b)),
    "two rounds": shown(one, vote(1, prevote, [7, 4], b)),
    "two heights": shown(one, vote(1, prevote, [8, 3], b)),
    "two gateways": shown(one, vote(2, prevote, [7, 3], b)),
    "another's key": shown(one, vote(1, prevote, [7, 3], b), 2),
    "another network": shown(one, vote(1, prevote, [7, 3], b), 1, "other"),
    "a vote and a proposal": shown(one, proposal(1, [7, 3])),
    "no words": shown(Uint8Array.of(1), Uint8Array.of(2)),
  };
  for (const [name, found] of Object.entries(cases)) assert.match(found, /^EVIDENCE_INVALID/, name);
});
