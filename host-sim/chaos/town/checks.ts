// SPDX-License-Identifier: Apache-2.0
/**
 * What has to hold of honest gateways among each other, after every event: one turn and one ledger header
 * for each height, with a quorum's signatures (I19); nothing undone, cuts that only rise (I20); all come to
 * the same (I21); one word in each place, and stored before it is sent.
 */
import { bytesEqual, toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import { blockIdOf } from "#core/consensus/block-id";
import { BLOCK_SKEW_MS } from "#core/consensus/limits";
import { domainHash } from "#core/crypto/domain";
import { blockRecord, headerRecord } from "#core/records/block";
import {
  gatewayVoteRecord,
  Phase,
  proposalRecord,
  proposedRecord,
  quorumRecord,
} from "#core/records/consensus";
import { receiptRecord } from "#core/records/receipt";
import { FedKind, segmentRecord } from "#core/records/segment";
import { type Cut, cutsRecord, turnRecord } from "#core/records/turn";
import { decodeStored } from "#gateway/consensus/stored";
import type { PeerKind } from "#gateway/consortium/ports";
import {
  blockEntry,
  EntryKind,
  type StateEntry,
  saidEntry,
  segmentEntry,
  stateEntry,
  turnEntry,
  unpackEntry,
} from "#gateway/entries";
import { must } from "../violation.ts";
import type { TownArena } from "./arena.ts";
import type { Disk } from "./disk.ts";
import type { AgreedTurn, Entry, FeedFacts, LogFacts, SegmentFacts } from "./facts.ts";
import { Membership, type Wish } from "./membership.ts";

export class TownChecks {
  readonly turns: AgreedTurn[] = [];
  /** Entries of the ledger's blocks, by height. */
  readonly blocks: Uint8Array[] = [];
  /** Honest gateways by index. */
  readonly logs = new Map<number, LogFacts>();
  /** Those that appended something since the last look. */
  readonly changed = new Set<number>();
  private readonly arena: TownArena;
  /** Who agrees on which height. */
  readonly membership: Membership;
  /** Ids of ledger headers, by height. */
  private readonly headers: string[] = [];
  private readonly feeds = new Map<string, FeedFacts>();
  private readonly segments = new Map<string, SegmentFacts>();
  private readonly bySignature = new Map<string, SegmentFacts>();
  private readonly certificates = new Set<string>();
  /** By gateway and place, what it said there. */
  private readonly said = new Map<string, string>();
  private readonly looked = new WeakSet<Uint8Array>();
  /** Segments that honest gateways sent, by id. */
  private readonly sentSegments = new Set<string>();
  /** Gateways that lost a disk. */
  private readonly forgot = new Set<number>();
  /** How far each proposed turn would go, by its id. */
  private readonly plans = new Map<string, Cut[]>();

  constructor(arena: TownArena) {
    this.arena = arena;
    const { town, plan } = arena;
    const { consortium, net } = town.gateways[0].options;
    this.membership = new Membership(town.crypto, net, plan.rule, consortium!.gateways);
    for (const { index } of arena.honest) this.forget(index);
  }

  /** Its disk is a new one. */
  lost(gateway: number): void {
    this.forgot.add(gateway);
    this.forget(gateway);
  }

  private forget(gateway: number): void {
    this.logs.set(gateway, { turns: 0, blocks: 0, segments: new Set(), said: new Map() });
  }

  feedOf(gateway: string): FeedFacts | undefined {
    return this.feeds.get(gateway);
  }

  /** A write of an honest gateway is durable. */
  appended(gateway: number, entries: readonly Entry[]): void {
    const log = this.logs.get(gateway);
    if (!log) return;
    this.changed.add(gateway);
    for (const { kind, bytes } of entries) {
      if (kind === EntryKind.segment) {
        const { signed } = unpackEntry(segmentEntry, bytes);
        log.segments.add(this.segmentOf(signed).id);
      } else if (kind === EntryKind.turn) this.turn(log.turns++, bytes, gateway, log);
      else if (kind === EntryKind.block) this.block(log.blocks++, bytes, gateway);
      else if (kind === EntryKind.said) {
        const { node, seq } = unpackEntry(saidEntry, bytes);
        log.said.set(toHex(node), seq);
      } else if (kind === EntryKind.state) this.state(log, unpackEntry(stateEntry, bytes));
    }
  }

  /** It took the place of turns: its gateway has now what those have that executed them. */
  private state(log: LogFacts, { height, offers }: StateEntry): void {
    if (offers.length === 0) return;
    must(this.turns.length > height, "state", () => `of turn ${height}, which nobody has`);
    const { ledger } = this.turns[height].turn;
    log.turns = height;
    log.blocks = ledger ? this.headers.indexOf(toHex(ledger)) + 1 : 0;
    for (const { said } of this.logs.values())
      for (const [node, seq] of said) log.said.set(node, Math.max(seq, log.said.get(node) ?? 0));
  }

  /** A message between gateways, as it was sent. */
  sent(gateway: number, kind: PeerKind, bytes: Uint8Array): void {
    if (kind === "proposed") this.proposed(bytes);
    if (!this.logs.has(gateway) || this.looked.has(bytes)) return;
    this.looked.add(bytes);
    if (kind === "vote") this.vote(gateway, bytes);
    else if (kind === "proposed") this.proposal(gateway, bytes);
    else if (kind === "segment") this.segmentSent(gateway, bytes);
  }

  /** What an honest gateway says to its nodes: a receipt is for what is in its log. */
  published(gateway: number, topic: string, payload: Uint8Array): void {
    const log = this.logs.get(gateway);
    if (!log || !topic.endsWith("/down/receipt")) return;
    const { crypto } = this.arena.town;
    const receipt = openSigned(receiptRecord, crypto, payload);
    must(receipt.ok, "receipt", () => `gateway ${gateway}: no receipt`);
    const { node, upTo } = receipt.value;
    const durable = log.said.get(toHex(node)) ?? 0;
    must(upTo <= durable, "receipt", () => `gateway ${gateway}: ${upTo}, ${durable} durable`);
  }

  private turn(height: number, bytes: Uint8Array, gateway: number, log: LogFacts): void {
    const { header, plan, quorum } = unpackEntry(turnEntry, bytes);
    const name = (): string => `turn ${height} of gateway ${gateway}`;
    const known = this.turns[height];
    if (!known) this.newTurn(height, header, plan, name);
    else {
      const same = bytesEqual(known.header, header) && bytesEqual(known.plan, plan);
      must(same, "I19", () => `${name()} is another one`);
    }
    for (const cut of this.turns[height].cuts)
      must(log.segments.has(toHex(cut.id)), "I19", () => `${name()}: a segment is not in its log`);
    this.certificate(height, header, plan, quorum, name);
  }

  private newTurn(height: number, header: Uint8Array, plan: Uint8Array, name: () => string): void {
    must(height === this.turns.length, "I19", () => `${name()}, of ${this.turns.length}`);
    const opened = turnRecord.decode(header);
    const cuts = cutsRecord.decode(plan);
    must(opened.ok && cuts.ok, "I19", () => `${name()} is none`);
    const turn = opened.value;
    const before = this.turns[height - 1];
    const { town, honest } = this.arena;
    const prev = before && blockIdOf(town.crypto, before);
    must(turn.height === height && same(turn.prev, prev), "I19", () => `${name()}: prev`);
    must(turn.atMs > (before?.turn.atMs ?? -1), "I19", () => `${name()}: its time`);
    if (before) must(same(turn.terms, before.turn.terms), "terms", name);
    const head = this.headers.at(-1);
    const named = turn.ledger && toHex(turn.ledger);
    must(named === head, "ledger", () => `${name()} names ${named}, not ${head}`);
    const nowMs = Math.max(...honest.map((one) => one.nowMs));
    must(turn.atMs <= nowMs + BLOCK_SKEW_MS, "time", () => `${name()}: ${turn.atMs - nowMs} ahead`);
    const wishes: Wish[] = [];
    for (const cut of cuts.value.cuts) wishes.push(...this.advance(cut, name));
    this.turns.push({ header, plan, turn, cuts: cuts.value.cuts });
    if (this.membership.turn(wishes)) this.arena.changed();
  }

  /**
   * I20: cuts only rise, along one chain; and what is an honest gateway's it has said. What they wish for, in
   * order.
   */
  private advance({ gateway, seq, id }: Cut, name: () => string): Wish[] {
    const feed = toHex(gateway);
    const wishes: Wish[] = [];
    const member = this.membership.present.ids.includes(feed);
    must(member, "stranger", () => `${name()} takes in ${feed}`);
    const last = this.feeds.get(feed);
    must(seq > (last?.seq ?? 0), "I20", () => `${name()}: ${feed} goes back to ${seq}`);
    let at: string | undefined = toHex(id);
    let before: Uint8Array | undefined;
    const own = this.arena.indexOf(feed);
    for (let number = seq; number > (last?.seq ?? 0); number--) {
      const segment: SegmentFacts | undefined =
        at === undefined ? undefined : this.segments.get(at);
      must(segment?.seq === number && segment.gateway === feed, "I20", () => `${name()}: ${feed}`);
      if (this.logs.has(own))
        must(this.sentSegments.has(segment.id), "forged", () => `${name()}: ${feed} ${number}`);
      for (const bytes of [...segment.wishes].reverse()) wishes.push({ by: feed, bytes });
      if (number === seq) before = segment.prevBytes;
      at = segment.prev;
    }
    must(at === (last && toHex(last.id)), "I20", () => `${name()}: ${feed} has two pasts`);
    this.feeds.set(feed, { gateway: feed, seq, id, before });
    return wishes.reverse();
  }

  /** A quorum's distinct signatures, counted anew. */
  private certificate(
    height: number,
    header: Uint8Array,
    plan: Uint8Array,
    quorum: Uint8Array,
    name: () => string,
  ): void {
    const key = Buffer.from(quorum).toString("latin1");
    if (this.certificates.has(key)) return;
    const { crypto } = this.arena.town;
    const members = this.membership.at(height)!;
    const decoded = quorumRecord.decode(quorum);
    must(decoded.ok, "I19", () => `${name()} has no certificate`);
    const { net, round, voices, ...hashes } = decoded.value;
    must(
      decoded.value.height === height &&
        bytesEqual(hashes.header, crypto.sha256(header)) &&
        bytesEqual(hashes.plan, crypto.sha256(plan)),
      "I19",
      () => `${name()} has the certificate of another`,
    );
    const block = blockIdOf(crypto, { header, plan });
    const signers = new Set<number>();
    for (const { voter, heard, agreed, signature } of voices) {
      must(voter < members.list.length, "I19", () => `${name()}: voter ${voter}`);
      const { id, publicKey } = members.list[voter];
      const { precommit: phase } = Phase;
      const vote = { net, height, round, phase, voter: id, block, code: 0, heard, agreed };
      const record = gatewayVoteRecord.encode(vote);
      const message = domainHash(crypto, gatewayVoteRecord.domain, record);
      if (crypto.verify(publicKey, message, signature)) signers.add(voter);
    }
    must(signers.size >= members.quorum, "I19", () => `${name()}: ${signers.size} signatures`);
    this.certificates.add(key);
  }

  /** Headers are the same but for who signed them; all else of a block is under them. */
  private block(height: number, bytes: Uint8Array, gateway: number): void {
    const id = this.headerOf(unpackEntry(blockEntry, bytes).block);
    const known = this.headers[height];
    if (known) must(known === id, "I19", () => `block ${height} of gateway ${gateway} differs`);
    else {
      must(height === this.blocks.length, "I19", () => `block ${height} of ${this.blocks.length}`);
      this.blocks.push(bytes);
      this.headers.push(id);
    }
  }

  private headerOf(encoded: Uint8Array): string {
    const block = blockRecord.decode(encoded);
    const { crypto } = this.arena.town;
    const header = block.ok ? openSigned(headerRecord, crypto, block.value.header) : block;
    must(header.ok, "I19", () => "a block that is none");
    return toHex(header.id);
  }

  private segmentOf(signed: Uint8Array): SegmentFacts {
    const signature = Buffer.from(signed.subarray(-64)).toString("latin1");
    const known = this.bySignature.get(signature);
    if (known) return known;
    const opened = openSigned(segmentRecord, this.arena.town.crypto, signed);
    must(opened.ok, "I19", () => "a segment that is none");
    const { gateway, seq, prev, entries } = opened.value;
    const facts: SegmentFacts = {
      id: toHex(opened.id),
      idBytes: opened.id,
      gateway: toHex(gateway),
      seq,
      prev: prev && toHex(prev),
      prevBytes: prev,
      wishes: entries.filter(({ kind }) => kind === FedKind.change).map(({ bytes }) => bytes),
    };
    this.bySignature.set(signature, facts);
    this.segments.set(facts.id, facts);
    return facts;
  }

  private once(gateway: number, place: string, what: string): boolean {
    const key = `${gateway} ${place}`;
    const before = this.said.get(key);
    must(before === undefined || before === what, "twice", () => `gateway ${gateway}: ${place}`);
    this.said.set(key, what);
    return before === undefined;
  }

  private segmentSent(gateway: number, bytes: Uint8Array): void {
    const { id, gateway: owner, seq } = this.segmentOf(bytes);
    if (this.arena.indexOf(owner) !== gateway) return;
    this.sentSegments.add(id);
    this.numbered(gateway, owner, seq, id);
    const durable = this.logs.get(gateway)!.segments.has(id);
    must(durable, "durable", () => `gateway ${gateway} sends segment ${seq} too soon`);
  }

  /** One segment of each number; who lost its disk knows of those only that turns took in. */
  private numbered(gateway: number, owner: string, seq: number, id: string): void {
    const place = `segment ${seq}`;
    const before = this.said.get(`${gateway} ${place}`);
    if (before !== undefined && before !== id && this.forgot.has(gateway)) {
      const { turns } = this.logs.get(gateway)!;
      const took = this.turns
        .slice(0, turns)
        .some(({ cuts }) => cuts.some((cut) => toHex(cut.gateway) === owner && cut.seq >= seq));
      if (!took) this.said.set(`${gateway} ${place}`, id);
    }
    this.once(gateway, place, id);
  }

  private proposed(bytes: Uint8Array): void {
    if (this.looked.has(bytes)) return;
    const decoded = proposedRecord.decode(bytes);
    if (!decoded.ok) return;
    const cuts = cutsRecord.decode(decoded.value.plan);
    const id = blockIdOf(this.arena.town.crypto, decoded.value);
    if (cuts.ok) this.plans.set(toHex(id), cuts.value.cuts);
  }

  private proposal(gateway: number, bytes: Uint8Array): void {
    const decoded = proposedRecord.decode(bytes);
    must(decoded.ok, "form", () => `gateway ${gateway}: a proposal`);
    const { crypto } = this.arena.town;
    const signed = openSigned(proposalRecord, crypto, decoded.value.proposal);
    must(signed.ok, "form", () => `gateway ${gateway}: a proposal`);
    const { height, round, proposer } = signed.value;
    if (this.arena.indexOf(toHex(proposer)) !== gateway) return;
    if (this.once(gateway, `proposal ${height}/${round}`, toHex(signed.id)))
      this.durable(gateway, height, round, decoded.value.proposal);
    this.member(gateway, height);
  }

  /** Who speaks in a height is one of its gateways: an entrant from its own on, one that left no more. */
  private member(gateway: number, height: number): void {
    const members = this.membership.at(height);
    const { id } = this.arena.town.gateways[gateway];
    must(members?.ids.includes(id), "stranger", () => `gateway ${gateway} speaks in ${height}`);
  }

  private vote(gateway: number, bytes: Uint8Array): void {
    const { crypto } = this.arena.town;
    const vote = openSigned(gatewayVoteRecord, crypto, bytes);
    must(vote.ok, "form", () => `gateway ${gateway}: a vote`);
    const { height, round, phase, voter, block } = vote.value;
    if (this.arena.indexOf(toHex(voter)) !== gateway) return; // one that it shows others
    if (!this.once(gateway, `vote ${height}/${round}/${phase}`, toHex(vote.id))) return;
    this.durable(gateway, height, round, bytes);
    this.member(gateway, height);
    if (!block) return;
    const { segments } = this.logs.get(gateway)!;
    for (const { id } of this.plans.get(toHex(block)) ?? [])
      must(
        segments.has(toHex(id)),
        "durable",
        () => `gateway ${gateway} votes in ${height}/${round}`,
      );
  }

  /** The disk has the word itself, or what was said later. */
  private durable(gateway: number, height: number, round: number, bytes: Uint8Array): void {
    const { latest } = this.arena.town.gateways[gateway].store as Disk;
    if (latest && Buffer.from(latest).includes(Buffer.from(bytes))) return;
    const stored = latest && decodeStored(this.arena.town.crypto, latest);
    const later =
      !!stored && (stored.height > height || (stored.height === height && stored.round > round));
    must(later, "durable", () => `gateway ${gateway} speaks in ${height}/${round} too soon`);
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a && b ? bytesEqual(a, b) : a === b;
}
