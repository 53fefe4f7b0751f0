// SPDX-License-Identifier: Apache-2.0
/** The count (ledger 4.5, I16, I18): it is the rule's, in whatever order and however often things come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import type { Ballot } from "#core/votes/ballot";
import { thresholdOf, toleratedOf } from "#core/votes/electorate";
import { fullBallot } from "#core/votes/full-ballot";
import { TxState } from "#core/votes/tally";
import { anyHistory, deliver, epochOf, named, nodeOf, Rule, range, reordered } from "./model.ts";

// Epoch 2 has lost a member of epoch 1 and won another: the same voter has another bit there.
const EPOCHS = [epochOf(1, range(6)), epochOf(2, [1, 2, 3, 4, 5, 6])];

function ballotOf(capacity = 32): Ballot {
  const ballot = fullBallot({ capacity, membersMax: 40, earlyPerVoter: 64 });
  for (const epoch of EPOCHS) ballot.open(epoch);
  return ballot;
}
const votersOf = (ballot: Ballot, txid: Uint8Array): string[] => ballot.voters(txid).map(toHex);

test("the threshold of ledger 4.5", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 12, 50, 100].map(toleratedOf), [0, 0, 0, 0, 1, 3, 16, 33]);
  assert.deepEqual([1, 2, 3, 4, 12, 50, 100].map(thresholdOf), [1, 2, 2, 3, 8, 34, 67]);
  for (let n = 1; n <= 256; n++) {
    const f = toleratedOf(n);
    assert.ok(2 * thresholdOf(n) - n > f, `${n}: two quorums share more than f`);
    assert.ok(thresholdOf(n) <= n - f || n < 4, `${n}: the honest are enough`);
  }
});

test("the count is the rule's, in any order, with duplicates", () => {
  const draws = fc.array(fc.nat(), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(anyHistory, draws, fc.array(fc.nat(), { maxLength: 8 }), (all, order, again) => {
      const ballot = ballotOf();
      const came: typeof all = [];
      for (const said of reordered(all, order)) {
        deliver(ballot, said);
        came.push(said);
        for (const pick of again) deliver(ballot, came[pick % came.length]);
        const rule = new Rule(came, EPOCHS);
        for (const { tx } of came) {
          if (!tx) continue;
          const expected = rule.voters(tx);
          assert.deepEqual(votersOf(ballot, tx.txid), expected);
          assert.equal(ballot.count(tx.txid), expected.length, "VC is the number of signers");
          const reached = expected.length >= ballot.threshold(tx.txid)!;
          if (reached) assert.equal(ballot.state(tx.txid), TxState.accepted);
        }
      }
    }),
    { numRuns: 600 },
  );
});

test("it falls for those only who spoke for two of a set", () => {
  fc.assert(
    fc.property(anyHistory, fc.array(fc.nat(), { minLength: 1, maxLength: 40 }), (all, order) => {
      const ballot = ballotOf();
      const before = new Map<string, string[]>();
      const came: typeof all = [];
      for (const said of reordered(all, order)) {
        deliver(ballot, said);
        came.push(said);
        const rule = new Rule(came, EPOCHS);
        for (const { tx } of came) {
          if (!tx) continue;
          const now = votersOf(ballot, tx.txid);
          for (const lost of before.get(toHex(tx.txid)) ?? []) {
            if (now.includes(lost)) continue;
            const rivals = rule.rivals(tx);
            const spoke = rivals.some(
              (rival) => rule.names(lost, rival) || rule.approves(lost, rival),
            );
            assert.ok(spoke, "without having spoken for a rival");
          }
          before.set(toHex(tx.txid), now);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("a suspended member counts for nothing, also in the next epoch, and not twice less", () => {
  fc.assert(
    fc.property(anyHistory, fc.nat(6), fc.nat(), (all, who, at) => {
      const ballot = ballotOf();
      for (const [i, said] of all.entries()) {
        if (i === at % all.length) ballot.suspend(nodeOf(who));
        deliver(ballot, said);
      }
      ballot.suspend(nodeOf(who));
      const rule = new Rule(all, EPOCHS);
      for (const { tx } of all) {
        if (!tx) continue;
        const expected = rule.voters(tx).filter((id) => id !== toHex(nodeOf(who)));
        assert.deepEqual(votersOf(ballot, tx.txid), expected);
        assert.equal(ballot.count(tx.txid), expected.length);
      }
      ballot.open(epochOf(3, range(7)));
      const txid = named("later");
      ballot.add({ txid, from: nodeOf(who), seq: 9, epoch: 3, tMs: 9999, parents: [] });
      assert.equal(ballot.count(txid), 0);
    }),
  );
});

test("what is forgotten leaves nothing behind, and its place is used again", () => {
  fc.assert(
    fc.property(fc.array(anyHistory, { minLength: 2, maxLength: 5 }), (rounds) => {
      const ballot = ballotOf(14);
      for (const all of rounds) {
        for (const said of all) deliver(ballot, said);
        const rule = new Rule(all, EPOCHS);
        for (const { tx } of all)
          if (tx) assert.deepEqual(votersOf(ballot, tx.txid), rule.voters(tx));
        ballot.forget(0, 2000);
        assert.equal(ballot.size, 0);
      }
    }),
  );
});
