// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway among others: it sends what it collects, agrees with them turn by turn on what is taken in, and
 * hands each decided turn to the gateway, which executes it. All gateways take in the same in the same order
 * and at the same time, so that they come to the same ledger (paper 1, II-B-5 and 6; docs/consensus.md).
 */
import { toHex } from "#core/codec/bytes";
import { assert } from "#core/errors/assert";
import { type Code, WIRE } from "#core/errors/codes";
import type { NamedEpoch } from "#core/pot/epoch-digest";
import type { FedEntry } from "#core/records/segment";
import type { Turn } from "#core/records/turn";
import { blockOf, openMessage } from "../consensus/open.ts";
import { DEFAULT_TIMEOUTS } from "../consensus/timeouts.ts";
import type { HeightContext, Output } from "../consensus/types.ts";
import { packSegment, type TurnEntry } from "../entries.ts";
import { type FoundState, isStateKind, States } from "../handout/states.ts";
import type { GatewayOptions } from "../options.ts";
import type { GatewayPorts } from "../ports.ts";
import { Archive } from "./archive.ts";
import { Audits } from "./audits.ts";
import { Driver } from "./driver.ts";
import { Exchange } from "./exchange.ts";
import { Feeds, type Taken } from "./feeds.ts";
import { Partners } from "./partners.ts";
import type { ConsortiumOptions, ConsortiumPorts, PeerKind } from "./ports.ts";
import { type CheckedSegment, cutSegments, openFed } from "./segments.ts";
import { Target } from "./target.ts";
import { checkTerms, disagreement, termsDigest } from "./terms.ts";
import { anchorOf } from "./trust.ts";
import { type Before, makeTurn, namesAll, type OpenTurn, openTurn, reveals } from "./turns.ts";
import { Wake } from "./wake.ts";

/** A turn that only certifies what the last one came to may wait so long for company, ms. */
const CERTIFY_MS = 200;
/** A turn that is decided, and what it takes in. */
export interface DecidedTurn extends OpenTurn {
  readonly id: Uint8Array;
  readonly taken: readonly Taken[];
  readonly entry: Omit<TurnEntry, "faults">;
}

/** What a replica needs of its gateway. */
export interface ReplicaHost {
  readonly id: Uint8Array;
  /** Id of the ledger's last header. */
  ledger(): Uint8Array | undefined;
  /** The epoch that is in force: its number, and as turns name it. */
  epoch(): number;
  named(): NamedEpoch | undefined;
  /** A turn is decided and has to be executed. */
  onDecided(): void;
  /** Something for a node of this gateway, or an ask for its witnesses. */
  onPassed(from: string, kind: "ask" | "down", bytes: Uint8Array): void;
  /** What was not accepted, and why. */
  refused(code: Code, from: string, detail: string): void;
}

type Decide = Extract<Output, { type: "decide" }>;

export class Replica {
  readonly feeds: Feeds;
  readonly partners: Partners;
  /** Of the authority, as the folder had it at the start: the terms name it, so that it stays. */
  readonly anchorKey: Uint8Array | undefined;
  /** Why nothing goes on any more: a quorum and this gateway do not agree. */
  halted: string | undefined;
  /** Proofs that gateways said two things, by gateway (hex). */
  readonly liars = new Map<string, Uint8Array>();
  /** A state of others, which is to take the place of what this gateway has. */
  found: FoundState | undefined;
  readonly states: States;
  readonly archive: Archive;
  /** The turn before, and what it said of the ledger. */
  readonly past: { before: Before; named: Pick<Turn, "ledger" | "epoch"> };
  private readonly options: GatewayOptions;
  private readonly consortium: ConsortiumOptions;
  private readonly ports: GatewayPorts;
  private readonly outside: ConsortiumPorts;
  private readonly host: ReplicaHost;
  private readonly driver: Driver;
  private readonly exchange: Exchange;
  readonly target: Target;
  private stopped = false;
  private decided: DecidedTurn | undefined;
  private readonly audits: Audits;
  private readonly wake: Wake;
  private lastTurnMs = Number.NEGATIVE_INFINITY;
  private started = false;

  constructor(
    options: GatewayOptions,
    ports: GatewayPorts,
    outside: ConsortiumPorts,
    host: ReplicaHost,
  ) {
    const { consortium, net, secretKey } = options;
    assert(consortium, "CONSORTIUM_OPTIONS");
    this.options = options;
    this.consortium = consortium;
    this.ports = ports;
    this.outside = outside;
    this.host = host;
    this.partners = new Partners(net, ports.crypto, consortium.gateways, consortium.rule);
    this.feeds = new Feeds(consortium.gateways.map(({ id }) => id));
    this.archive = new Archive(ports.store);
    this.exchange = new Exchange(net, this.self, outside.link, this.feeds, this.archive);
    this.target = new Target(consortium);
    this.states = new States(options, ports, outside, {
      id: host.id,
      archive: this.archive,
      set: () => this.partners.set,
      height: () => this.before.height,
      onState: (found) => {
        this.found = found;
        host.onDecided();
      },
    });
    const due = () => !this.stopped && this.want(true);
    this.wake = new Wake(outside, ports.time, due);
    this.anchorKey = anchorOf(ports.crypto, ports.identity?.shelf);
    const terms = termsDigest(ports.crypto, options, ports.tariff, this.anchorKey);
    const none = { prev: undefined, atMs: undefined, ledger: undefined, epoch: undefined };
    this.past = { before: { net, height: 0, terms, ...none }, named: none };
    this.audits = new Audits({
      crypto: ports.crypto,
      feeds: this.feeds,
      exchange: this.exchange,
      outside,
      self: this.self,
      partners: this.partners,
      before: () => this.before,
      epoch: () => host.epoch(),
      nowMs: () => this.nowMs,
      checked: ({ height, block, certified }, code) =>
        this.driver.take({ type: "checked", height, block: block.id, certified, code }),
      whole: (decide, opened, taken) => this.whole(decide, opened, taken),
      broken: ({ height }) => this.halt(height, WIRE.TURN_PLAN),
    });
    const timeouts = consortium.timeouts ?? DEFAULT_TIMEOUTS;
    this.driver = new Driver({ net, id: host.id, secretKey, timeouts }, ports, outside, {
      beforeKept: () => this.logOpen(),
      make: ({ height, round }) => this.make(height, round),
      check: (check) => this.audits.check(check),
      decide: (decide) => this.audits.decide(decide),
      serve: ({ to, fromHeight }) => this.exchange.serveTurns(to, fromHeight, this.nowMs),
      evidence: ({ gateway, bytes }) => void this.liars.set(gateway, bytes),
      disagree: ({ height, code }) => this.halt(height, code),
      drop: ({ from, code, detail }) => host.refused(code, from, detail),
    });
  }

  private get self(): string {
    return toHex(this.host.id);
  }

  private get before(): Before {
    return this.past.before;
  }

  /** What a checkpoint has of it. */
  get kept(): object {
    const { feeds, partners, archive, target, past } = this;
    return { feeds, partners, archive, target, past };
  }

  private get nowMs(): number {
    return this.ports.time.nowMs();
  }

  /** The height that is being agreed on, its round and step. */
  get at(): Driver["at"] {
    return this.driver.at;
  }

  /** A segment of the log, at `index`. */
  replaySegment(signed: Uint8Array, index: number): void {
    const segment = this.open(signed);
    assert("signed" in segment, "LOG_SEGMENT");
    this.enter(segment, index);
  }

  /** A turn of the log, which is executed again. */
  replayTurn({ header, plan, quorum }: TurnEntry): DecidedTurn {
    const block = blockOf(this.ports.crypto, { header, plan });
    const opened = openTurn(block);
    if (opened) checkTerms(opened.turn.terms, this.past.before.terms);
    const taken = opened && this.feeds.resolve(opened.cuts);
    assert(opened && Array.isArray(taken), "LOG_TURN");
    return { ...opened, id: block.id, taken, entry: { header, plan, quorum } };
  }

  /** Everything of the log was executed. `used`: this key has spoken before, whatever the store knows. */
  start(used: boolean): void {
    const { link } = this.outside;
    this.started = true;
    link.follow?.(this.partners.list);
    link.listen((from, kind, bytes) => this.hear(from, kind, bytes));
    const { seq: cut } = this.feeds.cutOf(this.self);
    const { seq: head } = this.feeds.headOf(this.self);
    for (let seq = cut + 1; seq <= head; seq++)
      for (const bytes of this.exchange.kept(this.self, seq))
        link.send(undefined, "segment", bytes);
    this.states.handout.load(this.before.height);
    this.driver.restart(this.context(), used);
    this.want();
  }

  stop(): void {
    this.stopped = true;
    this.states.stop();
    this.driver.stop();
  }

  /** How many of its own segments wait for a turn. */
  get backlog(): number {
    return this.feeds.headOf(this.self).seq - this.feeds.cutOf(this.self).seq;
  }

  /** Segments of what was collected: to be made durable, and then to be given to `collected`. */
  cut(entries: readonly FedEntry[]): { kind: number; bytes: Uint8Array }[] {
    const { crypto } = this.ports;
    const { net, secretKey } = this.options;
    const gateway = this.host.id;
    const head = this.feeds.headOf(this.self);
    const made = cutSegments({ crypto, secretKey, net, gateway }, head, entries, this.nowMs);
    return made.map(({ bytes }) => packSegment(bytes));
  }

  /** A segment of its own is in the log: it goes to all. */
  collected(signed: Uint8Array, index: number): void {
    const segment = this.open(signed);
    assert("signed" in segment, "OWN_SEGMENT");
    this.enter(segment, index);
    this.outside.link.send(undefined, "segment", signed);
  }

  /** To one gateway by its id (hex), or to all others. */
  pass(to: string | undefined, kind: "ask" | "down", bytes: Uint8Array): void {
    this.outside.link.send(to, kind, bytes);
  }

  /** A decided turn that waits to be executed. */
  get due(): DecidedTurn | undefined {
    return this.decided;
  }

  /** Segments that this turn takes in and that are not in the log yet. */
  unlogged({ taken }: DecidedTurn): CheckedSegment[] {
    return taken.flatMap(({ segments }) => segments.filter((one) => !this.archive.holds(one)));
  }

  /** The decided turn is executed, in the log, and settled: on to the next. */
  next(): void {
    this.decided = undefined;
    this.lastTurnMs = this.nowMs;
    this.driver.take({ type: "applied", context: this.context() });
    this.want();
  }

  /** The turn took effect, now or before a restart; it is in the log at `index`. */
  settle({ turn, cuts, id, taken }: DecidedTurn, index: number): void {
    assert(turn.height === this.before.height, "TURN_ORDER");
    this.past.before = {
      ...this.before,
      height: turn.height + 1,
      prev: id,
      atMs: turn.atMs,
      ledger: this.host.ledger(),
      epoch: this.host.named(),
    };
    const { ledger, epoch } = turn;
    this.past.named = { ledger, epoch };
    this.target.follow(turn);
    this.feeds.settle(cuts);
    for (const { gateway, segments } of taken)
      for (const { signed } of segments) this.archive.chose(gateway, signed.value.seq, signed.id);
    this.archive.addTurn(turn.height, index);
  }

  /** A segment is in the log at `index`. */
  logged({ signed }: CheckedSegment, index: number): void {
    this.archive.addSegment(toHex(signed.value.gateway), signed.value.seq, signed.id, index);
  }

  /** A turn took in that the gateway `by` is for this change of the gateways; true where it takes effect. */
  wish(change: Uint8Array, by: string): boolean {
    const done = this.partners.wish(change, by);
    if (!done) return false;
    this.feeds.keep(this.partners.list.map(({ id }) => id));
    if (this.started) this.outside.link.follow?.(this.partners.list);
    const gateways = this.partners.list.length;
    this.ports.log("info", "gateways-changed", { number: done.number, gateways });
    return true;
  }

  /** After so much real time something may be due, whatever is said. */
  wakeAfter(delayMs: number): void {
    this.wake.after(delayMs);
  }

  /** Asks for a turn where there is something for it, but not before its time. */
  want(due = false): void {
    if (this.stopped || this.halted || this.decided) return;
    const { intervalMs } = this.consortium;
    // No longer than the interval, though the clock may have been set back.
    const restMs = Math.min(intervalMs, this.lastTurnMs + intervalMs - this.nowMs);
    if (due || this.feeds.waiting) {
      if (restMs > 0) this.wakeAfter(restMs);
      else this.driver.take({ type: "wanted" });
    } else if (!this.certified) this.wakeAfter(Math.max(restMs, CERTIFY_MS));
  }

  /** Whether the last turn named the ledger's present head and epoch, so that its certificate stands for them. */
  private get certified(): boolean {
    return namesAll(this.past.named, this.past.before);
  }

  private open(bytes: Uint8Array, faultOf?: Feeds["faultOf"]): ReturnType<typeof openFed> {
    const keyOf = (id: string) => this.partners.keyOf(id);
    return openFed(this.ports.crypto, this.options.net, keyOf, bytes, faultOf);
  }

  private enter(segment: CheckedSegment, index: number): void {
    const verdict = this.feeds.take(segment, true);
    const kept = verdict.ok || verdict.code === "DUPLICATE" || verdict.code === "FEED_FORK";
    assert(kept, "LOG_SEGMENT");
    this.logged(segment, index);
  }

  private context(): HeightContext {
    const { height, prev } = this.before;
    const { target } = this.target;
    return { height, validators: this.partners.set, prev: prev ?? new Uint8Array(32), target };
  }

  private hear(from: string, kind: PeerKind, bytes: Uint8Array): void {
    if (this.stopped || !this.partners.hears(this.self, from, kind)) return;
    if (kind === "segment") return this.hearSegment(bytes, from);
    if (kind === "fetch") return this.exchange.serve(from, bytes, this.nowMs);
    if (kind === "ask" || kind === "down") return this.host.onPassed(from, kind, bytes);
    if (isStateKind(kind)) return this.states.hear(from, kind, bytes);
    if (kind === "decision" && this.states.isBusy) return;
    if (kind === "decision") this.audits.helper = from;
    const { crypto } = this.ports;
    const keysOf = (id: string) => this.partners.keysOf(id);
    const { sieve } = this.driver;
    const { net } = this.options;
    const message = openMessage({ net, crypto, keysOf, sieve }, kind, bytes, from);
    if ("code" in message) {
      // What is lost is said again, and so is what is not.
      if (message.code !== "DUPLICATE") this.host.refused(message.code, from, message.detail);
      return;
    }
    this.states.heard(message);
    this.driver.take({ type: "message", message });
  }

  private hearSegment(bytes: Uint8Array, from: string): void {
    const segment = this.open(bytes, (signed) => this.feeds.faultOf(signed));
    // A third segment of one number changes nothing, neither for the turns that wait nor as a proof.
    if ("code" in segment && segment.code === "FEED_FORK") return;
    if ("code" in segment) return this.host.refused(segment.code, from, segment.detail);
    this.feeds.take(segment);
    this.audits.heard();
    this.want();
  }

  private make(height: number, round: number): void {
    const { beacon } = this.outside;
    const part = reveals(height) ? beacon.sign(this.audits.partOf(this.before)) : undefined;
    const block = makeTurn(this.before, this.host.id, this.feeds.cuts(this.self), this.nowMs, part);
    this.driver.take({ type: "made", height, round, block });
  }

  private whole({ block, certificate }: Decide, opened: OpenTurn, taken: readonly Taken[]): void {
    const entry = { header: block.header, plan: block.plan, quorum: certificate };
    this.decided = { ...opened, id: block.id, taken, entry };
    this.host.onDecided();
  }

  /** What is said about a turn rests on its segments: they are in the log before it is. */
  private logOpen(): void {
    const segments = this.feeds.ready().filter((segment) => !this.archive.holds(segment));
    if (segments.length === 0) return;
    const { store } = this.ports;
    const first = store.length + 1;
    store.append(segments.map(({ bytes }) => packSegment(bytes)));
    segments.forEach((segment, i) => {
      this.logged(segment, first + i);
    });
  }

  private halt(height: number, wire: number): void {
    const code = Object.entries(WIRE).find(([, number]) => number === wire)?.[0] ?? String(wire);
    this.halted = `height ${height}: ${code}`;
    this.ports.log("error", "consortium-disagrees", { height, code, ...disagreement(code) });
  }
}
