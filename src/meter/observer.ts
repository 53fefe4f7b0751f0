// SPDX-License-Identifier: Apache-2.0
/**
 * A node's part in everybody's transactions (ledger 4.4, 4.5): it follows the DAG, witnesses for others, checks
 * what it hears, and votes for what it holds valid.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, signRecord, verifySigned } from "#core/codec/record";
import { type Code, WIRE } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import { EPOCH_MEMBERS_MAX, VOTE_PERIOD_MS } from "#core/limits";
import { checkPot } from "#core/pot/check";
import { judge } from "#core/pot/evidence";
import { headerRecord } from "#core/records/block";
import type { Notice } from "#core/records/notice";
import { TxType } from "#core/records/tx";
import { glanceTx, openPackedTx, type PackedTx } from "#core/records/tx-glance";
import { evidenceRecord, voteRecord } from "#core/records/vote";
import { askRecord, tokenRecord } from "#core/records/witness";
import { isNothing } from "#core/topics";
import { TxState } from "#core/votes/tally";
import type { Waiting } from "./cone.ts";
import type { NodeConfig } from "./config.ts";
import type { Epochs, KnownEpoch } from "./epochs.ts";
import { fromGateway } from "./inspect.ts";
import type { MeterNode } from "./node.ts";
import { Offers } from "./offers.ts";
import type { NodePorts } from "./ports.ts";
import { Promoter } from "./promoter.ts";
import { Share } from "./share.ts";

/** Slots after a start in which a node votes for nothing that may be older: blocks hold it by then. */
const SHY_SLOTS = 2;

export class Observer {
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly ports: NodePorts;
  private readonly epochs: Epochs;
  private readonly raise: (code: string, detail: string) => void;
  /** Undefined as long as there is no proof-of-time. */
  private share: Share | undefined;
  /** Members against whom there is proof. */
  private readonly suspended: Uint8Array[] = [];
  /** What it heard of direct trade, where it trades so. */
  readonly offers: Offers | undefined;
  /** What it says so that nothing of its own is left behind. */
  readonly promoter: Promoter;
  private notice: Notice | undefined;
  /** The latest block that was heard before the first epoch. */
  private head: { id: Uint8Array; atMs: number } | undefined;
  private voteAtMs: number | undefined;
  private votedMs = Number.NEGATIVE_INFINITY;
  /** Nothing up to this protocol time gets a vote: one may have been given to a rival of it. */
  private shyMs: number | undefined;
  /** How often this node witnessed since its start; for people. */
  witnessed = 0;

  constructor(
    node: MeterNode,
    config: NodeConfig,
    ports: NodePorts,
    epochs: Epochs,
    raise: (code: string, detail: string) => void,
  ) {
    this.node = node;
    this.config = config;
    this.ports = ports;
    this.epochs = epochs;
    this.raise = raise;
    if (config.policy.direct) this.offers = new Offers(node.idBytes);
    this.promoter = new Promoter(node, this, ports.log);
  }

  onNotice(notice: Notice): void {
    // Votes are not stored: after a start it may have voted for a rival of what it hears now.
    if (!this.notice && this.node.state.boot > 1) this.shyMs = shyUntilMs(notice);
    this.notice = notice;
    this.promoter.follow(notice, this.epochs.of(notice.epoch)?.epoch.epsilonMs ?? 0);
    this.offers?.forget(notice.slot);
    this.offers?.remember((txid) => this.isAccepted(txid));
    const slotMs = notice.endMs - notice.startMs;
    this.abstain();
    // Final by now, or too old to get into a block.
    this.share?.ballot?.forget(notice.nowMs - slotMs, notice.nowMs - slotMs - notice.ageMaxMs);
  }

  private abstain(): void {
    if (this.shyMs !== undefined) this.share?.ballot?.abstain(this.shyMs);
  }

  /** What the area says of its transactions, and asks of this node; false for anything else. */
  onMessage(topic: string, payload: Uint8Array): boolean {
    const { topics, id } = this.node;
    if (topic === topics.tx) this.onTx(payload);
    else if (topic === topics.vote) this.onVote(payload);
    else if (topic === topics.chainHead) this.onHead(payload);
    else if (topic === topics.evidence) this.onEvidence(payload);
    else if (topic === topics.down(id, "ask")) this.onAsk(payload);
    else return false;
    return true;
  }

  onEpoch(): void {
    const { committees } = this.epochs;
    if (committees.length === 0) return;
    const first = !this.share;
    this.share ??= new Share(this.config, this.ports, this.node.idBytes);
    if (this.share.open(committees)) {
      // As after a start, where it counted before.
      if (!first && this.notice) this.shyMs = shyUntilMs(this.notice);
      this.abstain();
      for (const id of this.suspended) this.share.ballot?.suspend(id);
    }
    if (this.head) this.share.cone.seal(this.head.id, this.head.atMs);
    this.head = undefined;
  }

  /** A transaction that the gateway took. */
  private onTx(payload: Uint8Array): void {
    const { share } = this;
    if (!share) return; // there is no proof-of-time: nobody votes
    const { net, policy } = this.config;
    const heard = glanceTx(this.ports.crypto, payload, net, this.node.idBytes);
    const known = heard && this.epochs.of(heard.epoch);
    if (!known) return;
    const { txid: id, parents, stampMs, from, seq, concerns } = heard;
    const author = Math.max(0, known.committees.indexOf(from));
    const arrival = { id, parents, stampMs, author, seq };
    if (this.notice) share.cone.ageMaxMs = this.notice.ageMaxMs;
    // All transactions, or those that this node is a party of.
    const looks = policy.follow !== "own" || concerns;
    this.settle({ arrival, ...(looks && { payload }) });
  }

  /** Puts into the cone what can be, and looks at what is there then. */
  private settle(heard: Waiting): void {
    const nowMs = this.ports.time.uptimeMs();
    for (const { item, tMs } of this.share?.cone.add(heard, nowMs) ?? []) {
      if (!item.payload) continue;
      const tx = openPackedTx(this.ports.crypto, item.payload);
      if (tx) this.consider(tx, tMs);
    }
  }

  /** A sealed block can be a parent. */
  private onHead(payload: Uint8Array): void {
    const { net } = this.config;
    const { gatewayKey } = this.node;
    const opened = fromGateway(headerRecord, this.ports.crypto, gatewayKey, net, payload);
    if (!opened) return;
    const { id, value } = opened;
    this.node.certifier?.onHead(id, value);
    this.promoter.sealed(value.atMs);
    if (!this.share) this.head = { id, atMs: value.atMs };
    for (const one of this.share?.cone.seal(id, value.atMs) ?? []) this.settle(one);
  }

  /** Checks a transaction whose parents are known, and votes for it where it holds. */
  private consider(tx: PackedTx, tMs: number): void {
    const known = this.epochs.of(tx.body.epoch);
    if (!known) return;
    const code = this.fault(tx, known);
    if (code) return this.raise(code, `transaction ${toHex(tx.txid).slice(0, 16)}`);
    if (code === "") return;
    const { txid, pot } = tx;
    const { from, seq, epoch, parents } = tx.body;
    // In a pot that was checked all tokens are gateways', or none.
    const { gateways } = this.node.conversation;
    const witness = pot.length > 0 ? pot.get(0).witness : undefined;
    const finalOnly = !!witness && gateways.some(({ node }) => bytesEqual(node, witness));
    this.share?.ballot?.add({ txid, from, seq, epoch, tMs, parents, finalOnly });
    this.planVote();
    const own = bytesEqual(from, this.node.idBytes);
    if (!finalOnly && tx.body.type !== TxType.promote && (own || isTo(tx, this.node.idBytes)))
      this.promoter.watch(txid, tMs, own);
    if (this.offers?.heard(tx, tMs)) this.node.settled();
  }

  /** Why it should not be there (V2, V6); "" where this node cannot tell; undefined where it is right. */
  private fault(tx: PackedTx, { epoch, committees }: KnownEpoch): Code | "" | undefined {
    const { crypto } = this.ports;
    const author = committees.indexOf(tx.body.from);
    if (author < 0) return ""; // a newcomer: its key is not in the epoch's list
    if (this.suspended.some((id) => bytesEqual(id, tx.body.from))) return "";
    if (!crypto.verify(committees.keyOf(author), tx.digest, tx.signature)) return "BAD_SIGNATURE";
    // Its own signature is over the tokens that it has checked.
    if (bytesEqual(tx.body.from, this.node.idBytes)) return undefined;
    const { gateways: gatewayKeys, gatewayCount } = this.node.conversation;
    // No member's: a gateway's whose key this node may not have.
    if (gatewayCount > gatewayKeys.length && tx.pot.length > 0)
      if (committees.indexOf(tx.pot.get(0).witness) < 0) return "";
    const checked = checkPot(crypto, committees, epoch, tx, { gatewayKeys, gatewaysNeeded: true });
    return checked.ok ? undefined : checked.code;
  }

  /** Somebody's body asks for a token of this node. */
  private onAsk(payload: Uint8Array): void {
    const { notice, share } = this;
    const witness = share?.witness;
    const { clock } = this.node;
    const { crypto, transport, log } = this.ports;
    const ask = openSigned(askRecord, crypto, payload);
    if (!ask.ok || !notice || !share || !witness) return;
    const author = nodeIdOf(crypto, ask.value.publicKey);
    if (this.suspended.some((id) => bytesEqual(id, author))) return;
    const { committees } = this.epochs;
    const lengthMs = notice.endMs - notice.startMs;
    const answer = witness.ask(ask, clock.running ? clock.nowMs() : notice.nowMs, {
      committees,
      originMs: notice.epochStartMs,
      tickMs: notice.tickMs,
      ageMaxMs: notice.ageMaxMs,
      parentTime: (id) => share.cone.parentTime(id),
      ...(!clock.running && { barrierEndMs: notice.endMs + lengthMs }),
    });
    const { net } = this.config;
    const code = "token" in answer ? 0 : WIRE[answer.code];
    if ("token" in answer) this.witnessed++;
    else log("debug", "not-witnessed", { code: answer.code, detail: answer.detail });
    const token = "token" in answer ? answer.token : undefined;
    const { txid } = answer;
    const bytes = tokenRecord.encode({ net, txid, witness: witness.id, code, token });
    transport.publish(this.node.topics.up(this.node.id, "token"), bytes, false);
  }

  /** Somebody's vote, as the gateway relays it. */
  private onVote(payload: Uint8Array): void {
    const { crypto } = this.ports;
    if (isNothing(payload)) return this.vote(true); // a block waits for what this node has to say
    const vote = openSigned(voteRecord, crypto, payload);
    if (!vote.ok || vote.value.net !== this.config.net) return;
    const { voter, txids, epoch } = vote.value;
    if (bytesEqual(voter, this.node.idBytes)) return;
    const ballot = this.share?.ballot;
    const known = this.epochs.of(epoch);
    const index = known ? known.committees.indexOf(voter) : -1;
    // Of what enough members hold valid one more says nothing new.
    const counts = (txid: Uint8Array) => ballot?.state(txid) === TxState.valid;
    if (!ballot || !known || index < 0 || !txids.some(counts)) return;
    if (verifySigned(crypto, known.committees.keyOf(index), vote)) ballot.vote(vote.value, payload);
  }

  /** A proof that somebody signed what excludes each other: its word counts no more. */
  private onEvidence(payload: Uint8Array): void {
    const evidence = evidenceRecord.decode(payload);
    if (!evidence.ok || evidence.value.net !== this.config.net) return;
    const judged = judge(this.ports.crypto, evidence.value);
    if (!judged.ok || this.suspended.some((id) => bytesEqual(id, judged.author))) return;
    this.suspended.push(judged.author.slice()); // a view on the evidence
    if (this.suspended.length > EPOCH_MEMBERS_MAX) this.suspended.shift();
    this.share?.ballot?.suspend(judged.author);
    this.ports.log("warn", "suspended", { node: toHex(judged.author), fraud: judged.fraud });
  }

  /** How far a transaction of this node's is: one of TxState. */
  stateOf(txid: Uint8Array): number {
    return this.share?.ballot?.state(txid) ?? TxState.unsolid;
  }

  /** Whether enough members hold it valid, as far as this node counts votes for it. */
  isAccepted(txid: Uint8Array): boolean {
    const state = this.stateOf(txid);
    return state === TxState.accepted || state === TxState.final;
  }

  /** Whether votes or a block have decided on it. */
  decided(txid: Uint8Array): boolean {
    return this.stateOf(txid) >= TxState.accepted;
  }

  /** Whether another transaction approves it; undefined where it is not in the DAG any more. */
  approved(txid: Uint8Array): boolean | undefined {
    return this.share?.cone.approved(txid);
  }

  /** What to attach to; undefined while the cone knows nothing. */
  parents(
    nowMs: number,
    ageMaxMs: number,
    beforeMs: number,
  ): { id: Uint8Array; tMs: number }[] | undefined {
    const { cone, ballot } = this.share ?? {};
    const may = (ids: readonly Uint8Array[]): boolean => ballot?.mayApprove(ids) ?? true;
    const chosen = cone?.parents(nowMs, ageMaxMs, beforeMs, may);
    return chosen && chosen.length > 0 ? chosen : undefined;
  }

  private planVote(): void {
    const nowMs = this.ports.time.uptimeMs();
    // Under a barrier clock the gateway calls when all transactions of an instant are there.
    const fromMs = this.node.clock.running ? nowMs : nowMs + VOTE_PERIOD_MS;
    this.voteAtMs ??= Math.max(fromMs, this.votedMs + VOTE_PERIOD_MS);
  }

  onTimer(): void {
    if (this.voteAtMs !== undefined && this.ports.time.uptimeMs() >= this.voteAtMs)
      this.vote(false);
    this.promoter.onTimer();
  }

  private vote(called: boolean): void {
    const { time, transport, crypto } = this.ports;
    if (this.voteAtMs === undefined || !this.node.speaker.open) return;
    const nowMs = time.uptimeMs();
    this.voteAtMs = undefined;
    const own = this.share?.ballot?.whatToVote(nowMs, called);
    if (!own) return;
    this.votedMs = nowMs;
    this.planVote(); // for what did not fit
    const { net, secretKey } = this.config;
    const { idBytes: voter, clock, topics, id } = this.node;
    const vote = { net, voter, epoch: own.epoch, txids: [...own.txids], atMs: clock.nowMs() };
    const { bytes } = signRecord(voteRecord, crypto, secretKey, vote);
    transport.publish(topics.up(id, "vote"), bytes, false);
  }

  /** Real time until a vote or a PROMOTE is due, or undefined. */
  delayMs(): number | undefined {
    const promoteMs = this.promoter.delayMs();
    if (this.voteAtMs === undefined || !this.node.speaker.open) return promoteMs;
    const voteMs = Math.max(0, this.voteAtMs - this.ports.time.uptimeMs());
    return Math.min(voteMs, promoteMs ?? voteMs);
  }
}

function isTo({ body }: PackedTx, node: Uint8Array): boolean {
  return body.legs.some(({ to }) => to !== undefined && bytesEqual(to, node));
}

function shyUntilMs({ nowMs, startMs, endMs }: Notice): number {
  return nowMs + SHY_SLOTS * (endMs - startMs);
}
