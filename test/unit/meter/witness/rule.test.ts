// SPDX-License-Identifier: Apache-2.0
/** What a witness signs: each refusal by its code, and no two bodies for one number or tick, whatever happens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WITNESS_CHECKS_PER_TICK } from "#core/limits";
import { checkToken } from "#core/pot/token";
import { CUT_MODES } from "#host-sim/flash/power";
import type { WitnessContext } from "#meter/witness/ports";
import { Witness, type WitnessAnswer } from "#meter/witness/rule";
import { Rng } from "../../../property/rng.ts";
import { LogBoard } from "./rig.ts";
import {
  AGE_MAX_MS,
  askOf,
  type BodyOptions,
  bodyAt,
  contextAt,
  crypto,
  EPOCH_MS,
  epochOf,
  idOf,
  keyOf,
  NET,
  ORIGIN_MS,
  TICK_MS,
} from "./world.ts";

const NOW_MS = ORIGIN_MS + 10 * TICK_MS + 7_000;

function witnessOn(board: LogBoard): Witness {
  return new Witness({ crypto, net: NET, secretKey: keyOf(0), log: board.start() });
}

const codeOf = (answer: WitnessAnswer): string => ("code" in answer ? answer.code : "token");

test("a token is the witness's, for this body, at its own time; the same body gets it again", () => {
  const board = new LogBoard();
  let witness = witnessOn(board);
  const body = bodyAt(3, 5, NOW_MS - 1500);
  const first = witness.ask(askOf(3, body), NOW_MS, contextAt(NOW_MS));
  assert.ok("token" in first);
  assert.equal(first.token.tMs, NOW_MS);
  assert.deepEqual(first.token.witness, idOf(0));
  const context = { net: NET, beacon: epochOf(1).epoch.beacon, body, txid: first.txid };
  assert.ok(checkToken(crypto, crypto.publicKey(keyOf(0)), context, first.token));
  // Even much later, and after a restart.
  witness = witnessOn(board);
  const laterMs = NOW_MS + 90_000;
  assert.deepEqual(witness.ask(askOf(3, body), laterMs, contextAt(laterMs)), first);
});

test("a token is not before the stamp, which may be ahead by ε: its author's clock is, or it asked early", () => {
  const witness = witnessOn(new LogBoard());
  const ahead = witness.ask(askOf(3, bodyAt(3, 5, NOW_MS + 1500)), NOW_MS, contextAt(NOW_MS));
  assert.ok("token" in ahead);
  assert.equal(
    ahead.token.tMs,
    NOW_MS + 1500,
    "else it may be less than Δ after the author's last",
  );
});

test("each refusal", () => {
  const cases: [string, string, BodyOptions, Partial<WitnessContext>, number?][] = [
    ["a stamp that is too old", "WITNESS_CLOCK", { tsMs: NOW_MS - 2001 }, {}],
    ["a stamp in the future", "WITNESS_CLOCK", { tsMs: NOW_MS + 2001 }, {}],
    ["a tick that is not the stamp's", "WITNESS_TICK", { tick: 11 }, {}],
    ["an epoch that is not known", "TX_EPOCH", { epoch: 2 }, {}],
    ["another network", "WRONG_NET", { net: "street-8" }, {}],
    ["a parent that has not come", "TX_UNSOLID", {}, { parentTime: () => undefined }],
    [
      "a parent that is too old",
      "TX_PARENT_OLD",
      {},
      { parentTime: () => ({ tMs: NOW_MS - AGE_MAX_MS - 1, block: false }) },
    ],
    [
      "parents in the wrong order",
      "TX_PARENTS",
      { parents: [new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)] },
      {},
    ],
    ["nobody's", "UNKNOWN_NODE", { from: new Uint8Array(16) }, {}],
    ["another member's body", "NODE_MISMATCH", { from: idOf(4) }, {}],
    ["somebody else's signature", "BAD_SIGNATURE", {}, {}, 4],
    ["a cancel of another", "BAD_SIGNATURE", { beforeTick: 9, cancelKey: keyOf(4) }, {}],
    ["it takes itself back", "TX_CANCELLED", { beforeTick: 11 }, {}],
  ];
  for (const [what, code, options, change, signer] of cases) {
    const witness = witnessOn(new LogBoard());
    const ask = askOf(3, bodyAt(3, 5, NOW_MS, options), signer);
    assert.equal(codeOf(witness.ask(ask, NOW_MS, contextAt(NOW_MS, change))), code, what);
    // It is not held against the author.
    const good = askOf(3, bodyAt(3, 5, NOW_MS));
    assert.equal(codeOf(witness.ask(good, NOW_MS, contextAt(NOW_MS))), "token", what);
  }
  const own = witnessOn(new LogBoard()).ask(
    askOf(0, bodyAt(0, 1, NOW_MS)),
    NOW_MS,
    contextAt(NOW_MS),
  );
  assert.equal(codeOf(own), "WITNESS_NOT_CHOSEN", "its own body");
});

test("one body for a number, unless it is taken back; one for a tick in any case", () => {
  const witness = witnessOn(new LogBoard());
  const ask = (seq: number, tick: number, options: BodyOptions = {}): string => {
    const atMs = ORIGIN_MS + tick * TICK_MS + 100;
    return codeOf(witness.ask(askOf(2, bodyAt(2, seq, atMs, options)), atMs, contextAt(atMs)));
  };
  assert.equal(ask(5, 10), "token");
  assert.equal(ask(5, 10, { slot: 2 }), "WITNESS_BOUND", "another body");
  assert.equal(ask(6, 10), "WITNESS_BOUND", "another number in this tick");
  assert.equal(ask(5, 11), "WITNESS_BOUND", "another tick");
  assert.equal(ask(5, 11, { beforeTick: 10 }), "WITNESS_BOUND", "takes back what is before");
  assert.equal(ask(5, 11, { beforeTick: 11 }), "token");
  assert.equal(ask(4, 12, { beforeTick: 12 }), "WITNESS_BOUND", "a number before");
  assert.equal(ask(6, 12), "token");
  assert.equal(ask(7, 11), "WITNESS_TICK");
});

test("under a fast clock ε is several ticks, and the tick may be as far back as it", () => {
  const epsilonMs = 2 * TICK_MS;
  const slow = { committees: [epochOf(1, { epsilonMs })] };
  // Its last possible moment in tick 10, and ε later the present one is tick 12.
  const tsMs = ORIGIN_MS + 11 * TICK_MS - 1;
  const ask = (lateMs: number): string => {
    const witness = witnessOn(new LogBoard());
    const nowMs = tsMs + lateMs;
    return codeOf(witness.ask(askOf(3, bodyAt(3, 5, tsMs)), nowMs, contextAt(nowMs, slow)));
  };
  assert.equal(ask(TICK_MS + 2), "token");
  assert.equal(ask(epsilonMs), "token");
  assert.equal(ask(epsilonMs + 1), "WITNESS_CLOCK");
});

test("a bounded number of signatures for one author and tick", () => {
  const witness = witnessOn(new LogBoard());
  let verified = 0;
  const counting = {
    ...crypto,
    verify(...args: Parameters<typeof crypto.verify>) {
      verified++;
      return crypto.verify(...args);
    },
  };
  const counted = new Witness({
    crypto: counting,
    net: NET,
    secretKey: keyOf(0),
    log: new LogBoard().start(),
  });
  for (let i = 0; i < 50; i++) {
    const forged = askOf(3, bodyAt(3, 5, NOW_MS, { slot: i }), 4);
    const code = codeOf(counted.ask(forged, NOW_MS, contextAt(NOW_MS)));
    assert.equal(code, i < WITNESS_CHECKS_PER_TICK ? "BAD_SIGNATURE" : "WITNESS_BUSY");
  }
  assert.equal(verified, WITNESS_CHECKS_PER_TICK);
  const other = askOf(5, bodyAt(5, 5, NOW_MS));
  assert.equal(codeOf(counted.ask(other, NOW_MS, contextAt(NOW_MS))), "token", "of another author");
  const body = askOf(3, bodyAt(3, 5, NOW_MS));
  for (let i = 0; i < 20; i++)
    assert.equal(
      codeOf(witness.ask(body, NOW_MS, contextAt(NOW_MS))),
      i <= WITNESS_CHECKS_PER_TICK - 1 ? "token" : "WITNESS_BUSY",
    );
});

test("under a barrier clock a later stamp is the time, up to the end of the slot", () => {
  const witness = witnessOn(new LogBoard());
  const barrierEndMs = NOW_MS + 3 * TICK_MS;
  const context = contextAt(NOW_MS, { barrierEndMs });
  const ahead = witness.ask(askOf(3, bodyAt(3, 1, barrierEndMs)), NOW_MS, context);
  assert.ok("token" in ahead);
  assert.equal(ahead.token.tMs, barrierEndMs);
  const beyond = askOf(4, bodyAt(4, 1, barrierEndMs + 1));
  assert.equal(codeOf(witness.ask(beyond, NOW_MS, context)), "WITNESS_CLOCK");
  const before = askOf(4, bodyAt(4, 1, NOW_MS - 2001));
  assert.equal(codeOf(witness.ask(before, NOW_MS, context)), "WITNESS_CLOCK");
});

test("the epoch is the one in force at the stamp", () => {
  const witness = witnessOn(new LogBoard());
  const startMs = ORIGIN_MS + EPOCH_MS;
  const ask = (author: number, tsMs: number, epoch: number) =>
    codeOf(
      witness.ask(askOf(author, bodyAt(author, 1, tsMs, { epoch })), tsMs, contextAt(startMs + 1)),
    );
  assert.equal(ask(1, startMs + 2001, 1), "TX_EPOCH");
  assert.equal(ask(1, startMs + 2000, 1), "token");
  assert.equal(ask(2, startMs - 2001, 2), "TX_EPOCH");
  assert.equal(ask(2, startMs - 2000, 2), "token");
});

test("after its log was lost a witness abstains in this epoch and the next", () => {
  const board = new LogBoard();
  witnessOn(board);
  board.region.flash.cells.fill(0xff);
  let witness = witnessOn(board);
  const codes: string[] = [];
  for (let epoch = 1; epoch <= 4; epoch++) {
    const atMs = ORIGIN_MS + (epoch - 1) * EPOCH_MS + TICK_MS;
    codes.push(codeOf(witness.ask(askOf(3, bodyAt(3, epoch, atMs)), atMs, contextAt(atMs))));
    witness = witnessOn(board);
  }
  assert.deepEqual(codes, ["WITNESS_ABSTAINS", "WITNESS_ABSTAINS", "token", "token"]);
});

interface Token {
  author: number;
  txid: string;
  seq: number;
  tick: number;
  epoch: number;
  tMs: number;
  beforeTick: number | undefined;
}

/** I14: two bodies of one number only where the later one takes back the earlier, or after a loss. */
function checkTokens(tokens: readonly Token[], what: string): void {
  for (const a of tokens)
    for (const b of tokens) {
      if (a.author !== b.author || a.txid === b.txid || a.tick > b.tick) continue;
      assert.notEqual(a.tick, b.tick, `${what}: two bodies in tick ${a.tick}`);
      if (a.seq !== b.seq || b.epoch >= a.epoch + 2) continue;
      const taken = b.beforeTick !== undefined && a.tick < b.beforeTick;
      assert.ok(taken, `${what}: number ${a.seq} in ticks ${a.tick} and ${b.tick}`);
    }
}

/** A random run: dishonest authors, cuts, restarts, lost flash. Returns what was signed. */
function run(seed: number): { tokens: Token[]; cuts: number; losses: number } {
  const rng = new Rng(seed);
  const board = new LogBoard(16, seed);
  const tokens: Token[] = [];
  let witness: Witness | undefined;
  let nowMs = NOW_MS;
  let cuts = 0;
  let losses = 0;
  const step = (): void => {
    witness ??= witnessOn(board);
    const author = 1 + rng.below(3);
    const seq = Math.floor((nowMs - ORIGIN_MS) / (3 * TICK_MS)) + rng.below(2);
    const tsMs = nowMs + rng.below(4001) - 2000;
    const tick = Math.floor((tsMs - ORIGIN_MS) / TICK_MS);
    const beforeTick = rng.below(2) === 0 ? tick - rng.below(3) : undefined;
    const body = bodyAt(author, seq, tsMs, { slot: rng.below(3), beforeTick });
    const answer = witness.ask(askOf(author, body), nowMs, contextAt(nowMs));
    if (!("token" in answer)) return;
    const { epoch } = body;
    const txid = Buffer.from(answer.txid).toString("hex");
    const { tMs } = answer.token;
    const before = tokens.find((token) => token.txid === txid);
    if (before) assert.equal(tMs, before.tMs, `seed ${seed}: the same token again`);
    else tokens.push({ author, txid, seq, tick, epoch, tMs, beforeTick });
  };
  for (let i = 0; i < 300; i++) {
    nowMs += rng.below(TICK_MS / 2);
    const chance = rng.below(100);
    if (chance < 4) nowMs += EPOCH_MS / 2;
    if (chance === 99) {
      board.region.flash.cells.fill(rng.below(2) === 0 ? 0xff : 0);
      losses++;
    }
    if (chance > 90) witness = undefined;
    if (chance < 80) step();
    else if (board.cut(1 + rng.below(4), rng.pick(CUT_MODES), step)) {
      witness = undefined;
      cuts++;
    }
  }
  checkTokens(tokens, `seed ${seed}`);
  return { tokens, cuts, losses };
}

test("no two bodies for a number or a tick, over random asks, cuts, restarts and losses (I14)", () => {
  let tokens = 0;
  let cuts = 0;
  let losses = 0;
  let replaced = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const result = run(seed);
    tokens += result.tokens.length;
    cuts += result.cuts;
    losses += result.losses;
    const numbers = new Set(result.tokens.map(({ author, seq }) => `${author} ${seq}`));
    replaced += result.tokens.length - numbers.size;
  }
  assert.ok(
    tokens > 2000 && cuts > 300 && losses > 30 && replaced > 100,
    `${[tokens, cuts, losses, replaced]}`,
  );
  const one = { author: 1, txid: "a", seq: 1, tick: 1, epoch: 1, tMs: 1, beforeTick: undefined };
  const two = { ...one, txid: "b", tick: 2 };
  assert.throws(() => checkTokens([one, two], "the checker"), /number 1/);
  assert.throws(() => checkTokens([one, { ...two, seq: 2, tick: 1 }], "the checker"), /tick 1/);
});
