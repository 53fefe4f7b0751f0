// SPDX-License-Identifier: Apache-2.0
/**
 * What a witness signs (ledger 4.4): cheap checks first, then signatures, then what it signed before. The
 * record in its log is durable before the token leaves, and the same body gets the same token again.
 */
import { bytesEqual, compareBytes } from "#core/codec/bytes";
import type { Signed } from "#core/codec/record";
import { verifySigned } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { EPOCH_MEMBERS_MAX, WITNESS_CHECKS_PER_TICK } from "#core/limits";
import { cancelIn, covers } from "#core/pot/cancel";
import type { Committees } from "#core/pot/committee";
import { randomKeyOf, signToken } from "#core/pot/token";
import { type Body, bodyRecord, type PotToken } from "#core/records/tx";
import type { Ask } from "#core/records/witness";
import { tickOf } from "#core/units/time";
import type { WitnessLog } from "./log.ts";
import type { WitnessContext } from "./ports.ts";
import { type Entry, UINT48_MAX } from "./record.ts";

/**
 * After a loss nothing is signed in the epoch in which it is noticed, nor in the next: by then no body that
 * may have been signed before can become a transaction any more.
 */
const ABSTAIN_EPOCHS = 2;

export interface WitnessOptions {
  crypto: Crypto;
  net: string;
  secretKey: Uint8Array;
  log: WitnessLog;
}

/** The body that was asked for, and its token or why there is none. */
export type WitnessAnswer =
  | { txid: Uint8Array; token: PotToken }
  | { txid: Uint8Array; code: Code; detail: string };

interface Refused {
  code: Code;
  detail: string;
}

/** A body that passed what costs no signature. */
interface Asked {
  body: Body;
  txid: Uint8Array;
  committees: Committees;
  /** What this witness's clock shows for it. */
  tMs: number;
}

/** Ticks that a slot has at least (Δ is at most an eighth of it): under a barrier clock they pass at once. */
const BARRIER_TICKS = 8;

export class Witness {
  readonly id: Uint8Array;
  private readonly crypto: Crypto;
  private readonly net: string;
  private readonly secretKey: Uint8Array;
  private readonly randomKey: Uint8Array;
  private readonly log: WitnessLog;
  /** Signatures checked for each member in `countedTick`. */
  private readonly checks = new Uint8Array(EPOCH_MEMBERS_MAX);
  private countedTick = -1;

  constructor({ crypto, net, secretKey, log }: WitnessOptions) {
    this.crypto = crypto;
    this.net = net;
    this.secretKey = secretKey;
    this.log = log;
    this.id = nodeIdOf(crypto, crypto.publicKey(secretKey));
    this.randomKey = randomKeyOf(crypto, secretKey);
  }

  /** Decides on an opened ask, whose signature was not checked yet, at protocol time `nowMs`. */
  ask(ask: Signed<Ask>, nowMs: number, context: WitnessContext): WitnessAnswer {
    const encoded = ask.value.body;
    const txid = domainHash(this.crypto, bodyRecord.domain, encoded);
    const decoded = bodyRecord.decode(encoded);
    if (!decoded.ok) return { txid, code: decoded.code, detail: decoded.detail };
    const body = decoded.value;
    const committees = context.committees.find(({ epoch }) => epoch.epoch === body.epoch);
    const refused =
      this.checkMember(ask.value, body, committees) ?? this.checkEpoch(body, context, nowMs);
    if (refused || !committees) return { txid, ...(refused ?? UNKNOWN_EPOCH) };
    const asked = { body, txid, committees, tMs: timeOf(body, nowMs) };
    const last = this.log.last(body.from);
    if (last && bytesEqual(last.txid, txid)) return this.again(asked, last, nowMs, context);
    const wrong =
      this.checkClock(asked, nowMs, context) ??
      checkParents(asked, context) ??
      this.checkSigned(ask, asked, nowMs, context, last);
    return wrong ? { txid, ...wrong } : this.sign(asked, context);
  }

  /** The author is a member, the ask is its own, and this node is to witness. */
  private checkMember(
    { net, publicKey }: Ask,
    body: Body,
    committees: Committees | undefined,
  ): Refused | undefined {
    if (net !== this.net || body.net !== this.net) return refused("WRONG_NET", body.net);
    if (!committees) return UNKNOWN_EPOCH;
    const author = committees.indexOf(body.from);
    if (author < 0) return refused("UNKNOWN_NODE", "not a member of the epoch");
    if (!bytesEqual(committees.keyOf(author), publicKey))
      return refused("NODE_MISMATCH", "not the author's key");
    return committees.has(body.from, body.tick, this.id)
      ? undefined
      : refused("WITNESS_NOT_CHOSEN", `tick ${body.tick}`);
  }

  /** The epoch is the one in force at the stamp (within ε), and this witness signs in it. */
  private checkEpoch(
    body: Body,
    { committees }: WitnessContext,
    nowMs: number,
  ): Refused | undefined {
    for (const { epoch } of committees) {
      const { startMs, epsilonMs } = epoch;
      const outside =
        epoch.epoch === body.epoch
          ? body.tsMs < startMs - epsilonMs
          : epoch.epoch > body.epoch && body.tsMs > startMs + epsilonMs;
      if (outside) return refused("TX_EPOCH", `${body.epoch} at ${body.tsMs}`);
    }
    return this.checkLog(body, committees, nowMs);
  }

  private checkLog(
    body: Body,
    committees: readonly Committees[],
    nowMs: number,
  ): Refused | undefined {
    const { log } = this;
    if (log.broken) return refused("WITNESS_ABSTAINS", "the log does not work");
    let through = log.abstains;
    if (log.state === "lost" && through === undefined) {
      const inForce = committees.find(({ epoch }) => epoch.startMs <= nowMs) ?? committees[0];
      // The latest that is known: what was signed before the loss is of this epoch or an earlier one.
      const latest = Math.max(inForce.epoch.epoch, ...committees.map(({ epoch }) => epoch.epoch));
      through = latest + ABSTAIN_EPOCHS - 1;
      if (!log.abstain(through)) return refused("WITNESS_ABSTAINS", "the log does not work");
    }
    return through !== undefined && body.epoch <= through
      ? refused("WITNESS_ABSTAINS", `through epoch ${through}`)
      : undefined;
  }

  /** The stamp is near this witness's time, and the tick is the stamp's and the present one (± ε). */
  private checkClock(
    { body, committees, tMs }: Asked,
    nowMs: number,
    { originMs, tickMs, barrierEndMs }: WitnessContext,
  ): Refused | undefined {
    const { tsMs, tick } = body;
    const { epsilonMs } = committees.epoch;
    const late = tsMs < nowMs - epsilonMs;
    const latestMs = barrierEndMs ?? nowMs + epsilonMs;
    if (late || tsMs > latestMs) return refused("WITNESS_CLOCK", `${tsMs - nowMs} ms`);
    const present = tickOf(tMs, originMs, tickMs);
    // One for ε; under a fast clock ε is several ticks long.
    const apart = Math.ceil(epsilonMs / tickMs);
    if (tick !== tickOf(tsMs, originMs, tickMs) || Math.abs(tick - present) > apart)
      return refused("WITNESS_TICK", `${tick}, now ${present}`);
    return tMs <= UINT48_MAX && tick <= UINT48_MAX && body.seq <= UINT48_MAX
      ? undefined
      : refused("FIELD_RANGE", "beyond 48 bits");
  }

  /** Both signatures, and what was signed for this author before. */
  private checkSigned(
    ask: Signed<Ask>,
    { body, committees }: Asked,
    nowMs: number,
    context: WitnessContext,
    last: Entry | undefined,
  ): Refused | undefined {
    if (last && body.seq < last.seq) return refused("WITNESS_BOUND", `number ${last.seq}`);
    if (last && body.tick === last.tick) return refused("WITNESS_BOUND", `tick ${last.tick}`);
    if (last && body.tick < last.tick) return refused("WITNESS_TICK", `after ${last.tick}`);
    const sameNumber = last?.seq === body.seq;
    if (sameNumber && !body.cancels) return refused("WITNESS_BOUND", `number ${last.seq}`);
    const { publicKey } = ask.value;
    const checks = body.cancels ? 2 : 1;
    const { originMs, tickMs, barrierEndMs } = context;
    const most = WITNESS_CHECKS_PER_TICK * (barrierEndMs === undefined ? 1 : BARRIER_TICKS);
    if (!this.mayCheck(committees, body, checks, tickOf(nowMs, originMs, tickMs), most))
      return refused("WITNESS_BUSY", "signatures of this author");
    if (!verifySigned(this.crypto, publicKey, ask)) return refused("BAD_SIGNATURE", "an ask");
    const found = cancelIn(this.crypto, publicKey, body);
    if (!found.ok) return refused(found.code, found.detail);
    if (sameNumber && !(found.cancel && covers(found.cancel, last.seq, last.tick)))
      return refused("WITNESS_BOUND", `number ${last.seq} is not taken back`);
    return undefined;
  }

  /** The same body: its token once more. It costs a signature of our own. */
  private again(
    { body, txid, committees }: Asked,
    last: Entry,
    nowMs: number,
    { originMs, tickMs }: WitnessContext,
  ): WitnessAnswer {
    if (!this.mayCheck(committees, body, 1, tickOf(nowMs, originMs, tickMs)))
      return { txid, ...refused("WITNESS_BUSY", "repeats of this author") };
    return { txid, token: this.token(body, txid, committees, last.tMs) };
  }

  private sign({ body, txid, committees, tMs }: Asked, context: WitnessContext): WitnessAnswer {
    const { from, seq, tick } = body;
    const staleBeforeMs = staleBefore(context.committees);
    if (!this.log.put({ from, seq, tick, tMs, txid }, staleBeforeMs)) {
      const code = this.log.broken ? "WITNESS_ABSTAINS" : "WITNESS_BUSY";
      return { txid, ...refused(code, "the log takes no more") };
    }
    return { txid, token: this.token(body, txid, committees, tMs) };
  }

  private token(body: Body, txid: Uint8Array, { epoch }: Committees, tMs: number): PotToken {
    const { crypto, secretKey, randomKey, id, net } = this;
    const context = { net, beacon: epoch.beacon, body, txid };
    return signToken(crypto, secretKey, randomKey, id, context, tMs);
  }

  /** Counts `checks` signatures for the author in this tick; false where it had enough of them. */
  private mayCheck(
    committees: Committees,
    body: Body,
    checks: number,
    tick: number,
    most = WITNESS_CHECKS_PER_TICK,
  ): boolean {
    if (tick !== this.countedTick) {
      this.checks.fill(0);
      this.countedTick = tick;
    }
    const author = committees.indexOf(body.from);
    if (this.checks[author] + checks > most) return false;
    this.checks[author] += checks;
    return true;
  }
}

const UNKNOWN_EPOCH: Refused = Object.freeze({ code: "TX_EPOCH", detail: "not known" });

function refused(code: Code, detail: string): Refused {
  return { code, detail };
}

/**
 * A witness's time for a body: not before its stamp, which is at most ε ahead. Without that a witness whose clock
 * is a little behind its author's would put the body less than Δ after the author's last (V7). Where protocol
 * time stands still, a later stamp moves it on.
 */
function timeOf(body: Body, nowMs: number): number {
  return Math.max(nowMs, body.tsMs);
}

/** What was signed before this is of an epoch in which nothing becomes a transaction any more. */
function staleBefore(known: readonly Committees[]): number {
  if (known.length < 2) return 0;
  return Math.min(...known.map(({ epoch }) => epoch.startMs));
}

/** V4 and V5, as far as this node knows the parents: one or two, in order, none too old but sealed blocks. */
function checkParents({ body, tMs }: Asked, context: WitnessContext): Refused | undefined {
  const { parents } = body;
  if (parents.length === 2 && compareBytes(parents[0], parents[1]) >= 0)
    return refused("TX_PARENTS", "not distinct and ascending");
  let effectiveMs = tMs;
  let oldestMs = tMs;
  for (const parent of parents) {
    const known = context.parentTime(parent);
    if (!known) return refused("TX_UNSOLID", "a parent that has not come");
    effectiveMs = Math.max(effectiveMs, known.tMs + 1);
    if (!known.block) oldestMs = Math.min(oldestMs, known.tMs);
  }
  return effectiveMs - oldestMs > context.ageMaxMs
    ? refused("TX_PARENT_OLD", `${effectiveMs - oldestMs} ms`)
    : undefined;
}
