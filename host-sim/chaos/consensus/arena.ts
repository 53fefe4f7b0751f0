// SPDX-License-Identifier: Apache-2.0
/**
 * One run: a consortium on virtual time through the troubles of a plan, then healed, and checked all the
 * while.
 */
import type { Crypto } from "#core/crypto/port";
import type { Block } from "#gateway/consensus/types";
import { Agenda } from "../../agenda.ts";
import { keyedCrypto } from "../../smartchain/crypto.ts";
import { Network } from "../network.ts";
import type { Fault, Plan } from "../plan.ts";
import { must, Violation } from "../violation.ts";
import { Byzantine } from "./byzantine.ts";
import { Checks } from "./checks.ts";
import { Host } from "./host.ts";
import { boundMs, HEIGHTS_AFTER } from "./timing.ts";
import { type Word, Words } from "./words.ts";
import { SimWorld } from "./world.ts";

export interface RunOptions {
  crypto?: Crypto;
  /** Each line of what happened. */
  trace?: (line: string) => void;
}

export interface Outcome {
  violation: Violation | undefined;
  heights: number;
  /** Virtual, and of that after healing, ms. */
  tookMs: number;
  healedMs: number;
  /** That, in thousandths of the bound. */
  boundPermille: number;
  highestRound: number;
  events: number;
  delivered: number;
  dropped: number;
  crashes: number;
  /** Byzantine hosts that somebody proved to be. */
  proved: number;
  refused: Record<string, number>;
}

/** Events after which a run is stuck in a circle of messages. */
const EVENTS_MAX = 400_000;
/** Within this after the last height all is quiet where nothing is wanted, ms. */
const QUIET_MS = 120_000;

export class Arena {
  readonly plan: Plan;
  readonly agenda = new Agenda();
  readonly world: SimWorld;
  readonly words: Words;
  readonly checks: Checks;
  readonly hosts = new Map<number, Host>();
  readonly refused: Record<string, number> = {};
  readonly network: Network<Word>;
  private readonly options: RunOptions;
  private events = 0;
  private crashes = 0;
  private healedAtMs = 0;
  private boundMs = 1;
  private boundedMs = 0;

  constructor(plan: Plan, options: RunOptions = {}) {
    this.plan = plan;
    this.options = options;
    this.world = new SimWorld(plan, options.crypto ?? keyedCrypto());
    this.words = new Words(this.world);
    this.checks = new Checks(this.world, this.words);
    const { agenda } = this;
    const rogues = new Set(plan.byzantine.map(({ host }) => host));
    this.network = new Network<Word>(agenda, plan.seed, plan.weather, rogues, (to, from, word) =>
      this.hosts.get(to)?.receive(word, from),
    );
    for (const index of this.world.hosts) {
      const rogue = plan.byzantine.find(({ host }) => host === index);
      this.hosts.set(
        index,
        rogue ? new Byzantine(this, index, rogue.tactics) : new Host(this, index),
      );
    }
  }

  run(): Outcome {
    let violation: Violation | undefined;
    try {
      for (const host of this.hosts.values()) this.agenda.in(0, () => host.start());
      for (const fault of this.plan.faults) this.agenda.in(fault.atMs, () => this.strike(fault));
      this.play(this.plan.troubleMs, () => false);
      this.heal();
      this.calm();
    } catch (error) {
      if (error instanceof Violation) violation = error;
      // An assertion of the code that is tested, or a bug here: both stop a gateway.
      else
        violation = new Violation("crash", error instanceof Error ? `${error.stack}` : `${error}`);
    }
    if (violation) this.trace(undefined, () => violation!.message);
    return this.outcome(violation);
  }

  trace(host: number | undefined, text: () => string): void {
    const { trace } = this.options;
    if (!trace) return;
    const who = host === undefined ? "" : `host ${host} (${this.nameOf(host)})`;
    const at = this.hosts.get(host ?? -1)?.machine?.at;
    const where = at
      ? `${at.height}/${at.round} ${STEPS[at.step]}${at.silent ? ", silent" : ""}`
      : "";
    trace(
      `${String(this.agenda.nowMs).padStart(7)} ms  ${who.padEnd(14)} ${where.padEnd(18)} ${text()}`,
    );
  }

  /** To one host, or to all others; whoever is honest is checked for it. */
  say(from: number, word: Word, to: number | undefined): void {
    this.checks.said(this.hosts.get(from)!, word);
    const kind = this.words.kindOf(word, from);
    if (to !== undefined) {
      if (to >= 0 && to !== from) this.network.send(from, to, kind, word);
      return;
    }
    for (const other of this.hosts.keys())
      if (other !== from) this.network.send(from, other, kind, word);
  }

  decided(host: Host, height: number, block: Block, certificate: Uint8Array): void {
    this.trace(host.index, () => `decides ${height}: ${block.key.slice(0, 6)}`);
    this.checks.decided(host, height, block, certificate);
  }

  count(code: string): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
  }

  private get honest(): Host[] {
    const rogues = new Set(this.plan.byzantine.map(({ host }) => host));
    return [...this.hosts.values()].filter(({ index }) => !rogues.has(index));
  }

  private nameOf(host: number): string {
    return this.world.idsHex[host].slice(0, 4);
  }

  private play(untilMs: number, isDone: () => boolean): void {
    while (!isDone() && this.agenda.step(untilMs)) {
      must(++this.events <= EVENTS_MAX, "bounded", () => `${this.events} events`);
    }
    if (!isDone() && this.agenda.nowMs < untilMs && untilMs < Number.MAX_SAFE_INTEGER)
      this.agenda.nowMs = untilMs;
  }

  private strike(fault: Fault): void {
    this.trace(undefined, () => JSON.stringify(fault));
    const { network } = this;
    if (fault.kind === "split") return network.split(fault.group, fault.forMs);
    if (fault.kind === "deaf") return network.deafen(fault.hosts, fault.to, fault.forMs);
    if (fault.kind === "slow") return network.slow(fault.host, fault.byMs, fault.forMs);
    const host = this.hosts.get(fault.host);
    if (!host) return;
    if (fault.kind === "clock") host.clockMs += fault.byMs;
    else if (fault.kind === "pause") host.pause(fault.forMs);
    else if (host.up) {
      this.crashes++;
      host.arm(fault.afterOutputs, fault.downMs, fault.loss);
    }
  }

  /** Everybody is up, hears everybody, and has a good clock. */
  private heal(): void {
    this.trace(undefined, () => "all is healed");
    this.network.heal(this.plan.healedDelayMs);
    for (const host of this.hosts.values()) {
      host.clockMs = 0;
      host.disarm();
      if (!host.up) host.start();
      host.resume(true);
    }
    this.healedAtMs = this.agenda.nowMs;
  }

  /** Liveness: so many heights more at all that are honest, in bounded time; and then quiet. */
  private calm(): void {
    const { agenda, honest, plan } = this;
    const goal = Math.max(...honest.map(({ height }) => height)) + HEIGHTS_AFTER;
    const round = Math.max(...honest.map(({ machine }) => machine?.at.round ?? 0));
    this.boundMs = boundMs(plan, round);
    // Also who forgot what it signed speaks again: soon it has passed all that it may have signed.
    const done = (): boolean =>
      honest.every((host) => host.height >= goal) && !honest.some((host) => this.isSilent(host));
    this.play(this.healedAtMs + this.boundMs, done);
    must(done(), "liveness", () => {
      const heights = honest
        .map((host) => `${host.index}: ${host.height}${this.isSilent(host) ? ", silent" : ""}`)
        .join("; ");
      return `not all at height ${goal} ${this.boundMs} ms after healing (${heights})`;
    });
    this.boundedMs = agenda.nowMs - this.healedAtMs;
    if (plan.byzantine.length > 0) return;
    for (const host of honest) host.wanting = false;
    // What was begun comes to its end first.
    this.play(agenda.nowMs + QUIET_MS + 2 * this.boundMs, () => agenda.size === 0);
    must(agenda.size === 0, "quiet", () => `${agenda.size} things to do though nothing is wanted`);
    const [first, ...others] = honest.map(({ height }) => height);
    must(
      others.every((height) => height === first),
      "quiet",
      () => `${[first, ...others]}`,
    );
  }

  /** It is of the set and says nothing. */
  private isSilent({ index, height, machine }: Host): boolean {
    const member = this.world.setAt(height).indexOf(this.world.idsHex[index]) >= 0;
    return member && machine?.at.silent !== false;
  }

  private outcome(violation: Violation | undefined): Outcome {
    return {
      violation,
      heights: this.checks.chain.length,
      tookMs: this.agenda.nowMs,
      healedMs: this.boundedMs,
      boundPermille: Math.round((1000 * this.boundedMs) / this.boundMs),
      highestRound: this.checks.highestRound,
      events: this.events,
      delivered: this.network.counts.delivered,
      dropped: this.network.counts.dropped,
      crashes: this.crashes,
      proved: this.checks.told.size,
      refused: this.refused,
    };
  }
}

const STEPS = ["idle", "propose", "prevote", "precommit", "decided"] as const;

/** Runs a plan. */
export function runPlan(plan: Plan, options: RunOptions = {}): Outcome {
  return new Arena(plan, options).run();
}
