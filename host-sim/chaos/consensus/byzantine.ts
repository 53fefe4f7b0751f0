// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway that breaks the rules: an honest machine inside, whose words it withholds, doubles and turns
 * round, and beside it everything else that its key can sign.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import { blockIdOf } from "#core/consensus/block-id";
import { GATEWAYS_MAX } from "#core/consensus/limits";
import { findWork, workSeed } from "#core/consensus/work";
import {
  decisionRecord,
  type GatewayVote,
  gatewayVoteRecord,
  Phase,
  proposalRecord,
  proposedRecord,
  type Quorum,
  quorumRecord,
  statusRecord,
} from "#core/records/consensus";
import type { MessageKind, ProposedMessage, VoteMessage } from "#gateway/consensus/types";
import type { Tactic } from "../plan.ts";
import type { Arena } from "./arena.ts";
import { Host } from "./host.ts";
import type { Word } from "./words.ts";
import { EASY_TARGET, NET } from "./world.ts";

const NONE = new Uint8Array(0);
const U32 = 0xffffffff;
/** Words that it keeps to say them again. */
const KEPT = 60;

export class Byzantine extends Host {
  private readonly tactics: ReadonlySet<Tactic>;
  private readonly kept: Word[] = [];
  /** Blocks by height, as they were proposed. */
  private readonly heardBlocks = new Map<number, ProposedMessage[]>();
  private readonly precommits = new Map<string, VoteMessage[]>();
  private readonly prevotes = new Map<string, VoteMessage[]>();
  private readonly voted = new Set<string>();
  private readonly favoured: ReadonlySet<number>;
  private readonly forgedAt = new Set<string>();

  constructor(arena: Arena, index: number, tactics: readonly Tactic[]) {
    super(arena, index);
    this.tactics = new Set(tactics);
    this.favoured = new Set(this.others().filter(() => this.chance(3)));
  }

  override receive(word: Word, from: number): void {
    if (this.up) this.observe(word, from);
    super.receive(word, from);
  }

  override send(kind: MessageKind, bytes: Uint8Array, to: string | undefined): void {
    if (this.does("silent")) return;
    const message = this.arena.words.open({ kind, bytes }, this.index);
    if (this.does("one-by-one") && "type" in message && message.type === "vote") {
      const { phase, height, round } = message.vote;
      const others = this.others();
      const word: Word = { kind, bytes };
      if (phase === Phase.prevote) this.say(word, others[(height + round) % others.length]);
      return;
    }
    if (this.does("favour")) {
      const few = this.others().filter((host) => this.favoured.has(host));
      for (const host of few) this.say({ kind, bytes }, host);
      return;
    }
    if ("type" in message && to === undefined) {
      if (message.type === "proposed" && this.does("false-polka") && message.proposal.round > 0)
        if (this.falsePolka(message)) return;
      if (message.type === "proposed" && this.does("two-proposals") && this.chance(2))
        return this.proposeTwice(message);
      if (message.type === "vote") {
        const halves = this.does("two-proposals") && this.does("vote-all") && message.block !== "";
        if (halves) return this.toHalf({ kind, bytes }, message.vote.height, message.block);
        if (this.does("two-votes") && this.chance(2)) return this.voteTwice(message, bytes);
      }
      if (this.does("withhold") && this.chance(3)) return this.toSome({ kind, bytes });
    }
    super.send(kind, bytes, to);
  }

  protected override make(height: number, round: number): void {
    if (this.does("invalid-block") && this.chance(2)) {
      const message = this.proposal(height, round, this.blockOn(height, false), undefined, []);
      if (message) this.toAll(message);
      return;
    }
    super.make(height, round);
  }

  private does(tactic: Tactic): boolean {
    return this.tactics.has(tactic);
  }

  private chance(of: number): boolean {
    return this.random.below(of) === 0;
  }

  private observe(word: Word, from: number): void {
    const message = this.arena.words.open(word, from);
    if (!("type" in message) || this.does("silent")) return;
    if (this.kept.length < KEPT) this.kept.push(word);
    else this.kept[this.random.below(KEPT)] = word;
    if (this.does("stale") && this.chance(12))
      this.toSome(this.kept[this.random.below(this.kept.length)]);
    if (message.type === "proposed") this.sawProposal(message);
    else if (message.type === "vote") this.sawVote(message);
    else if (message.type === "status" && this.does("lie-status")) {
      const { ask, height } = message.status;
      if (ask || this.chance(4)) this.lie(height, ask);
    }
  }

  private sawProposal(message: ProposedMessage): void {
    const { height, round } = message.proposal;
    const known = this.heardBlocks.get(height) ?? [];
    if (!known.some(({ block }) => block.key === message.block.key))
      this.heardBlocks.set(height, [...known.slice(-5), message]);
    if (!this.does("vote-all")) return;
    const slot = `${height}/${round}/${message.block.key}`;
    if (this.voted.has(slot)) return;
    this.voted.add(slot);
    for (const phase of [Phase.prevote, Phase.precommit])
      this.soon(() => {
        const word = this.vote(height, round, phase, message.proposal.block);
        if (this.does("two-proposals")) this.toHalf(word, height, message.block.key);
        else if (this.chance(2)) this.toSome(word);
        else this.toAll(word);
      });
  }

  private sawVote(message: VoteMessage): void {
    const { height, round, phase } = message.vote;
    const slot = `${height}/${round}/${message.block}`;
    const votes = phase === Phase.prevote ? this.prevotes : this.precommits;
    if (message.block !== "") votes.set(slot, [...(votes.get(slot) ?? []), message]);
    if (this.does("far-rounds") && this.chance(10)) {
      const far = round + 1 + this.random.below(this.chance(2) ? 3 : 1000);
      this.toSome(this.vote(height, far, 1 + this.random.below(2), undefined));
    }
    if (this.does("forge") && this.chance(6)) this.forge(message);
  }

  /** A second proposal in the same round: one for some, the other for the rest. */
  private proposeTwice(message: ProposedMessage): void {
    const { height, round } = message.proposal;
    const first: Word = { kind: "proposed", bytes: message.message };
    if (this.chance(2)) return this.proposeToHalves(message, first);
    const other = this.proposal(height, round, this.blockOn(height), undefined, []);
    for (const host of this.others()) {
      const both = this.chance(6);
      const one = this.chance(2);
      if (one || both) this.say(first, host);
      if (other && (!one || both)) this.say(other, host);
    }
  }

  /** Each half hears of one block only; all liars know which, by the id. */
  private proposeToHalves(message: ProposedMessage, first: Word): void {
    const { height, round } = message.proposal;
    this.toHalf(first, height, message.block.key);
    for (let i = 0; i < 8; i++) {
      const parts = this.blockOn(height);
      const key = toHex(blockIdOf(this.arena.world.crypto, parts));
      if (halfOf(key) === halfOf(message.block.key)) continue;
      const other = this.proposal(height, round, parts, undefined, []);
      if (other) this.toHalf(other, height, key);
      return;
    }
  }

  private toHalf(word: Word, height: number, key: string): void {
    for (const host of this.others())
      if ((host + height) % 2 === halfOf(key) || this.isRogue(host)) this.say(word, host);
  }

  private isRogue(host: number): boolean {
    return this.arena.hosts.get(host) instanceof Byzantine;
  }

  private voteTwice({ vote }: VoteMessage, bytes: Uint8Array): void {
    const { height, round, phase, block } = vote;
    const known = (this.heardBlocks.get(height) ?? []).map(({ proposal }) => proposal.block);
    const choices = [undefined, ...known].filter((id) => idText(id) !== idText(block));
    if (choices.length === 0) return this.toAll({ kind: "vote", bytes });
    const other = this.vote(height, round, phase, choices[this.random.below(choices.length)]);
    const first: Word = { kind: "vote", bytes };
    for (const host of this.others()) {
      const both = this.chance(3);
      const one = this.chance(2);
      if (one || both) this.say(first, host);
      if (!one || both) this.say(other, host);
    }
  }

  private lie(height: number, answer: Uint8Array | undefined): void {
    const { crypto } = this.arena.world;
    const lies = [0, Math.max(0, height - 1), height + 1, height + 1000, U32];
    const status = {
      net: NET,
      gateway: this.arena.world.ids[this.index],
      height: answer && this.chance(2) ? 0 : Math.min(lies[this.random.below(lies.length)], U32),
      round: this.random.below(50),
      wants: this.random.below(2),
      ask: undefined,
      answer,
    };
    const { bytes } = signRecord(statusRecord, crypto, this.key(height), status);
    this.toAll({ kind: "status", bytes });
  }

  /** What no check may let through: words in other names, and certificates that are none. */
  private forge(message: VoteMessage): void {
    const { vote, block } = message;
    const { height, round, phase } = vote;
    const set = this.arena.world.setAt(height);
    const victim = set.list[this.random.below(set.size)];
    this.toSome(this.vote(height, round, phase, vote.block, victim.id));
    const proposed = this.heardBlocks.get(height)?.find((one) => one.block.key === block);
    const real = this.precommits.get(`${height}/${round}/${block}`) ?? [];
    const slot = `${height}/${round}/${block}/${real.length}`;
    if (!proposed || this.forgedAt.has(slot)) return;
    this.forgedAt.add(slot);
    const own = this.openedVote(this.vote(height, round, Phase.precommit, vote.block));
    const voices = [...real, ...(own ? [own] : [])].map((one) => this.voiceOf(one, height));
    if (voices.length === 0) return;
    const repeated = Array.from({ length: set.quorum }, (_, i) => voices[i % voices.length]);
    repeated.sort((a, b) => a.voter - b.voter);
    const renamed = repeated.map((voice, voter) => ({ ...voice, voter }));
    for (const list of [voices.slice(0, GATEWAYS_MAX), repeated, renamed])
      this.certify(proposed, height, round, list);
    // A certificate of the height before, for this height.
    this.certify(proposed, height + 1, round, voices.slice(0, GATEWAYS_MAX));
  }

  private certify(
    { block }: ProposedMessage,
    height: number,
    round: number,
    voices: Quorum["voices"],
  ): void {
    const { crypto } = this.arena.world;
    const { header, plan } = block;
    const quorum = { header: crypto.sha256(header), plan: crypto.sha256(plan) };
    const bytes = quorumRecord.encode({ net: NET, height, round, ...quorum, voices });
    if (this.chance(2)) this.toSome({ kind: "quorum", bytes });
    else
      this.toSome({
        kind: "decision",
        bytes: decisionRecord.encode({ header, plan, quorum: bytes }),
      });
  }

  private voiceOf({ vote, bytes, from }: VoteMessage, height: number): Quorum["voices"][number] {
    const voter = Math.max(0, this.arena.world.setAt(height).indexOf(from));
    return { voter, heard: vote.heard, agreed: vote.agreed, signature: bytes.slice(-64) };
  }

  /** As leader: a new block that claims a quorum of an earlier round, or an old one that has one indeed. */
  private falsePolka({ proposal }: ProposedMessage): boolean {
    const { height, round } = proposal;
    const { world } = this.arena;
    const set = world.setAt(height);
    const old = this.oldPolka(height, round);
    const known = (this.heardBlocks.get(height) ?? []).find(
      ({ block }) => block.key === old?.block,
    );
    if (old && known && this.chance(2)) {
      const word = this.proposal(height, round, known.block, old.round, old.polka);
      if (word) this.toAll(word);
      return word !== undefined;
    }
    const parts = this.blockOn(height);
    const id = blockIdOf(world.crypto, parts);
    const validRound = round - 1;
    const own = this.vote(height, validRound, Phase.prevote, id).bytes;
    const others = [...this.prevotes.values()]
      .flat()
      .filter(({ vote }) => vote.height === height && vote.round === validRound)
      .map(({ bytes }) => bytes);
    const polkas = [Array.from({ length: set.quorum }, () => own), [own, ...others], [own], []];
    const polka = polkas[this.random.below(polkas.length)].slice(0, GATEWAYS_MAX);
    const word = this.proposal(height, round, parts, validRound, polka);
    if (word) this.toAll(word);
    return word !== undefined;
  }

  /** The first block of the height that a quorum prevoted before this round. */
  private oldPolka(
    height: number,
    before: number,
  ): { round: number; block: string; polka: Uint8Array[] } | undefined {
    for (const votes of this.prevotes.values()) {
      const [{ vote, block }] = votes;
      const byVoter = new Map(votes.map((one) => [one.from, one.bytes]));
      // Its own it may have kept for this.
      const own = this.vote(height, vote.round, Phase.prevote, vote.block);
      byVoter.set(this.arena.world.idsHex[this.index], own.bytes);
      const enough = byVoter.size >= this.arena.world.setAt(height).quorum;
      if (vote.height === height && vote.round < before && enough)
        return { round: vote.round, block, polka: [...byVoter.values()].slice(0, GATEWAYS_MAX) };
    }
    return undefined;
  }

  private proposal(
    height: number,
    round: number,
    parts: { header: Uint8Array; plan: Uint8Array },
    validRound: number | undefined,
    polka: Uint8Array[],
  ): Word | undefined {
    const { world, plan } = this.arena;
    const { crypto } = world;
    const block = blockIdOf(crypto, parts);
    const proposer = world.ids[this.index];
    let nonce: number | undefined;
    if (plan.leader === "proof-of-work") {
      const prev = this.disk.chain[height - 1]?.block.id ?? NONE;
      const seed = workSeed(crypto, { net: NET, prev, height, round, proposer, block });
      nonce = findWork(crypto, seed, EASY_TARGET, 0, 1 << 12);
      if (nonce === undefined) return undefined;
    }
    const value = { net: NET, height, round, validRound, proposer, block, nonce };
    const { bytes: proposal } = signRecord(proposalRecord, crypto, this.key(height), value);
    return { kind: "proposed", bytes: proposedRecord.encode({ proposal, ...parts, polka }) };
  }

  private vote(
    height: number,
    round: number,
    phase: number,
    block: Uint8Array | undefined,
    voter: Uint8Array = this.arena.world.ids[this.index],
  ): Word {
    const vote: GatewayVote = {
      net: NET,
      height,
      round,
      phase,
      voter,
      block,
      code: 0,
      heard: NONE,
      agreed: NONE,
    };
    const { crypto } = this.arena.world;
    return {
      kind: "vote",
      bytes: signRecord(gatewayVoteRecord, crypto, this.key(height), vote).bytes,
    };
  }

  private openedVote(word: Word): VoteMessage | undefined {
    const message = this.arena.words.open(word, this.index);
    return "type" in message && message.type === "vote" ? message : undefined;
  }

  private key(height: number): Uint8Array {
    return this.arena.world.keyAt(this.index, height).secretKey;
  }

  private others(): number[] {
    return this.arena.world.hosts.filter((host) => host !== this.index);
  }

  private soon(run: () => void): void {
    this.arena.agenda.in(this.random.below(120), run);
  }

  private say(word: Word, to?: number): void {
    this.arena.say(this.index, word, to);
    // Liars know of each other's blocks.
    const message = word.kind === "proposed" ? this.arena.words.open(word, this.index) : undefined;
    if (!message || !("type" in message) || message.type !== "proposed") return;
    for (const host of this.arena.hosts.values())
      if (host instanceof Byzantine) host.sawProposal(message);
  }

  private toAll(word: Word): void {
    this.say(word);
  }

  private toSome(word: Word): void {
    for (const host of this.others()) if (this.chance(2)) this.say(word, host);
  }
}

/** The half of the hosts that hears of a block. */
function halfOf(key: string): number {
  return Number.parseInt(key.slice(-1), 16) % 2;
}

function idText(id: Uint8Array | undefined): string {
  return id ? toHex(id) : "";
}
