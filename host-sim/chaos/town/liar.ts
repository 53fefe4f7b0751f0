// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway of a town that breaks the rules: the real one inside, whose words are withheld, changed and
 * doubled on their way out, and beside it whatever else its key can sign.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { openSigned, signRecord } from "#core/codec/record";
import { blockIdOf, type ProposedBlock } from "#core/consensus/block-id";
import {
  decisionRecord,
  gatewayVoteRecord,
  Phase,
  proposalRecord,
  proposedRecord,
  quorumRecord,
  statusRecord,
} from "#core/records/consensus";
import { type Segment, segmentRecord } from "#core/records/segment";
import { cutsRecord, type Turn, turnRecord } from "#core/records/turn";
import type { PeerKind } from "#gateway/consortium/ports";
import type { Gateway } from "#gateway/gateway";
import type { TownGateway } from "../../town/town-gateway.ts";
import { type Random, randomStream } from "../../worlds/random.ts";
import type { TownArena } from "./arena.ts";
import { falseToken } from "./banks.ts";
import { FalseStates } from "./false-states.ts";
import { garbageFor } from "./garbage.ts";
import type { Tactic } from "./plan.ts";

interface Word {
  kind: PeerKind;
  bytes: Uint8Array;
}

/** Words that it keeps to say them again. */
const KEPT = 40;

export class Liar {
  private readonly arena: TownArena;
  private readonly self: TownGateway;
  private readonly tactics: ReadonlySet<Tactic>;
  private readonly random: Random;
  private readonly states: FalseStates;
  private readonly heard: Word[] = [];
  /** By what the gateway inside wants to say, what goes to each half. */
  private readonly doubles = new WeakMap<Uint8Array, readonly [Uint8Array, Uint8Array]>();
  private readonly segments = new Map<number, Segment>();
  private votes = new Map<
    string,
    { voter: string; signature: Uint8Array; heard: Uint8Array; agreed: Uint8Array }[]
  >();

  constructor(arena: TownArena, self: TownGateway, tactics: readonly Tactic[]) {
    this.arena = arena;
    this.self = self;
    this.tactics = new Set(tactics);
    this.random = randomStream(arena.plan.seed, 33, self.index);
    this.states = new FalseStates(arena.town.crypto, self);
  }

  /** What goes out in place of this; undefined: nothing. */
  says(to: string, kind: PeerKind, bytes: Uint8Array): Uint8Array | undefined {
    if (this.does("silent")) return this.counted("silence", undefined);
    if (this.does("withhold") && this.chance(4)) return this.counted("word withheld", undefined);
    if (kind === "ask" || kind === "down")
      return this.does("pass-nothing") ? this.counted("not passed on", undefined) : bytes;
    if (this.does("false-states") && kind === "piece")
      return this.counted("false piece", this.states.piece(bytes));
    if (this.does("false-states") && kind === "state-offer" && this.chance(2))
      return this.counted("false offer of a state", this.states.offer(bytes));
    if (kind === "segment") return this.segment(to, bytes);
    if (kind === "proposed") return this.half(to, bytes, () => this.proposal(bytes));
    if (kind === "vote" && this.does("two-votes"))
      return this.half(to, bytes, () => (this.chance(2) ? this.vote(bytes) : undefined));
    if (kind === "status" && this.does("lie-status") && this.chance(2)) return this.status(bytes);
    return bytes;
  }

  /** What comes to it. */
  hears(from: string, kind: PeerKind, bytes: Uint8Array): void {
    if (this.heard.length < KEPT) this.heard.push({ kind, bytes });
    else this.heard[this.random.below(KEPT)] = { kind, bytes };
    if (this.does("stale") && this.chance(10)) {
      const { kind: old, bytes: again } = this.heard[this.random.below(this.heard.length)];
      this.toSome("said before", old, again);
    }
    const piece = kind === "piece-wanted" && this.states.wanted(bytes);
    if (piece) this.say(from, "piece", piece);
    if (this.does("ghost") && kind === "proposed") this.haunt(bytes);
    if (this.does("forge-segments") && kind === "segment" && this.chance(3)) this.forge(bytes);
    if (this.does("forge-decisions")) {
      if (kind === "vote") this.gather(from, bytes);
      if (kind === "proposed" && this.chance(2)) this.decide(bytes);
    }
  }

  /** It has left, and votes on; one that lies too and is still there passes that on. */
  private haunt(bytes: Uint8Array): void {
    const { arena, self } = this;
    const { crypto, net } = arena.town;
    const { ids } = arena.checks.membership.present;
    if (ids.includes(self.id)) return;
    const decoded = proposedRecord.decode(bytes);
    if (!decoded.ok) return;
    const signed = openSigned(proposalRecord, crypto, decoded.value.proposal);
    if (!signed.ok || signed.value.height < arena.checks.turns.length) return;
    arena.count("voted after it left");
    const { height, round, block } = signed.value;
    const accomplice = arena.plan.liars.find(({ gateway }) => ids.includes(arena.idOf(gateway)));
    const from = accomplice ? arena.idOf(accomplice.gateway) : self.id;
    for (const phase of [Phase.prevote, Phase.precommit]) {
      const none = new Uint8Array(0);
      const of = { net: signed.value.net, height, round, phase, block, code: 0 };
      const vote = { ...of, heard: none, agreed: none, voter: fromHex(self.id)! };
      const { bytes: said } = signRecord(gatewayVoteRecord, crypto, this.key, vote);
      for (const id of this.others) net.inject(from, id, "vote", said);
    }
  }

  /** What it publishes in its area. */
  publishes(topic: string, payload: Uint8Array): Uint8Array {
    if (!this.does("false-bank") || !topic.endsWith("/down/credit") || this.chance(2))
      return payload;
    return this.counted("false token", falseToken(this.arena, payload, this.self));
  }

  /** What it collects has more in it than its nodes said. */
  started({ seat }: Gateway): void {
    const { replica } = seat!;
    const cut = replica.cut.bind(replica);
    const fed = ["garbage", "false-state", "false-wish", "false-bank"] as const;
    if (!fed.some((tactic) => this.does(tactic))) return;
    Object.assign(replica, {
      cut: (entries: Parameters<typeof cut>[0]) => {
        const kinds = {
          garbage: this.does("garbage"),
          state: this.does("false-state"),
          wish: this.does("false-wish"),
          bank: this.does("false-bank"),
        };
        const more = this.chance(2) ? garbageFor(this.arena, this.self, this.random, kinds) : [];
        return cut([...entries, ...more]);
      },
    });
  }

  private does(tactic: Tactic): boolean {
    return this.tactics.has(tactic);
  }

  private chance(of: number): boolean {
    return this.random.below(of) === 0;
  }

  private counted<T>(what: string, value: T): T {
    this.arena.count(what);
    return value;
  }

  private get key(): Uint8Array {
    return this.self.options.secretKey;
  }

  private get others(): string[] {
    return this.arena.town.gateways.map(({ id }) => id).filter((id) => id !== this.self.id);
  }

  private say(to: string, kind: PeerKind, bytes: Uint8Array): void {
    this.arena.town.net.inject(this.self.id, to, kind, bytes);
  }

  private toSome(what: string, kind: PeerKind, bytes: Uint8Array): void {
    this.arena.count(what);
    for (const id of this.others) if (this.chance(2)) this.say(id, kind, bytes);
  }

  /** One half of the gateways gets another word, if there is one. */
  private half(
    to: string,
    bytes: Uint8Array,
    other: () => Uint8Array | undefined,
  ): Uint8Array | undefined {
    let both = this.doubles.get(bytes);
    if (!both) this.doubles.set(bytes, (both = [bytes, other() ?? bytes]));
    const at = this.others.indexOf(to);
    return both[this.does("two-proposals") || this.does("two-votes") ? at % 2 : 1];
  }

  private segment(to: string, bytes: Uint8Array): Uint8Array | undefined {
    const opened = openSigned(segmentRecord, this.arena.town.crypto, bytes);
    const own = opened.ok && toHex(opened.value.gateway) === this.self.id;
    if (this.does("withhold-segments") && (own || this.chance(2))) {
      const few = (this.others.indexOf(to) + (opened.ok ? opened.value.seq : 0)) % 3 === 0;
      if (!few) return this.counted("segment withheld", undefined);
    }
    if (!own || !this.does("fork-feed")) return bytes;
    const { value } = opened;
    this.segments.set(value.seq, value);
    const first = this.others.indexOf(to) % 2 === 0;
    if (first && !this.chance(8)) return bytes;
    const { crypto } = this.arena.town;
    const entries = value.entries.slice(0, -1);
    const prev = this.chance(6) ? crypto.sha256(bytes) : value.prev;
    const forked = { ...value, prev, entries, atMs: value.atMs + 1 };
    return this.counted("feed forked", signRecord(segmentRecord, crypto, this.key, forked).bytes);
  }

  /** Its turn is another one, for one half or for all. */
  private proposal(bytes: Uint8Array): Uint8Array | undefined {
    const decoded = proposedRecord.decode(bytes);
    if (!decoded.ok) return undefined;
    const { proposal, header, plan } = decoded.value;
    const { crypto } = this.arena.town;
    const signed = openSigned(proposalRecord, crypto, proposal);
    const turn = turnRecord.decode(header);
    const cuts = cutsRecord.decode(plan);
    if (!signed.ok || !turn.ok || !cuts.ok || signed.value.validRound !== undefined)
      return undefined;
    const changed = this.turn(turn.value);
    const others = this.does("false-cuts") ? this.cuts(cuts.value.cuts) : undefined;
    if (!changed && !others && !this.does("two-proposals")) return undefined;
    const other: ProposedBlock = {
      header: turnRecord.encode(changed ?? { ...turn.value, atMs: turn.value.atMs + 1 }),
      plan: others ? cutsRecord.encode({ cuts: others }) : plan,
    };
    const block = blockIdOf(crypto, other);
    this.arena.count(changed || others ? "turn made wrong" : "two turns");
    const word = signRecord(proposalRecord, crypto, this.key, { ...signed.value, block });
    // It votes for what it proposes.
    for (const phase of [Phase.prevote, Phase.precommit]) {
      const { net, height, round } = signed.value;
      const none = new Uint8Array(0);
      const vote = { net, height, round, phase, block, code: 0, heard: none, agreed: none };
      const voter = fromHex(this.self.id)!;
      const made = signRecord(gatewayVoteRecord, crypto, this.key, { ...vote, voter });
      this.others.forEach((id, i) => {
        if (i % 2 === 1 || !this.does("two-proposals")) this.say(id, "vote", made.bytes);
      });
    }
    return proposedRecord.encode({ proposal: word.bytes, ...other, polka: [] });
  }

  private turn(turn: Turn): Turn | undefined {
    const { crypto } = this.arena.town;
    if (this.does("false-ledger") && this.chance(2)) {
      const ledger = this.chance(3) ? undefined : crypto.sha256(turn.terms);
      return { ...turn, ledger };
    }
    if (this.does("false-terms") && this.chance(2))
      return { ...turn, terms: crypto.sha256(turn.terms) };
    if (this.does("false-time") && this.chance(2)) {
      const byMs = [40_000, 3_600_000, 29_000, -5000][this.random.below(4)];
      return { ...turn, atMs: Math.max(0, turn.atMs + byMs) };
    }
    if (this.does("false-reveal") && this.chance(2))
      return { ...turn, reveal: turn.reveal ? undefined : new Uint8Array(48) };
    return undefined;
  }

  private cuts(cuts: Parameters<typeof cutsRecord.encode>[0]["cuts"]): typeof cuts | undefined {
    const { crypto } = this.arena.town;
    const of = this.arena.checks.feedOf(this.others[this.random.below(this.others.length)]);
    const kind = this.random.below(4);
    const rest = of ? cuts.filter(({ gateway }) => toHex(gateway) !== of.gateway) : cuts;
    const with_ = (seq: number, id: Uint8Array) =>
      [...rest, { gateway: fromHex(of!.gateway)!, seq, id }].sort((a, b) =>
        toHex(a.gateway) < toHex(b.gateway) ? -1 : 1,
      );
    if (kind === 0 && of) return with_(of.seq + 1 + this.random.below(3), crypto.sha256(of.id));
    if (kind === 1 && of && of.before) return with_(of.seq - 1, of.before);
    if (kind === 2 && of) return with_(of.seq, of.id);
    if (kind === 3 && cuts.length > 1) return [...cuts].reverse();
    return undefined;
  }

  private vote(bytes: Uint8Array): Uint8Array | undefined {
    const { crypto } = this.arena.town;
    const vote = openSigned(gatewayVoteRecord, crypto, bytes);
    if (!vote.ok) return undefined;
    const block = vote.value.block ? undefined : crypto.sha256(bytes);
    const other = { ...vote.value, block, code: 0 };
    return this.counted("two votes", signRecord(gatewayVoteRecord, crypto, this.key, other).bytes);
  }

  private status(bytes: Uint8Array): Uint8Array {
    const { crypto } = this.arena.town;
    const status = openSigned(statusRecord, crypto, bytes);
    if (!status.ok) return bytes;
    const { height } = status.value;
    const lies = [0, Math.max(0, height - 1), height + 1, height + 1000];
    const lie = {
      ...status.value,
      height: lies[this.random.below(4)],
      round: this.random.below(9),
    };
    return this.counted("false status", signRecord(statusRecord, crypto, this.key, lie).bytes);
  }

  /** In somebody else's name: the next of its segments, with other contents. */
  private forge(bytes: Uint8Array): void {
    const { crypto } = this.arena.town;
    const opened = openSigned(segmentRecord, crypto, bytes);
    if (!opened.ok) return;
    const { value, id } = opened;
    const next = { ...value, seq: value.seq + 1, prev: id, entries: value.entries.slice(0, 1) };
    const same = { ...value, atMs: value.atMs + 7 };
    const forged = signRecord(segmentRecord, crypto, this.key, this.chance(2) ? next : same);
    this.toSome("segment forged", "segment", forged.bytes);
  }

  private gather(from: string, bytes: Uint8Array): void {
    const vote = openSigned(gatewayVoteRecord, this.arena.town.crypto, bytes);
    if (!vote.ok || vote.value.phase !== Phase.precommit || !vote.value.block) return;
    const { height, round, block, heard, agreed } = vote.value;
    const key = `${height}/${round}/${toHex(block)}`;
    const voices = this.votes.get(key) ?? [];
    if (voices.some(({ voter }) => voter === from)) return;
    voices.push({ voter: from, signature: bytes.slice(-64), heard, agreed });
    this.votes.set(key, voices);
  }

  /** A certificate of one voice many times, for a turn that a leader has proposed or for its own. */
  private decide(bytes: Uint8Array): void {
    const decoded = proposedRecord.decode(bytes);
    if (!decoded.ok) return;
    const { crypto } = this.arena.town;
    const { proposal, plan } = decoded.value;
    const signed = openSigned(proposalRecord, crypto, proposal);
    const turn = turnRecord.decode(decoded.value.header);
    if (!signed.ok || !turn.ok) return;
    const { net, height, round } = signed.value;
    const header = this.chance(2)
      ? decoded.value.header
      : turnRecord.encode({ ...turn.value, atMs: turn.value.atMs + 1 });
    const quorum = { header: crypto.sha256(header), plan: crypto.sha256(plan) };
    const real = this.votes.get(`${height}/${round}/${toHex(blockIdOf(crypto, { header, plan }))}`);
    const ids = [...this.others, this.self.id].sort();
    const voices = ids.slice(0, Math.floor((2 * ids.length) / 3) + 1).map((_, voter) => {
      const one = real?.[voter % real.length];
      const none = new Uint8Array(0);
      const signature = one?.signature ?? new Uint8Array(64).fill(voter);
      return { voter, heard: one?.heard ?? none, agreed: one?.agreed ?? none, signature };
    });
    const made = quorumRecord.encode({ net, height, round, ...quorum, voices });
    if (this.chance(2)) this.toSome("decision forged", "quorum", made);
    else
      this.toSome(
        "decision forged",
        "decision",
        decisionRecord.encode({ header, plan, quorum: made }),
      );
  }
}
