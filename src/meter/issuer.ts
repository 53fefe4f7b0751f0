// SPDX-License-Identifier: Apache-2.0
/**
 * The author's side of proof-of-time (ledger 4.4): a body is fixed and stored, its committee is asked, and
 * with enough tokens it is a transaction. A body whose tick passes without them is replaced by one that
 * cancels it. There is one body at a time, since the next has to name it.
 */
import { bytesEqual } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import { assert } from "#core/errors/assert";
import { codeOfWire } from "#core/errors/codes";
import { ASK_PATIENCE_MS, ASK_PATIENCE_PERMILLE, ASK_REPEAT_MS } from "#core/limits";
import { signCancel } from "#core/pot/cancel";
import { gatewayTokens } from "#core/pot/params";
import { checkToken, isTimely, medianMs } from "#core/pot/token";
import type { Caps, Notice } from "#core/records/notice";
import { type Body, bodyRecord, sealTx, signTx, TxType } from "#core/records/tx";
import { askRecord, tokenRecord } from "#core/records/witness";
import { type Attachment, type BodyDraft, chooseParents, draftBody, withLate } from "./chain.ts";
import type { NodeConfig } from "./config.ts";
import type { Epochs, KnownEpoch } from "./epochs.ts";
import { type Kept, kept } from "./kept-token.ts";
import type { MeterNode } from "./node.ts";
import type { NodePorts } from "./ports.ts";
import { dropPending, moveReserve } from "./state.ts";

/** What is to be said, and how long it makes sense. */
export interface Intent extends BodyDraft {
  /** Not from this protocol time on: a RESERVE comes before its slot. */
  beforeMs: number;
}

/** Where parents come from. */
export interface Ways {
  caps(): Caps | undefined;
  /** Undefined where the node does not follow the DAG, or has heard nothing of it yet. */
  cone(nowMs: number, ageMaxMs: number, beforeMs: number): readonly Attachment[] | undefined;
  /** What is left behind, and has to be among them (promoter.ts). */
  late(nowMs: number): Attachment | undefined;
}

export class Issuer {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  private readonly epochs: Epochs;
  private readonly ways: Ways;
  private notice: Notice | undefined;
  /** The body that waits for its tokens, as far as this start has opened it. */
  private body: Body | undefined;
  /** Its tokens by members of its committee, and by the gateway. */
  private tokens: Kept[] = [];
  private gatewayTokens: Kept[] = [];
  /** Uptime at which its committee is asked again, and at which its tick counts as over (barrier clock). */
  private askAtMs: number | undefined;
  private overAtMs = 0;
  /** Protocol time before which the next body would be too early for its witnesses. */
  private notBeforeMs: number | undefined;

  constructor(node: MeterNode, config: NodeConfig, ports: NodePorts, epochs: Epochs, ways: Ways) {
    this.node = node;
    this.config = config;
    this.ports = ports;
    this.epochs = epochs;
    this.ways = ways;
  }

  /** Whether a body waits for its tokens. */
  get busy(): boolean {
    return this.node.state.pending !== undefined;
  }

  /** Whether something is to be said, and it is too early for its witnesses. */
  get waits(): boolean {
    return this.notBeforeMs !== undefined;
  }

  /** Whether transaction `txid` is the one that waits: nobody else knows it yet. */
  waitsFor(txid: Uint8Array | undefined): boolean {
    const { pending, txid: last } = this.node.state;
    return (
      pending !== undefined && txid !== undefined && last !== undefined && bytesEqual(txid, last)
    );
  }

  /** How many witnesses have signed, of how many it takes; undefined where nothing waits. For people. */
  get progress(): { tokens: number; needed: number } | undefined {
    const known = this.body && this.epochs.of(this.body.epoch);
    return known && { tokens: this.tokens.length, needed: known.epoch.m };
  }

  /**
   * Begins the chain's next transaction: `fixed` changes what has to be stored together with it. False where it
   * has to wait, or would come too late.
   */
  say(notice: Notice, intent: Intent, fixed: (txid: Uint8Array, tsMs: number) => void): boolean {
    const { state, speaker, clock } = this.node;
    this.notBeforeMs = undefined;
    // What cannot be kept must not take a number: the chain would break there for good.
    if (this.busy || speaker.full) return false;
    const known = this.epochs.of(notice.epoch);
    if (notice.epoch !== 0 && !known) return false;
    const body = this.draft(notice, intent);
    if (!body || body.tsMs >= intent.beforeMs) return false;
    if (!known) {
      this.sayAtOnce(body, fixed);
      return true;
    }
    // Where ε is longer than a tick, a stamp that is near enough may still be of a tick that is not.
    const aheadMs = Math.min(known.epoch.epsilonMs, notice.tickMs) / 2;
    if (clock.running && body.tsMs > clock.nowMs() + aheadMs) {
      this.notBeforeMs = body.tsMs;
      return false;
    }
    this.notice = notice;
    const encoded = bodyRecord.encode(body);
    const txid = domainHash(this.ports.crypto, bodyRecord.domain, encoded);
    state.txSeq = body.seq;
    state.uncertain = 0;
    this.keep(body, encoded, txid, 0);
    fixed(txid, body.tsMs);
    this.node.save();
    this.ask();
    return true;
  }

  /** What came to this node from its gateway for the body that waits: a token, or why there is none. */
  onToken(payload: Uint8Array): void {
    const { state, idBytes } = this.node;
    const answer = tokenRecord.decode(payload);
    if (!answer.ok || !state.pending || !this.body) return;
    const { txid, token, code, net } = answer.value;
    if (net !== this.config.net || !state.txid || !bytesEqual(txid, state.txid)) return;
    if (!token) {
      const witness = answer.value.witness[0];
      this.ports.log("debug", "no-token", { witness, code: codeOfWire(code) ?? code });
      return;
    }
    const known = this.epochs.of(this.body.epoch);
    // A witness that lies about its time: with its token V6 or V7 would void the transaction.
    if (!known || !isTimely(token, this.body, known.epoch)) return;
    const context = { net, beacon: known.epoch.beacon, body: this.body, txid };
    const { committees } = known;
    const rank = committees.rank(idBytes, this.body.tick, token.witness);
    if (rank >= 0) {
      if (this.tokens.some((one) => one.rank === rank)) return;
      const key = committees.keyOf(committees.indexOf(token.witness));
      if (checkToken(this.ports.crypto, key, context, token)) this.tokens.push(kept(token, rank));
    } else {
      const { gateways } = this.node.conversation;
      const place = gateways.findIndex(({ node }) => bytesEqual(node, token.witness));
      if (place < 0 || this.gatewayTokens.some((one) => one.rank === place)) return;
      if (checkToken(this.ports.crypto, gateways[place].publicKey, context, token))
        this.gatewayTokens.push(kept(token, place));
    }
    this.finish(known);
  }

  /** The connection, the epoch or the slot is new: what waits goes on. */
  resume(notice: Notice): void {
    this.notice = notice;
    const { state, speaker } = this.node;
    if (!state.pending || !speaker.open) return;
    this.body ??= this.opened(state.pending.body);
    if (this.askAtMs === undefined) this.ask();
  }

  /** The connection is gone: it is asked again when there is one. */
  onDisconnect(): void {
    this.askAtMs = undefined;
  }

  onTimer(): void {
    // Whoever has to say it tries again now, if it is still to be said.
    if (this.waits && this.node.clock.nowMs() >= this.notBeforeMs!) this.notBeforeMs = undefined;
    // The gateway knows another chain: what waited was dropped with it.
    if (this.body && !this.busy) this.clear();
    const { body, askAtMs, notice } = this;
    if (!body || !notice || askAtMs === undefined) return;
    const known = this.epochs.of(body.epoch);
    if (known) this.finish(known); // it may have waited for room in the outbox
    if (!this.busy) return;
    const nowMs = this.ports.time.uptimeMs();
    if (!known || this.isOver(notice, body, known)) this.retry(notice, body);
    else if (nowMs >= askAtMs) this.ask();
  }

  /** Real time until something is due, or undefined. */
  delayMs(): number | undefined {
    const { clock } = this.node;
    if (this.askAtMs === undefined)
      return this.notBeforeMs === undefined ? undefined : clock.realDelayMs(this.notBeforeMs) + 1;
    const nowMs = this.ports.time.uptimeMs();
    const overMs = clock.running ? clock.realDelayMs(this.endMs()) + 1 : this.overAtMs - nowMs;
    return Math.max(0, Math.min(this.askAtMs - nowMs, overMs));
  }

  private draft(notice: Notice, intent: Intent): Body | undefined {
    const { net, secretKey } = this.config;
    const { crypto } = this.ports;
    const { state, idBytes } = this.node;
    const choose = this.chooser(notice, intent.beforeMs, intent.type);
    const body = draftBody(net, idBytes, state, notice, choose, intent);
    // Numbers of an earlier life, or of a body that came to nothing: witnesses may have signed another.
    if (body && state.uncertain > 0 && notice.epoch !== 0) {
      const { seq, tick } = body;
      body.cancels = signCancel(crypto, secretKey, { net, from: idBytes, seq, beforeTick: tick });
    }
    return body;
  }

  /**
   * Of the cone that this node follows; of the gateway's list of caps while that is empty. First of all what is
   * left behind.
   */
  private chooser(
    notice: Notice,
    beforeMs: number,
    type: number,
  ): (nowMs: number) => readonly Attachment[] {
    const { caps, cone, late } = this.ways;
    // Young enough on arrival too. A PROMOTE also takes in what others left behind.
    const { ageMaxMs, tickMs } = notice;
    const epsilonMs = this.epochs.of(notice.epoch)?.epoch.epsilonMs ?? 0;
    const promoteMs = Math.max(ageMaxMs / 2, ageMaxMs - tickMs - epsilonMs);
    const ageMs = type === TxType.promote ? promoteMs : ageMaxMs / 2;
    return (nowMs) => {
      const chosen =
        cone(nowMs, ageMs, beforeMs) ?? chooseParents(caps(), nowMs, ageMaxMs, this.ports.entropy);
      return withLate(chosen, late(nowMs));
    };
  }

  private sayAtOnce(body: Body, fixed: (txid: Uint8Array, tsMs: number) => void): void {
    const { state, speaker } = this.node;
    const tx = signTx(this.ports.crypto, this.config.secretKey, body, state.saidSeq + 1);
    state.txSeq = body.seq;
    state.txid = tx.txid;
    state.txMs = body.tsMs;
    fixed(tx.txid, body.tsMs);
    speaker.say(state, "tx", tx.bytes);
  }

  private keep(body: Body, encoded: Uint8Array, txid: Uint8Array, tries: number): void {
    const { state } = this.node;
    state.txid = txid;
    state.txMs = body.tsMs;
    state.pending = { body: encoded, tries };
    this.body = body;
    this.tokens = [];
    this.gatewayTokens = [];
    this.overAtMs = this.patientUntilMs(body);
  }

  /** Uptime at which a body's tick counts as over under the barrier clock. */
  private patientUntilMs({ epoch }: Body): number {
    const epsilonMs = this.epochs.of(epoch)?.epoch.epsilonMs ?? ASK_PATIENCE_MS;
    const patienceMs = Math.floor((epsilonMs * ASK_PATIENCE_PERMILLE) / 1000);
    return this.ports.time.uptimeMs() + Math.min(ASK_PATIENCE_MS, patienceMs);
  }

  private opened(encoded: Uint8Array): Body {
    const decoded = bodyRecord.decode(encoded);
    assert(decoded.ok, "PENDING_BODY");
    this.overAtMs = this.patientUntilMs(decoded.value);
    return decoded.value;
  }

  private ask(): void {
    const { pending } = this.node.state;
    const { crypto, time, transport } = this.ports;
    const { net, secretKey } = this.config;
    // Whom the gateway refuses asks when it is let in again (`resume`), and not in a circle until then.
    this.askAtMs = undefined;
    if (!pending || !this.node.speaker.open) return;
    const ask = { net, publicKey: this.node.publicKey, body: pending.body };
    const { bytes } = signRecord(askRecord, crypto, secretKey, ask);
    transport.publish(this.node.topics.up(this.node.id, "ask"), bytes, false);
    this.askAtMs = time.uptimeMs() + ASK_REPEAT_MS;
  }

  /** With enough tokens the body is a transaction. */
  private finish(known: KnownEpoch): void {
    const { state, speaker } = this.node;
    const bytes = speaker.full ? undefined : this.complete(known);
    if (!bytes) return;
    // Before it is stored and sent: that takes the most memory.
    this.clear();
    speaker.say(state, "tx", bytes);
    this.node.settled();
  }

  /** The transaction as it is said; undefined while tokens are missing. */
  private complete(known: KnownEpoch): Uint8Array | undefined {
    const { state } = this.node;
    const { body } = this;
    const { m, k } = known.epoch;
    if (!body || !state.pending || !state.txid) return undefined;
    const gateways = gatewayTokens(this.node.conversation.gatewayCount);
    let pot: Kept[];
    if (m > 0 && this.tokens.length >= m)
      pot = this.tokens.sort((a, b) => a.rank - b.rank).slice(0, m);
    else if ((k === 0 || body.cancels) && this.gatewayTokens.length >= gateways)
      pot = this.gatewayTokens.sort((a, b) => a.rank - b.rank).slice(0, gateways);
    else return undefined;
    const { crypto } = this.ports;
    const { secretKey } = this.config;
    const tokens = pot.map(({ bytes }) => bytes);
    const encoded = state.pending.body;
    const { bytes } = sealTx(crypto, secretKey, state.txid, encoded, state.saidSeq + 1, tokens);
    // Later than its parents in any case: the stamp is, and no token's time counts for less.
    state.txMs = Math.max(body.tsMs, medianMs(pot.map(({ tMs }) => tMs)));
    return bytes;
  }

  private clear(): void {
    this.node.state.pending = undefined;
    this.body = undefined;
    this.tokens = [];
    this.gatewayTokens = [];
    this.askAtMs = undefined;
  }

  private isOver(notice: Notice, body: Body, known: KnownEpoch): boolean {
    const { clock } = this.node;
    if (!clock.running) return this.ports.time.uptimeMs() >= this.overAtMs;
    return clock.nowMs() >= tickEndMs(notice, body) + known.epoch.epsilonMs;
  }

  private endMs(): number {
    const { notice, body } = this;
    const known = body && this.epochs.of(body.epoch);
    return notice && body && known ? tickEndMs(notice, body) + known.epoch.epsilonMs : 0;
  }

  /** The tick went by: the same again, in a later one, with the word that the first does not count. */
  private retry(notice: Notice, old: Body): void {
    const { state, clock } = this.node;
    const { pending } = state;
    assert(pending && state.txid, "RETRY_NOTHING");
    const laterMs = tickEndMs(notice, old);
    const notBeforeMs = Math.max(laterMs, clock.running ? clock.nowMs() : notice.nowMs);
    const { type, slot, legs, expiryMs } = old;
    // Its predecessor is the old one's.
    const chain = { ...state, txSeq: old.seq - 1, txid: old.prev, txMs: 0 };
    const intent = { type, slot, legs, expiryMs, notBeforeMs };
    const { net, secretKey } = this.config;
    const from = this.node.idBytes;
    const lastMs = this.lastMs(notice, old);
    if (type === TxType.promote && !this.ways.late(notBeforeMs)) return this.abandon(old);
    const body = draftBody(net, from, chain, notice, this.chooser(notice, lastMs, type), intent);
    if (!body || body.tsMs >= lastMs) return this.abandon(old);
    const { crypto } = this.ports;
    const { seq, tick: beforeTick } = body; // the old one's number
    body.cancels = signCancel(crypto, secretKey, { net, from, seq, beforeTick });
    const encoded = bodyRecord.encode(body);
    const txid = domainHash(crypto, bodyRecord.domain, encoded);
    moveReserve(state, state.txid, txid, body.tsMs);
    this.ports.log("warn", "no-tokens", { seq: old.seq, tokens: this.tokens.length });
    this.keep(body, encoded, txid, Math.min(255, pending.tries + 1));
    this.node.save();
    this.ask();
  }

  /** When a replaced body comes too late. */
  private lastMs(notice: Notice, { type, slot, expiryMs }: Body): number {
    if (type !== TxType.reserve) return expiryMs;
    return notice.startMs + (slot - notice.slot) * (notice.endMs - notice.startMs);
  }

  /** It would come too late. Its number is free again, for a body that cancels it. */
  private abandon(body: Body): void {
    this.ports.log("warn", "abandoned", { seq: body.seq, type: body.type, slot: body.slot });
    dropPending(this.node.state);
    this.clear();
    this.node.save();
    this.node.settled();
  }
}

/** The end of a body's tick, protocol time. */
function tickEndMs(notice: Notice, body: Body): number {
  return notice.epochStartMs + (body.tick + 1) * notice.tickMs;
}
