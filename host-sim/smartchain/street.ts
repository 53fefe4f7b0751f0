// SPDX-License-Identifier: Apache-2.0
/**
 * One seeded run: the real gateway and real nodes around a faulty bus, on virtual time, in one process. After
 * every event the checkers look at all of it. The seed decides everything, so that it replays exactly.
 */
import type { Crypto } from "#core/crypto/port";
import type { Tx } from "#core/records/tx";
import { toleratedOf } from "#core/votes/electorate";
import { Gateway } from "#gateway/gateway";
import type { GatewayOptions } from "#gateway/options";
import type { LogStore } from "#gateway/ports";
import type { Session } from "#gateway/session";
import { openMemoryStore } from "#node/store/memory";
import { Agenda } from "../agenda.ts";
import { gatewayOptions, nodeSetups, seededKey, tariffOf, tradingDirectly } from "../setup.ts";
import { type Random, randomStream } from "../worlds/random.ts";
import type { World } from "../worlds/types.ts";
import { type BusCounts, type Client, FaultyBus } from "./bus.ts";
import { Checks } from "./checks.ts";
import { keyedCrypto } from "./crypto.ts";
import { Member } from "./member.ts";
import { Rogue } from "./rogue.ts";
import { smallWorld } from "./small-world.ts";
import { Violation } from "./violation.ts";

/** What can be switched off, to see that the checkers find what it prevents. */
export type Defence = "witness-log" | "V3" | "V5" | "V6" | "V7" | "seal" | "numbers" | "promotion";

export interface StreetOptions {
  seed: number;
  off?: ReadonlySet<Defence>;
  /** Default: keyed hashes. */
  crypto?: Crypto;
  /** Default: by seed. */
  calm?: boolean;
  /** Blocks come late, and votes not at all: what is said has to be approved by what follows. Calm. */
  starved?: boolean;
}

export interface StreetResult {
  seed: number;
  nodes: number;
  rogues: number;
  events: number;
  bus: BusCounts;
  faults: Record<string, number>;
  settledSlots: number;
  transactions: number;
  accepted: number;
  promotes: number;
  suspended: number;
  /** What the checkers saw besides. */
  seen: Record<string, number>;
  /** The longest that a cap was neither approved nor final, protocol ms. */
  capWaitMs: number;
  /** What the checkers found, first. */
  violation: Violation | undefined;
  /** Two runs of one seed have the same. */
  digest: string;
}

const SLOT_SECONDS = 48;
/** No run takes longer, virtual ms: twice what its slots take. */
const PATIENCE = 4;
const EVENTS_MAX = 200_000;
/** A starved street has so many slots without a block, and one more. */
const STARVED_SLOTS = 4;
/** A_max of a starved street in Δ: half of it ends before the next slot's RESERVEs, the whole after them. */
const STARVED_TICKS = 10;

export class Street {
  readonly seed: number;
  readonly off: ReadonlySet<Defence>;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly agenda = new Agenda();
  readonly bus: FaultyBus;
  readonly world: World;
  readonly options: GatewayOptions;
  readonly members: Member[] = [];
  readonly store: LogStore = openMemoryStore();
  readonly faults: Record<string, number> = {};
  readonly checks: Checks;
  gateway!: Gateway;
  gatewayClient: Client | undefined;
  events = 0;
  private readonly starved: boolean;
  private timer = 0;

  constructor(setup: StreetOptions) {
    const { seed, off = new Set(), crypto = keyedCrypto(), starved = false } = setup;
    const calm = setup.calm || starved;
    this.seed = seed;
    this.off = off;
    this.crypto = crypto;
    this.starved = starved;
    this.random = randomStream(seed, 7);
    const { random } = this;
    const nodes = 4 + random.below(4);
    // By OFFER among each other, which takes two slots ahead, or in the market.
    const direct = random.below(4) === 0 && !starved;
    const slots = starved ? STARVED_SLOTS + 1 : (direct ? 4 : 2) + random.below(3);
    this.world = smallWorld(seed, nodes, slots, SLOT_SECONDS);
    const running = random.below(4) > 0 || starved;
    const gatewayKey = seededKey(crypto, seed, "gateway", 0);
    this.options = {
      ...gatewayOptions(this.world, gatewayKey, {
        genesisMicro: 100_000_000,
        deposit: undefined,
        market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
        slotTimeoutMs: 30_000,
        pot: { epochSlots: 1 + random.below(2), epsilonMs: 2000, tauMs: 10_000 },
      }),
      ...(running && { clock: { kind: "running" as const, ratePermille: 1000 } }),
    };
    if (starved) this.options.ageMaxMs = STARVED_TICKS * this.options.tickMs;
    this.agenda.nowMs = this.world.startMs;
    const rough = calm ? 0 : 1;
    this.bus = new FaultyBus(this.agenda, randomStream(seed, 8), {
      dropPermille: rough * random.below(40),
      duplicatePermille: rough * random.below(100),
      delayMs: 60,
      stragglerPermille: rough * random.below(60),
      stragglerMs: 3000,
    });
    const rogues = calm ? 0 : random.below(toleratedOf(nodes) + 1);
    const publicKey = crypto.publicKey(gatewayKey);
    const market = nodeSetups(crypto, this.world, seed, publicKey);
    const setups = direct ? tradingDirectly(market, nodes) : market;
    setups.forEach((setup, index) => {
      const member = new Member(this, index, setup, calm ? 0 : random.below(2001) - 1000);
      if (index < rogues) member.rogue = new Rogue(this, member);
      this.members.push(member);
    });
    this.checks = new Checks(this);
    if (starved) this.bus.lost = (topic) => topic.endsWith("/vote");
    this.bus.tap = (from, topic, payload) => this.heard(from, topic, payload);
  }

  /** Rogues see everything, and so do the checkers. */
  heard(from: string, topic: string, payload: Uint8Array): void {
    this.checks.published(from, topic, payload);
    for (const { rogue } of this.members) rogue?.sees(from, topic, payload);
  }

  count(fault: string): void {
    this.faults[fault] = (this.faults[fault] ?? 0) + 1;
  }

  async startGateway(): Promise<void> {
    const { agenda, bus, crypto } = this;
    if (this.gatewayClient) bus.detach(this.gatewayClient);
    const client = bus.attach("gateway", [], (topic, payload) => deliver(topic, payload));
    this.gatewayClient = client;
    const gateway: Gateway = new Gateway(this.options, {
      crypto,
      verifier: {
        verify: (jobs) =>
          jobs.map((job) => crypto.verify(job.publicKey, job.message, job.signature)),
      },
      store: this.store,
      bus: {
        publish: (topic, payload, { retain }) => bus.publish(client, topic, payload, retain),
        subscribe: (filter) => void (client.filters = [...client.filters, filter]),
        close: async () => {},
      },
      tariff: tariffOf(this.world),
      time: {
        nowMs: () => agenda.nowMs,
        wakeAfter: (delayMs) => {
          const mine = ++this.timer;
          agenda.at(agenda.nowMs + delayMs, async () => {
            if (mine === this.timer && this.gateway === gateway) await gateway.onTimer();
          });
        },
      },
      probe: () => {},
      log: () => {},
    });
    const deliver = (topic: string, payload: Uint8Array): void => {
      this.checks.replay.delivered(topic, payload);
      gateway.deliver(topic, payload);
    };
    let due = false;
    gateway.onWork = () => {
      if (due) return;
      due = true;
      agenda.at(agenda.nowMs, async () => {
        due = false;
        if (this.gateway !== gateway) return;
        this.weaken(gateway);
        await gateway.process();
      });
    };
    this.gateway = gateway;
    this.weaken(gateway);
    await gateway.start();
    this.weaken(gateway);
    bus.resume(client);
  }

  /** Switches off what this run is to do without. */
  weaken(gateway: Gateway): void {
    const { off } = this;
    const { area } = gateway;
    if (this.starved) this.hold(gateway);
    if (off.size === 0) return;
    if (off.has("V5")) Object.assign(area.world, { ageMaxMs: 1e9 });
    if (off.has("V6"))
      Object.assign(gateway.intake, {
        tokensIn: ({ said, session }: { said?: { tx?: Tx }; session: Session }) => {
          if (!said?.tx) return undefined;
          const { seq, prev, tsMs } = said.tx.body;
          // Called for each transaction before it is judged.
          if (off.has("V3") && seq > session.txSeq)
            Object.assign(session, { txSeq: seq - 1, txid: prev });
          return { ok: true, tMs: tsMs, byGateways: false, jobs: [] };
        },
      });
    if (off.has("V7")) for (const session of area.sessions.values()) forgetful(session);
    if (off.has("seal")) {
      const victim = (): string => this.members[this.members.length - 1].id;
      const { dag } = area;
      const unsealed = Object.getPrototypeOf(dag).unsealed as () => ReturnType<typeof dag.unsealed>;
      Object.assign(dag, {
        unsealed: () =>
          unsealed
            .call(dag)
            .filter(({ tx }) => Buffer.from(tx.body.from).toString("hex") !== victim()),
      });
    }
  }

  /** The gateway seals nothing for the first slots, as one that waits for others. */
  private hold({ area: { votes } }: Gateway): void {
    const { agenda, world } = this;
    const untilMs = world.startMs + STARVED_SLOTS * SLOT_SECONDS * 1000;
    Object.assign(votes, {
      ready: () => agenda.nowMs >= untilMs,
      delayMs: () => (agenda.nowMs < untilMs ? untilMs - agenda.nowMs : undefined),
    });
  }

  async run(): Promise<StreetResult> {
    let violation: Violation | undefined;
    try {
      await this.play();
    } catch (error) {
      if (!(error instanceof Violation))
        violation = new Violation("dead", error instanceof Error ? (error.stack ?? "") : "");
      else violation = error;
    }
    return this.result(violation);
  }

  private async play(): Promise<void> {
    const { agenda, world, members, checks } = this;
    await this.startGateway();
    for (const member of members) member.start();
    this.plot();
    const untilMs = agenda.nowMs + PATIENCE * world.slots * SLOT_SECONDS * 1000 + 600_000;
    while (!this.gateway.area.finished && agenda.nowMs < untilMs && this.events < EVENTS_MAX) {
      const done = agenda.step();
      if (!done) break;
      await done.result;
      this.events++;
      checks.lookAtAll();
      if (await checks.replay.look()) checks.lookAtAll();
    }
    checks.finish();
  }

  /** When what goes wrong. */
  private plot(): void {
    const { random, agenda, members, world, bus } = this;
    if (bus.weather.delayMs === 60 && bus.weather.stragglerPermille === 0) return;
    const lengthMs = (world.slots + 1) * SLOT_SECONDS * 1000;
    const any = (): Member => members[random.below(members.length)];
    const later = (): number => agenda.nowMs + 12_000 + random.below(lengthMs);
    for (let i = random.below(4); i > 0; i--) {
      const member = any();
      const loses = random.below(4) === 0;
      agenda.at(later(), () => {
        this.count(loses ? "witness log lost" : "crash");
        member.crash(loses);
      });
    }
    for (let i = random.below(3); i > 0; i--) {
      const fromMs = later();
      const cut = members.filter(() => random.below(3) === 0);
      agenda.at(fromMs, () => {
        this.count("partition");
        for (const member of cut) member.disconnect();
      });
      agenda.at(fromMs + 1000 + random.below(20_000), () => {
        for (const member of cut) member.reconnect();
      });
    }
    if (this.seed % 5 === 0) {
      const forgetful = any();
      agenda.at(later(), () => {
        this.count("state lost");
        forgetful.forget();
      });
    }
    if (random.below(6) === 0)
      agenda.at(later(), async () => {
        this.count("gateway restart");
        await this.startGateway();
      });
  }

  private result(violation: Violation | undefined): StreetResult {
    const { seed, members, events, bus, faults, gateway, store } = this;
    const { area } = gateway;
    let digest = this.crypto.sha256(new Uint8Array(0));
    for (const { bytes } of store.read())
      digest = this.crypto.sha256(Buffer.concat([digest, bytes]));
    return {
      seed,
      nodes: members.length,
      rogues: members.filter(({ rogue }) => rogue).length,
      events,
      bus: bus.counts,
      faults,
      settledSlots: area.settledSlots,
      transactions: area.counters.transactions,
      accepted: area.votes.accepted,
      promotes: area.counters.promotes,
      suspended: area.suspended.size,
      seen: this.checks.counts,
      capWaitMs: this.checks.caps.mostMs,
      violation,
      digest: Buffer.from(digest).toString("hex"),
    };
  }
}

/** It has no last tick nor time, whatever is said under it, also within one turn of the gateway. */
function forgetful(session: Session): void {
  Object.defineProperty(session, "txTick", { get: () => -1, set: () => {}, configurable: true });
  Object.defineProperty(session, "txMs", { get: () => 0, set: () => {}, configurable: true });
}

export function runStreet(options: StreetOptions): Promise<StreetResult> {
  return new Street(options).run();
}
