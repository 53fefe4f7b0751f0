// SPDX-License-Identifier: Apache-2.0
/**
 * A member that breaks the rules it can break: it has its key, hears everything on the bus, says what it
 * likes to whom it likes (more than a broker would allow), and signs as a witness whatever another rogue
 * asks for.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import { randomKeyOf, signToken } from "#core/pot/token";
import { upRecord } from "#core/records/receipt";
import {
  type Body,
  bodyRecord,
  openTx,
  type PotToken,
  signTx,
  type TxLeg,
  TxType,
} from "#core/records/tx";
import { voteRecord } from "#core/records/vote";
import { askRecord, tokenRecord } from "#core/records/witness";
import type { Area } from "#gateway/area";
import type { MeterNode } from "#meter/node";
import type { NodeSetup } from "../fleet/types.ts";
import type { Random } from "../worlds/random.ts";
import type { Client, FaultyBus } from "./bus.ts";

/** Messages that may be said again. */
const KEPT = 200;
/** More than a home takes or gives in a run. */
const AHEAD_MWH = 10n ** 7n;

/** Where a rogue is: a street, or an area of a town. */
export interface RogueScene {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly bus: FaultyBus;
  readonly gateway: { readonly area: Area };
  readonly gatewayClient: Client | undefined;
  readonly members: readonly RogueMember[];
  readonly checks: { heard(topic: string, payload: Uint8Array, witness: undefined): void };
  count(fault: string): void;
  /** Rivals go through the gateway too, which may see that they are two. */
  readonly openly?: boolean;
}

export interface RogueMember {
  readonly id: string;
  readonly setup: NodeSetup;
  readonly node: MeterNode;
  readonly client: Client | undefined;
  readonly rogue: Rogue | undefined;
}

interface Plot {
  body: Body;
  txid: Uint8Array;
  tokens: PotToken[];
  said: boolean;
}

export class Rogue {
  private readonly street: RogueScene;
  private readonly member: RogueMember;
  private readonly plots = new Map<string, Plot>();
  private readonly heardOf: { topic: string; payload: Uint8Array }[] = [];
  private readonly oldTxs: Uint8Array[] = [];
  private readonly asked = new Map<string, Body>();

  constructor(street: RogueScene, member: RogueMember) {
    this.street = street;
    this.member = member;
  }

  private roll(permille: number): boolean {
    return this.street.random.below(1000) < permille;
  }

  /** What its own node wants to say. False: it does not. */
  says(topic: string, payload: Uint8Array): boolean {
    const { street } = this;
    if (topic.endsWith("/up/ask") && this.roll(500)) this.plot(payload);
    if (topic.endsWith("/up/token") && this.roll(150)) {
      street.count("token refused");
      return false;
    }
    if (topic.endsWith("/up/token") && this.roll(300) && this.dateWrong(topic, payload))
      return false;
    if (topic.endsWith("/up/tx") && this.roll(100)) {
      street.count("transaction withheld");
      return false;
    }
    if (topic.endsWith("/up/vote") && this.roll(300)) this.voteTwice(topic, payload);
    if (this.roll(30)) this.replay();
    return true;
  }

  /** Everything that anybody says. */
  sees(from: string, topic: string, payload: Uint8Array): void {
    if (this.heardOf.length < KEPT) this.heardOf.push({ topic, payload });
    else this.heardOf[this.street.random.below(KEPT)] = { topic, payload };
    if (from === "gateway" && topic.endsWith("/dag/tx")) {
      const opened = openTx(this.street.crypto, payload);
      if (opened.ok && this.oldTxs.length < 8) this.oldTxs.push(opened.tx.txid);
      if (opened.ok) this.follow(opened.tx.txid);
    }
    if (topic.endsWith("/up/token")) this.gather(payload);
    if (topic.endsWith("/up/ask")) this.note(payload);
  }

  /** What somebody asks for now. */
  private note(payload: Uint8Array): void {
    const { crypto } = this.street;
    const ask = openSigned(askRecord, crypto, payload);
    const decoded = ask.ok ? bodyRecord.decode(ask.value.body) : undefined;
    if (!ask.ok || !decoded?.ok) return;
    this.asked.set(toHex(domainHash(crypto, bodyRecord.domain, ask.value.body)), decoded.value);
    for (const first of this.asked.keys()) if (this.asked.size > KEPT) this.asked.delete(first);
  }

  /** Its token with a time before the stamp, or long after it, in place of its node's. */
  private dateWrong(topic: string, payload: Uint8Array): boolean {
    const { street, member } = this;
    const answer = tokenRecord.decode(payload);
    const body = answer.ok ? this.asked.get(toHex(answer.value.txid)) : undefined;
    const known = body && street.gateway.area.epochs.of(body.epoch);
    if (!answer.ok || !answer.value.token || !body || !known) return false;
    street.count("token of another time");
    const { net, secretKey } = member.setup.config;
    const { txid } = answer.value;
    const context = { net, beacon: known.epoch.beacon, body, txid };
    const key = randomKeyOf(street.crypto, secretKey);
    const apartMs = street.random.below(3 * known.epoch.tauMs) - known.epoch.tauMs;
    const atMs = body.tsMs + apartMs;
    const token = signToken(street.crypto, secretKey, key, member.node.idBytes, context, atMs);
    street.bus.publish(member.client, topic, tokenRecord.encode({ ...answer.value, token }), false);
    return true;
  }

  /** What its node said is in the DAG: the one of the same tick that follows it can come now. */
  private follow(txid: Uint8Array): void {
    for (const plot of this.plots.values()) {
      const { prev, seq } = plot.body;
      if (plot.said || !prev || !bytesEqual(prev, txid)) continue;
      if (this.member.node.state.txSeq >= seq) continue; // its node was faster
      plot.said = true;
      this.forge(plot);
    }
  }

  private gather(payload: Uint8Array): void {
    const answer = tokenRecord.decode(payload);
    if (!answer.ok || !answer.value.token) return;
    const plot = this.plots.get(toHex(answer.value.txid));
    const { token } = answer.value;
    if (!plot || plot.tokens.some(({ witness }) => bytesEqual(witness, token.witness))) return;
    plot.tokens.push(token);
    this.finish(plot);
  }

  /** Another body beside the one that its node asks for. */
  private plot(payload: Uint8Array): void {
    const { street, member } = this;
    const ask = openSigned(askRecord, street.crypto, payload);
    const decoded = ask.ok ? bodyRecord.decode(ask.value.body) : undefined;
    if (!ask.ok || !decoded?.ok) return;
    const body = decoded.value;
    const rival = this.vary(body);
    const encoded = bodyRecord.encode(rival);
    const txid = domainHash(street.crypto, bodyRecord.domain, encoded);
    if (!this.plots.has(toHex(txid)))
      this.plots.set(toHex(txid), { body: rival, txid, tokens: [], said: false });
    const { net, secretKey } = member.setup.config;
    const made = { net, publicKey: ask.value.publicKey, body: encoded };
    const { bytes } = signRecord(askRecord, street.crypto, secretKey, made);
    this.ask(rival, txid, bytes);
  }

  private vary(body: Body): Body {
    const { street } = this;
    const kind = street.random.below(5);
    const later = { ...body, expiryMs: body.expiryMs + 1 + street.random.below(3) };
    if (kind === 0 && this.oldTxs.length > 0) {
      street.count("lazy parents");
      return { ...later, parents: [this.oldTxs[0]] };
    }
    if (kind === 1) {
      street.count("two in a tick");
      const encoded = bodyRecord.encode(body);
      const prev = domainHash(street.crypto, bodyRecord.domain, encoded);
      return { ...later, seq: body.seq + 1, prev };
    }
    const trades = body.type === TxType.sold || body.type === TxType.bought;
    if ((kind === 2 || kind === 3) && trades) {
      street.count("register range moved");
      return { ...later, legs: body.legs.map((leg) => moved(leg, kind === 2)) };
    }
    street.count("equivocation");
    return later;
  }

  /** To the witnesses themselves, past the gateway; fellow rogues sign without looking. */
  private ask(body: Body, txid: Uint8Array, payload: Uint8Array): void {
    const { street } = this;
    street.checks.heard("x/up/ask", payload, undefined);
    for (const other of street.members) {
      if (other === this.member || !other.client) continue;
      if (other.rogue) this.sign(other, body, txid);
      else if (this.roll(700))
        street.bus.inject(other.client, other.node.topics.down(other.id, "ask"), payload);
    }
    if (street.openly && this.roll(400)) {
      street.count("rival asked for openly");
      const topic = this.member.node.topics.up(this.member.id, "ask");
      street.bus.publish(this.member.client, topic, payload, false);
    }
    const plot = this.plots.get(toHex(txid));
    if (plot && this.roll(300)) {
      street.count("forged tokens");
      this.forge(plot);
    }
  }

  private sign(other: RogueMember, body: Body, txid: Uint8Array): void {
    const { street } = this;
    const known = street.gateway.area.epochs.of(body.epoch);
    if (!known) return;
    const { net, secretKey } = other.setup.config;
    const context = { net, beacon: known.epoch.beacon, body, txid };
    const key = randomKeyOf(street.crypto, secretKey);
    const late = body.tsMs + street.random.below(2 * known.epoch.tauMs) - known.epoch.tauMs;
    const token = signToken(street.crypto, secretKey, key, other.node.idBytes, context, late);
    const plot = this.plots.get(toHex(txid));
    if (!plot || plot.tokens.some(({ witness }) => bytesEqual(witness, token.witness))) return;
    plot.tokens.push(token);
    this.finish(plot);
  }

  private finish(plot: Plot): void {
    const known = this.street.gateway.area.epochs.of(plot.body.epoch);
    if (!known || plot.said || plot.tokens.length < known.epoch.m) return;
    const rank = ({ witness }: PotToken): number =>
      known.committees.rank(plot.body.from, plot.body.tick, witness);
    plot.said = true;
    this.street.count("rival with its tokens");
    const pot = plot.tokens.filter((token) => rank(token) >= 0).sort((a, b) => rank(a) - rank(b));
    this.say(plot.body, pot);
  }

  /** Tokens that nobody signed. */
  private forge({ body }: Plot): void {
    const known = this.street.gateway.area.epochs.of(body.epoch);
    if (!known) return;
    const { committees, epoch } = known;
    const pot = committees.of(body.from, body.tick).map((index) => ({
      witness: epoch.members[index].node,
      tMs: body.tsMs,
      random: new Uint8Array(16),
      signature: new Uint8Array(64).fill(index + 1),
    }));
    this.say(body, pot.slice(0, Math.max(1, epoch.m)));
  }

  /** The transaction under its next number, to the gateway and to some of the others. */
  private say(body: Body, pot: PotToken[]): void {
    const { street, member } = this;
    const session = street.gateway.area.sessions.get(member.id);
    const seq = (session?.saidSeq ?? member.node.state.saidSeq) + 1;
    const tx = signTx(street.crypto, member.setup.config.secretKey, body, seq, pot);
    const topic = member.node.topics.up(member.id, "tx");
    street.bus.publish(member.client, topic, upRecord.encode({ seq, content: tx.bytes }), false);
    for (const other of street.members)
      if (other.client && this.roll(400))
        street.bus.inject(other.client, other.node.topics.tx, tx.bytes);
  }

  private voteTwice(topic: string, payload: Uint8Array): void {
    const { street, member } = this;
    const vote = openSigned(voteRecord, street.crypto, payload);
    if (!vote.ok) return;
    street.count("double vote");
    const rivals = [...this.plots.values()].map(({ txid }) => txid).slice(-2);
    const made = { ...vote.value, txids: [...vote.value.txids, ...rivals].slice(0, 8) };
    const { bytes } = signRecord(voteRecord, street.crypto, member.setup.config.secretKey, made);
    street.bus.publish(member.client, topic, bytes, false);
    for (const other of street.members)
      if (other.client && this.roll(400))
        street.bus.inject(other.client, other.node.topics.vote, bytes);
  }

  /** Something that was said before, to whom it was meant for or to somebody else. */
  private replay(): void {
    const { street, heardOf } = this;
    if (heardOf.length === 0) return;
    street.count("replay");
    const { topic, payload } = heardOf[street.random.below(heardOf.length)];
    if (topic.includes("/up/") && street.gatewayClient) {
      street.bus.inject(street.gatewayClient, topic, payload);
      return;
    }
    const other = street.members[street.random.below(street.members.length)];
    if (other.client) street.bus.inject(other.client, topic, payload);
  }
}

/** On a stretch that was used before, or on one that is not metered yet. */
function moved(leg: TxLeg, back: boolean): TxLeg {
  if (!leg.meter) return leg;
  const { fromMwh, toMwh } = leg.meter;
  const byMwh = back ? -fromMwh : AHEAD_MWH;
  return { ...leg, meter: { fromMwh: fromMwh + byMwh, toMwh: toMwh + byMwh } };
}
