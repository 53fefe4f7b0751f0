// SPDX-License-Identifier: Apache-2.0
/**
 * Carries asks from authors to their committees, and the answers back (ledger 4.4). The gateway decides
 * nothing here: whatever it drops or repeats, the token's signature binds body, author and tick. Where too few
 * witnesses answer it gives a token of its own, which counts when the transaction is FINAL only.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import type { Signed } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { ASKS_PENDING_MAX, ASKS_PER_BODY_MAX, TICKS_BEFORE_GATEWAY } from "#core/limits";
import { cancelIn, covers } from "#core/pot/cancel";
import { makeEvidence } from "#core/pot/make-evidence";
import { randomKeyOf, signToken } from "#core/pot/token";
import { type Body, bodyRecord, type Tx } from "#core/records/tx";
import type { Evidence } from "#core/records/vote";
import { type Ask, type TokenAnswer, tokenRecord } from "#core/records/witness";
import { tickOf } from "#core/units/time";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import { EntryKind, packEntry, tokenEntry } from "../entries.ts";
import type { Session } from "../session.ts";
import type { KnownEpoch } from "./epochs.ts";

/** A body that its author collects tokens for. */
interface Asked {
  author: Session;
  body: Body;
  txid: Uint8Array;
  known: KnownEpoch;
  asks: number;
  /** Witnesses that answered, by id. */
  answered: Set<string>;
  /** The ask, as it came. */
  payload: Uint8Array;
}

export class Relay {
  /** What authors ask for now, by txid; an author has one at a time. */
  private readonly asked = new Map<string, Asked>();
  private readonly byAuthor = new Map<string, string>();
  /** Ticks in which an author asked for the next number of its chain. */
  private readonly ticks = new Map<string, { seq: number; ticks: Set<number> }>();
  /** A proof that the last ask of somebody brought about. */
  private fraud: Evidence | undefined;
  /** What this gateway signed last as a witness, by author. */
  private readonly signed = new Map<string, { seq: number; tick: number; txid: string }>();

  /** An author's ask, whose signature is right. */
  takeAsk(
    area: Area,
    batch: Batch,
    author: Session,
    ask: Signed<Ask>,
    payload: Uint8Array,
  ): Verdict {
    const { crypto } = area.ports;
    const barred = area.barred(author.id);
    if (barred) return refuse(barred, author.member.name);
    const decoded = bodyRecord.decode(ask.value.body);
    if (!decoded.ok) return decoded;
    const body = decoded.value;
    const txid = domainHash(crypto, bodyRecord.domain, ask.value.body);
    const known = area.epochs.of(body.epoch);
    if (!known) return refuse("TX_EPOCH", `epoch ${body.epoch}, now ${area.world.epoch}`);
    if (!bytesEqual(body.from, author.idBytes)) return refuse("NODE_MISMATCH", "another's body");
    const { world } = area;
    if (body.tick !== tickOf(body.tsMs, world.epochStartMs, world.tickMs))
      return refuse("TX_TICK", `tick ${body.tick}`);
    if (body.seq <= author.txSeq) return refuse("REPLAYED", `number ${body.seq}`);
    const asked = this.enter(area, { author, body, txid, known, payload });
    if (!asked) return refuse("RATE_LIMITED", `number ${body.seq}`);
    const { committees } = known;
    for (const index of committees.of(body.from, body.tick)) {
      const witness = toHex(known.epoch.members[index].node);
      if (!asked.answered.has(witness)) batch.send(area.topics.down(witness, "ask"), payload);
    }
    if (this.mayStandIn(area, asked)) this.standIn(area, batch, asked);
    return ACCEPT;
  }

  /** A witness's answer. It goes to the author, who checks it. */
  takeToken(
    area: Area,
    batch: Batch,
    witness: Session,
    answer: TokenAnswer,
    payload: Uint8Array,
  ): Verdict {
    const asked = this.asked.get(toHex(answer.txid));
    if (!asked) return refuse("VOTE_UNKNOWN", "nobody asks for it");
    if (!bytesEqual(answer.witness, witness.idBytes))
      return refuse("NODE_MISMATCH", "another's token");
    if (answer.token && !bytesEqual(answer.token.witness, witness.idBytes))
      return refuse("NODE_MISMATCH", "another's token");
    const { body, known } = asked;
    if (!known.committees.has(body.from, body.tick, witness.idBytes))
      return refuse("WITNESS_NOT_CHOSEN", witness.member.name);
    if (asked.answered.has(witness.id)) return refuse("DUPLICATE", "a second answer");
    // A refusal may turn into a token within the tick; that it did not answer yet asks it again.
    if (answer.token) asked.answered.add(witness.id);
    batch.send(area.topics.down(asked.author.id, "token"), payload);
    return ACCEPT;
  }

  /** What the last ask proved against its author, once. */
  takeFraud(): Evidence | undefined {
    const { fraud } = this;
    this.fraud = undefined;
    return fraud;
  }

  /** A proof that the author of `tx` took it back before, or asks for another body under its number. */
  contradiction(area: Area, author: Session, tx: Tx): Evidence | undefined {
    const asked = this.asked.get(this.byAuthor.get(author.id) ?? "");
    if (!asked || asked.body.seq !== tx.body.seq || bytesEqual(asked.txid, tx.txid))
      return undefined;
    const { crypto } = area.ports;
    return makeEvidence(crypto, tx.body.net, author.member.publicKey, tx.bytes, asked.payload);
  }

  /** The body became a transaction, or another did. */
  done(author: string): void {
    const txid = this.byAuthor.get(author);
    if (txid) this.asked.delete(txid);
    this.byAuthor.delete(author);
    this.ticks.delete(author);
  }

  /** What this gateway signed as a witness; at replay as when it signed. */
  witnessed(author: string, seq: number, tick: number, txid: string): void {
    this.signed.set(author, { seq, tick, txid });
  }

  private enter(area: Area, ask: Omit<Asked, "asks" | "answered">): Asked | undefined {
    const { author, body, txid } = ask;
    const id = toHex(txid);
    let asked = this.asked.get(id);
    if (!asked) {
      const before = this.byAuthor.get(author.id);
      const last = before && this.asked.get(before);
      if (last) {
        this.fraud = fraudOf(area, last, ask);
        this.asked.delete(before);
      }
      if (this.asked.size >= ASKS_PENDING_MAX) return undefined;
      asked = { ...ask, asks: 0, answered: new Set() };
      this.asked.set(id, asked);
      this.byAuthor.set(author.id, id);
      const ticks = this.ticks.get(author.id);
      if (ticks?.seq === body.seq) ticks.ticks.add(body.tick);
      else this.ticks.set(author.id, { seq: body.seq, ticks: new Set([body.tick]) });
    }
    asked.asks++;
    return asked.asks > ASKS_PER_BODY_MAX ? undefined : asked;
  }

  /** After two ticks without enough tokens (ledger 4.4); at once where there is nobody to witness. */
  private mayStandIn(area: Area, { author, body, known }: Asked): boolean {
    if (known.epoch.k === 0) return true;
    const found = cancelIn(area.ports.crypto, author.member.publicKey, body);
    if (!found.ok || !found.cancel) return false;
    return (this.ticks.get(author.id)?.ticks.size ?? 0) > TICKS_BEFORE_GATEWAY;
  }

  /** The gateway as a witness, by a witness's rule: what it signs is in its log before it is said. */
  private standIn(area: Area, batch: Batch, { author, body, txid, known }: Asked): void {
    const { crypto } = area.ports;
    const { options, world } = area;
    const id = toHex(txid);
    const last = this.signed.get(author.id);
    if (last && last.txid !== id && (body.seq < last.seq || body.tick <= last.tick)) return;
    if (body.seq !== author.txSeq + 1 || body.tsMs > world.latestMs()) return;
    // As a witness's: not before the stamp.
    const nowMs = world.isRunning ? Math.max(world.nowMs(), body.tsMs) : body.tsMs;
    if (Math.abs(nowMs - body.tsMs) > known.epoch.tauMs) return;
    if (last?.txid !== id) {
      const { seq, tick } = body;
      const entry = { author: author.idBytes, seq, tick, txid };
      batch.log(EntryKind.token, packEntry(tokenEntry, entry));
      this.witnessed(author.id, seq, tick, id);
    }
    const context = { net: options.net, beacon: known.epoch.beacon, body, txid };
    const randomKey = randomKeyOf(crypto, options.secretKey);
    const token = signToken(crypto, options.secretKey, randomKey, area.idBytes, context, nowMs);
    const answer = { net: options.net, txid, witness: area.idBytes, code: 0, token };
    batch.send(area.topics.down(author.id, "token"), tokenRecord.encode(answer));
  }
}

/** Two bodies for one number, the later of which does not take back the earlier: a proof, or undefined. */
function fraudOf(
  { ports }: Area,
  last: Pick<Asked, "author" | "body" | "payload">,
  next: Pick<Asked, "body" | "payload">,
): Evidence | undefined {
  if (last.body.seq !== next.body.seq) return undefined;
  const { publicKey } = last.author.member;
  const found = cancelIn(ports.crypto, publicKey, next.body);
  const { seq, tick } = last.body;
  // What honest authors do, without more signatures to check.
  if (found.ok && found.cancel && covers(found.cancel, seq, tick)) return undefined;
  return makeEvidence(ports.crypto, next.body.net, publicKey, last.payload, next.payload);
}
