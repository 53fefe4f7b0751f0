// SPDX-License-Identifier: Apache-2.0
/** Whatever a machine hears, and wherever it restarts, it keeps its own rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex } from "#core/codec/bytes";
import { Phase } from "#core/records/consensus";
import { decodeStored } from "#gateway/consensus/stored";
import type { Output, ProposedMessage, TimerKind } from "#gateway/consensus/types";
import { Bench, Consortium } from "../../../helpers/consortium.ts";

const group = new Consortium(4);
const SELF = 3;
const blocks = [group.block(1), group.block(2), group.block(3)];
const TIMERS: readonly TimerKind[] = ["propose", "window", "prevote", "precommit", "repeat"];

const place = fc.nat(2);
const round = fc.constantFrom(0, 0, 0, 1, 1, 2, 3);
const block = fc.constantFrom(0, 0, 0, 0, 1, 2, undefined);
const phase = fc.constantFrom(Phase.prevote, Phase.precommit);
const code = fc.constantFrom(0, 0, 0, 201);
const act = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("vote" as const), place, round, block, phase }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("propose" as const),
      round,
      block: fc.nat(2),
      valid: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("checked" as const), block: fc.nat(2), code }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("timer" as const), kind: fc.constantFrom(...TIMERS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("made" as const), block: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), after: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wanted" as const) }) },
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;

/** What the test knows of the machine, whatever that forgets. */
class Watch {
  readonly bench = new Bench(group, SELF);
  readonly said = new Map<string, string>();
  private polkas = new Map<string, Set<number>>();
  private lock: { round: number; block: string } | undefined;
  decided = false;

  step(one: Act): void {
    const { bench } = this;
    const at = [0, "round" in one ? one.round : 0] as const;
    if (one.do === "vote") {
      const chosen = one.block === undefined ? undefined : blocks[one.block];
      if (one.phase === Phase.prevote) this.prevoted(at[1], chosen?.key ?? "", one.place);
      const bytes = group.voteBytes(one.place, one.phase, at, chosen);
      bench.hear(group.open("vote", bytes));
    } else if (one.do === "propose") this.propose(at, one.block, one.valid);
    else if (one.do === "checked") bench.checked(0, blocks[one.block], one.code);
    else if (one.do === "timer") bench.timer(one.kind, 0, bench.machine.at.round);
    else if (one.do === "wanted") bench.take({ type: "wanted" });
    else if (one.do === "made") {
      bench.take({
        type: "made",
        height: 0,
        round: bench.machine.at.round,
        block: blocks[one.block],
      });
    } else bench.restart(group.context(0));
    this.look(bench.out);
  }

  private propose(at: readonly [number, number], number: number, valid: boolean): void {
    const leader = group.set.leader(0, at[1]);
    if (leader === SELF) return;
    const chosen = blocks[number];
    const more: { validRound?: number; polka?: Uint8Array[] } = {};
    if (valid && at[1] > 0) {
      const validRound = at[1] - 1;
      for (const voter of [0, 1, 2]) this.prevoted(validRound, chosen.key, voter);
      const polka = [0, 1, 2].map((voter) =>
        group.voteBytes(voter, Phase.prevote, [0, validRound], chosen),
      );
      Object.assign(more, { validRound, polka });
    }
    this.bench.hear(group.proposal(leader, at, chosen, more));
  }

  private prevoted(number: number, key: string, voter: number): void {
    const slot = `${number} ${key}`;
    const voters = this.polkas.get(slot) ?? new Set();
    this.polkas.set(slot, voters.add(voter));
  }

  private look(outputs: readonly Output[]): void {
    let stored = this.bench.state && decodeStored(group.crypto, this.bench.state);
    for (const output of outputs) {
      if (output.type === "persist") stored = decodeStored(group.crypto, output.state);
      if (output.type === "decide") this.decided = true;
      if (output.type === "evidence") assert.notEqual(output.gateway, group.set.idHexAt(SELF));
      if (output.type !== "send" || (output.kind !== "vote" && output.kind !== "proposed"))
        continue;
      const message = group.open(output.kind, output.bytes);
      if (message.from !== group.set.idHexAt(SELF)) continue;
      if (message.type === "vote")
        this.vote(message.vote.phase, message.vote.round, message.block, message.record);
      else
        this.once(
          `${(message as ProposedMessage).proposal.round} proposal`,
          (message as ProposedMessage).record,
        );
      assert.ok(stored && stored.height === 0, "stored before it is sent");
    }
  }

  private once(slot: string, record: Uint8Array): boolean {
    const text = toHex(record);
    const before = this.said.get(slot);
    assert.ok(before === undefined || before === text, `two words in ${slot}`);
    this.said.set(slot, text);
    return before === undefined;
  }

  private vote(kind: number, number: number, key: string, record: Uint8Array): void {
    if (!this.once(`${number} ${kind}`, record)) return;
    if (kind === Phase.prevote) {
      this.prevoted(number, key, SELF);
      if (key === "" || !this.lock || this.lock.block === key) return;
      let free = false;
      for (let i = this.lock.round; i < number; i++) free ||= this.isPolka(i, key);
      assert.ok(free, `${number}: bound in ${this.lock.round}`);
    } else if (key !== "") {
      assert.ok(this.isPolka(number, key), `${number}: precommit without a quorum`);
      this.lock = { round: number, block: key };
    }
  }

  private isPolka(number: number, key: string): boolean {
    return (this.polkas.get(`${number} ${key}`)?.size ?? 0) >= group.set.quorum;
  }
}

let decided = 0;
let votes = 0;

test("one word a round, bound by quorums, stored before it is sent; whatever comes", () => {
  fc.assert(
    fc.property(fc.array(act, { minLength: 20, maxLength: 80 }), (acts) => {
      const watch = new Watch();
      for (const one of acts) {
        if (watch.decided) break;
        watch.step(one);
      }
      if (watch.decided) decided++;
      votes += watch.said.size;
    }),
    { numRuns: 300 },
  );
  assert.ok(votes > 300, `the machine spoke: ${votes}`);
  assert.ok(decided > 0, `and decided: ${decided}`);
});
