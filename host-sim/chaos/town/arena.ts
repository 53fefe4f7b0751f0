// SPDX-License-Identifier: Apache-2.0
/** A whole town under the faults of a plan, with the checkers after every event. */
import { toHex } from "#core/codec/bytes";
import { openSigned } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { epochRecord } from "#core/records/epoch";
import { voteRecord } from "#core/records/vote";
import type { Replica } from "#gateway/consortium/replica";
import { EntryKind, epochEntry, saidEntry, unpackEntry, voteEntry } from "#gateway/entries";
import type { AreaChecks } from "../../smartchain/area-checks.ts";
import { keyedCrypto } from "../../smartchain/crypto.ts";
import type { Town, TownSetup } from "../../town/town.ts";
import type { TownGateway } from "../../town/town-gateway.ts";
import { must, Violation } from "../violation.ts";
import { Banks } from "./banks.ts";
import { areaChecksOf, type Given, rogueOf, townOf } from "./build.ts";
import { TownChecks } from "./checks.ts";
import { Disk, DiskFull } from "./disk.ts";
import type { Entry } from "./facts.ts";
import { changesDue } from "./features.ts";
import { differ, fingerprint } from "./fingerprint.ts";
import { finish } from "./finish.ts";
import { Liar } from "./liar.ts";
import { Operators } from "./operators.ts";
import { isViolation, standing, type TownOutcome, violationOf } from "./outcome.ts";
import type { TownPlan } from "./plan.ts";
import { Plot } from "./plot.ts";
import { boundMs, SLOT_TIMEOUT_MS } from "./timing.ts";

export interface TownRunOptions extends Given {
  trace?: (line: string) => void;
  crypto?: Crypto;
}

/** Messages of nodes that liars may say again. */
const OVERHEARD = 60;
const EVENTS_MAX = 400_000;
/** Without members, and without a turn for so long, nothing comes any more, ms. */
const STILL_MS = 2 * SLOT_TIMEOUT_MS;

interface Overheard {
  node: string;
  what: string;
  payload: Uint8Array;
}

export class TownArena {
  readonly plan: TownPlan;
  readonly town: Town;
  readonly honest: readonly TownGateway[];
  readonly checks: TownChecks;
  readonly area: AreaChecks;
  readonly faults: Record<string, number> = {};
  readonly overheard: Overheard[] = [];
  /** What honest nodes said on each gateway's bus. */
  readonly heardAt: { topic: string; payload: Uint8Array }[][] = [];
  /** All that was said, to look for what must not be in it. */
  readonly spoken: Uint8Array[] = [];
  readonly trace: ((line: string) => void) | undefined;
  readonly plot: Plot;
  readonly operators: Operators;
  readonly banks: Banks;
  private readonly liars = new Map<number, Liar>();
  private readonly indices: ReadonlyMap<string, number>;
  private readonly prints: string[] = [];
  private readonly lives = new Map<number, unknown>();
  /** Changes of the gateways that there have to be. */
  private readonly due: number;
  private taken = 0;
  /** When the last turn was decided. */
  private movedMs = 0;
  private messages = 0;
  private violation: Violation | undefined;

  constructor(plan: TownPlan, { trace, crypto = keyedCrypto(), ...given }: TownRunOptions = {}) {
    this.plan = plan;
    this.trace = trace;
    this.due = changesDue(plan);
    const liars = new Set(plan.liars.map(({ gateway }) => gateway));
    const log: TownSetup["log"] = (gateway, level, event, facts) => {
      if (level !== "debug") this.say(gateway, `${event} ${JSON.stringify(facts ?? {})}`);
    };
    this.town = townOf(plan, crypto, log, given);
    const { town } = this;
    this.honest = town.gateways.filter(({ index }) => !liars.has(index));
    this.indices = new Map(town.gateways.map(({ id, index }) => [id, index]));
    this.checks = new TownChecks(this);
    this.area = areaChecksOf(this.town, plan);
    this.plot = new Plot(this);
    this.operators = new Operators(this);
    this.banks = new Banks(this);
    for (const { gateway, tactics } of plan.liars)
      this.liars.set(gateway, new Liar(this, town.gateways[gateway], tactics));
    this.wire();
  }

  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  say(who: number | string, text: string): void {
    const { agenda, world } = this.town;
    this.trace?.(`${String(agenda.nowMs - world.startMs).padStart(7)} ${who}: ${text}`);
  }

  /** Index of the gateway with this id (hex), or -1. */
  indexOf(gateway: string): number {
    return this.indices.get(gateway) ?? -1;
  }

  idOf(index: number): string {
    return this.town.gateways[index].id;
  }

  /** Those that keep the rules and are gateways of the next height. */
  get present(): readonly TownGateway[] {
    const { ids } = this.checks.membership.present;
    return this.honest.filter(({ id }) => ids.includes(id));
  }

  /** A turn changed the gateways. */
  changed(): void {
    this.operators.changed();
  }

  isLiar(index: number): boolean {
    return this.liars.has(index);
  }

  private wire(): void {
    const { town, plan } = this;
    for (const one of town.gateways) {
      const { index } = one;
      this.heardAt.push([]);
      one.store = new Disk({
        step: (stage) => this.plot.step(one, stage),
        appended: (entries) => this.appended(index, entries),
      });
      Object.assign(one, plan.clocks[index]);
      one.bus.tap = (from, topic, payload) => this.published(index, from, topic, payload);
    }
    for (const node of town.nodes) {
      node.skewMs = plan.nodeSkewMs[node.setup.home];
      if (plan.rogues.includes(node.setup.home)) node.rogue = rogueOf(this, node);
    }
    town.probe = (gateway, stage) => this.plot.step(gateway, stage);
    town.waits = (gateway) => this.plot.waits(gateway);
    town.net.tap = (from, to, kind, bytes) => {
      const [sender, receiver] = [this.indexOf(from), this.indexOf(to)];
      this.messages++;
      if (this.spoken.at(-1) !== bytes) this.spoken.push(bytes);
      this.trace?.(this.plot.line(sender, receiver, kind, bytes));
      this.liars.get(receiver)?.hears(from, kind, bytes);
      const liar = this.liars.get(sender);
      const said = liar ? liar.says(to, kind, bytes) : bytes;
      if (said) this.checks.sent(sender, kind, said);
      return said;
    };
    town.publishes = (gateway, topic, payload) =>
      this.liars.get(gateway.index)?.publishes(topic, payload) ?? payload;
    town.failed = (gateway, error) => this.failed(gateway, error);
    // A node leaves one that is no gateway any more, and finds none false that keeps the rules.
    town.left = ({ setup: { config }, at }, code) => {
      const gone = !this.checks.membership.present.ids.includes(at.id);
      if (this.isLiar(at.index)) this.count("liar found out");
      else if (code !== "GATEWAY_UNKNOWN" || !gone)
        this.found(new Violation("accused", `its gateway, ${code}`), config.name);
    };
    town.nodeFailed = (node, error) => {
      if (node.rogue && !isViolation(error)) {
        this.count("rogue died");
        node.crash(500);
      } else this.found(error, node.setup.config.name);
    };
  }

  private published(area: number, from: string, topic: string, payload: Uint8Array): void {
    const { town, area: checks } = this;
    this.spoken.push(payload);
    if (from === "gateway") {
      this.checks.published(area, topic, payload);
      this.banks.published(area, topic, payload);
    }
    const speaker = town.nodes.find(({ setup }) => setup.config.name === from);
    checks.heard(topic, payload, speaker && !speaker.rogue ? speaker.id : undefined);
    if (speaker && !speaker.rogue) this.heardAt[area].push({ topic, payload });
    for (const { rogue, at } of town.nodes)
      if (rogue && at.index === area) rogue.sees(from, topic, payload);
    const [, node, what] = /\/node\/([0-9a-f]{32})\/(up\/[a-z]+|state)$/.exec(topic) ?? [];
    if (!node || this.liars.size === 0) return;
    const place = this.overheard.length % OVERHEARD;
    if (this.overheard.length < OVERHEARD) this.overheard.push({ node, what, payload });
    else this.overheard[place] = { node, what, payload };
  }

  private appended(gateway: number, entries: readonly Entry[]): void {
    const log = this.checks.logs.get(gateway);
    if (!log) return;
    const before = this.checks.turns.length;
    this.checks.appended(gateway, entries);
    if (this.checks.turns.length === before) return;
    this.movedMs = this.town.agenda.nowMs;
    for (const { kind, bytes } of entries) {
      if (kind === EntryKind.vote) {
        const { signed } = unpackEntry(voteEntry, bytes);
        const vote = openSigned(voteRecord, this.town.crypto, signed);
        if (vote.ok) this.area.voted(vote.value);
      } else if (kind === EntryKind.said) this.area.taken(unpackEntry(saidEntry, bytes));
      else if (kind === EntryKind.epoch) {
        const { signed } = unpackEntry(epochEntry, bytes);
        const epoch = openSigned(epochRecord, this.town.crypto, signed);
        if (epoch.ok) this.area.epochs.set(epoch.value.epoch, epoch.value);
      }
    }
  }

  private failed(gateway: TownGateway, error: unknown): void {
    const { index } = gateway;
    if (error instanceof DiskFull) {
      this.count("ended on a full disk");
      if (this.plan.stops) gateway.halt(200);
      else gateway.fall(200);
    } else if (this.liars.has(index) && !isViolation(error)) {
      this.count("liar died");
      gateway.fall(500);
    } else this.found(error, `gateway ${index}`);
  }

  /** A violation, or an assertion of an honest party; the first counts. */
  private found(error: unknown, who: string): void {
    this.violation ??= violationOf(error, who);
  }

  async run(): Promise<TownOutcome> {
    const { town, plan } = this;
    let healedMs = 0;
    let boundPermille = 0;
    try {
      await this.start();
      this.plot.begin();
      this.operators.begin();
      this.banks.begin();
      const troubleMs = town.world.startMs + plan.troubleMs;
      await this.until(() => town.agenda.nowMs >= troubleMs);
      this.plot.heal();
      this.operators.heal();
      healedMs = town.agenda.nowMs;
      const lastMs = healedMs + boundMs(plan);
      const over = () => this.settled || town.agenda.nowMs > lastMs;
      // A gateway that is none yet goes on asking though nothing happens.
      const still = () => over() || (this.isEmpty && town.agenda.nowMs > this.movedMs + STILL_MS);
      await this.until(still);
      // Without a running clock a slot waits for somebody to come back where all were given up.
      for (let i = 0; i < plan.slots && !over() && this.isEmpty; i++) {
        this.count("all nodes given up");
        for (const node of town.nodes) node.disconnect();
        for (const node of town.nodes) node.reconnect();
        this.movedMs = town.agenda.nowMs;
        await this.until(still);
      }
      await this.until(over);
      must(this.settled, "liveness", () => standing(this.present));
      boundPermille = Math.round(((town.agenda.nowMs - healedMs) * 1000) / boundMs(plan));
      await finish(this);
    } catch (error) {
      this.found(error, "run");
    }
    const { checks, faults, messages, violation, area } = this;
    const { credit } = area.ledger;
    for (const [what, count] of Object.entries(credit.counts))
      if (count > 0) faults[`loans: ${what}`] = count;
    return {
      seed: plan.seed,
      events: town.events,
      turns: checks.turns.length,
      blocks: checks.blocks.length,
      trades: area.ledger.trades,
      loans: credit.counts.loans,
      mintedMicro: area.ledger.mintedMicro,
      messages,
      faults,
      violation,
      tookMs: town.agenda.nowMs - town.world.startMs,
      boundPermille,
    };
  }

  private async start(): Promise<void> {
    const { town } = this;
    const first = town.gateways.filter(({ index }) => index < this.plan.gateways);
    // What the first one says the others hear that start at the same moment.
    for (const { id } of first) town.net.link(id);
    for (const gateway of first) await gateway.start();
    for (const node of town.nodes) node.start();
    this.look();
  }

  /** Goes on until that is so, with a look after every event. */
  async until(done: () => boolean): Promise<void> {
    const { town } = this;
    while (!done()) {
      if (town.events >= EVENTS_MAX) throw new Violation("liveness", `${EVENTS_MAX} events`);
      if (!(await town.step(() => this.look()))) return;
    }
  }

  /** All honest gateways have settled all slots, and are at the same height. */
  private get settled(): boolean {
    const turns = this.checks.turns.length;
    if (this.checks.membership.present.version < this.due) return false;
    for (const { index, gateway } of this.present) {
      if (!gateway?.area.finished) return false;
      if (this.checks.logs.get(index)!.turns !== turns) return false;
    }
    return true;
  }

  private get isEmpty(): boolean {
    return this.present.every(({ gateway }) => gateway?.area.onlineIds().length === 0);
  }

  private look(): void {
    if (this.violation) throw this.violation;
    for (const one of this.honest) {
      const { index, gateway } = one;
      if (!gateway) continue;
      const fresh = this.lives.get(index) !== gateway;
      if (!fresh && !this.checks.changed.has(index)) continue;
      this.lives.set(index, gateway);
      this.replica(one);
    }
    for (const [index, liar] of this.liars) {
      const { gateway } = this.town.gateways[index];
      if (!gateway || this.lives.get(index) === gateway) continue;
      this.lives.set(index, gateway);
      liar.started(gateway);
    }
    this.checks.changed.clear();
    const { txs } = this.area.dag;
    // A state is a node's own: only the one that this event came to can have another.
    for (const { rogue, node } of this.town.touched)
      if (!rogue) this.area.votes.accepted(node.id, txs, (txid) => node.observer.stateOf(txid));
    this.town.touched.clear();
  }

  /** Who it takes for the gateways of the height that is next. */
  private partners(index: number, { partners }: Replica, turns: number): void {
    const members = this.checks.membership.at(turns);
    if (!members) return;
    const ids = [...partners.list].map(({ id }) => toHex(id)).sort();
    const same = ids.join() === members.ids.join() && partners.version === members.version;
    must(same, "members", () => `gateway ${index} after turn ${turns}: ${ids}`);
  }

  /** All that executed the same turns are the same; the first is looked at whole. */
  private replica({ index, gateway }: TownGateway): void {
    const { area, seat } = gateway!;
    const { turns } = this.checks.logs.get(index)!;
    const { replica } = seat!;
    must(replica.halted === undefined, "I19", () => `gateway ${index}: ${replica.halted}`);
    for (const liar of replica.liars.keys())
      must(
        this.liars.has(this.indexOf(liar)),
        "evidence",
        () => `gateway ${index} against ${liar}`,
      );
    this.partners(index, replica, turns);
    const last = this.checks.turns[turns - 1];
    // In the midst of the next one it is neither here nor there.
    if (!last || area.ports.time.nowMs() !== last.turn.atMs) return;
    if (turns === this.checks.turns.length && this.prints[turns] === undefined)
      this.area.look(area, (ledger) => {
        const blocks = this.checks.blocks.slice(this.taken);
        this.taken = this.checks.blocks.length;
        ledger.take(blocks, area.chain.state, this.area.dag.txs);
        this.banks.look(area.chain.state);
      });
    const print = fingerprint(area);
    const known = (this.prints[turns] ??= print);
    must(
      known === print,
      "I21",
      () => `gateway ${index} after turn ${turns}: ${differ(known, print)}`,
    );
  }
}

export function runTown(plan: TownPlan, options: TownRunOptions = {}): Promise<TownOutcome> {
  return new TownArena(plan, options).run();
}
