// SPDX-License-Identifier: Apache-2.0
/**
 * A town: several areas, each with its gateway, broker and nodes, whose gateways agree on one ledger. All of
 * it is real but for time and network, and in one process; the seed decides everything.
 */

import { bytesEqual, concatBytes, toHex } from "#core/codec/bytes";
import { domainHash } from "#core/crypto/domain";
import type { Crypto } from "#core/crypto/port";
import type { Code } from "#core/errors/codes";
import { nodeIdOf } from "#core/identity";
import type { Change } from "#core/records/registry";
import type { Packer } from "#gateway/checkpoint/checkpoint";
import type { ConsortiumOptions, UniqueSignatures } from "#gateway/consortium/ports";
import type { GatewayOptions } from "#gateway/options";
import type { GatewayLog, GatewayPorts } from "#gateway/ports";
import type { NodeConfig } from "#meter/config";
import { beaconKeyOf, beaconOf } from "#node/consortium/beacon";
import { Agenda } from "../agenda.ts";
import type { NodeSetup } from "../fleet/types.ts";
import {
  gatewayOptions,
  nodeSetups,
  PROOF_OF_TIME,
  SIM_NET,
  seededKey,
  tradingDirectly,
  withEnrolment,
} from "../setup.ts";
import type { Weather } from "../smartchain/bus.ts";
import { type Random, randomStream } from "../worlds/random.ts";
import type { World } from "../worlds/types.ts";
import { PeerNet, type PeerWeather } from "./peer-net.ts";
import { TownGateway } from "./town-gateway.ts";
import { TownNode } from "./town-node.ts";

export interface TownWeather {
  area: Weather;
  peers: PeerWeather;
}

/** Nothing gets lost; everything takes some milliseconds. */
export const CALM: TownWeather = Object.freeze({
  area: { dropPermille: 0, duplicatePermille: 0, delayMs: 1, stragglerPermille: 0, stragglerMs: 0 },
  peers: { dropPermille: 0, duplicatePermille: 0, delayMs: 5, jitterMs: 10 },
});

export interface TownSetup {
  seed: number;
  gateways: number;
  /** Further gateways, without nodes, that are no members of the consortium at first. */
  spare?: number;
  world: World;
  crypto: Crypto;
  /** Real BLS for the beacons, at 40 ms a signature, in place of a hash. */
  bls?: boolean;
  weather?: TownWeather;
  consortium?: Partial<Omit<ConsortiumOptions, "gateways" | "keyUsed">>;
  options?: Partial<GatewayOptions>;
  /** What each gateway knows of an authority, and the nodes' anchor key. */
  identity?: { of(gateway: number): GatewayPorts["identity"]; anchorKey: Uint8Array };
  /** With it gateways keep checkpoints. */
  packer?: Packer;
  /** Changes the set-up of a node. */
  nodes?: (setup: NodeSetup) => NodeSetup;
  log?: (gateway: number, ...line: Parameters<GatewayLog>) => void;
  /** The homes trade by OFFER among each other, and not in the market. */
  direct?: boolean;
}

export class Town {
  readonly seed: number;
  readonly world: World;
  readonly crypto: Crypto;
  readonly weather: TownWeather;
  readonly random: Random;
  readonly agenda = new Agenda<void | Promise<void>>();
  readonly net: PeerNet;
  readonly gateways: TownGateway[] = [];
  readonly nodes: TownNode[] = [];
  /** What one turn of a gateway takes, ms. */
  turnMs = 0;
  /** Up to so long, ms, a gateway waits for the answer whether signatures are right; 0: it does not. */
  verifyMs = 0;
  /** Something goes on that nobody waits for: it is let come to its next wait before anything else. */
  stirred = false;
  events = 0;
  /** Up to so long, ms, some thousand tries of a proof-of-work take. */
  workMs = 0;
  /** Called at each stage of each gateway's commits. */
  probe: (gateway: TownGateway, stage: string) => void = () => {};
  /** Called when a gateway begins to wait for an answer about signatures. */
  waits: (gateway: TownGateway) => void = () => {};
  /** What no power cut ended, of a gateway. */
  failed: (gateway: TownGateway, error: unknown) => void = (_gateway, error) => {
    throw error;
  };
  nodeFailed: (node: TownNode, error: unknown) => void = (_node, error) => {
    throw error;
  };
  /** A node finds its gateway's word false; it stays there, unless somebody moves it. */
  left: (node: TownNode, code: Code) => void = () => {};
  /** Sees what gateways publish in their areas; what it answers takes its place (undefined: nothing does). */
  publishes: (gateway: TownGateway, topic: string, payload: Uint8Array) => Uint8Array | undefined =
    (_gateway, _topic, payload) => payload;
  /** Nodes that something came to, for whoever looks at them. */
  readonly touched = new Set<TownNode>();
  private readonly setup: TownSetup;

  constructor(setup: TownSetup) {
    const { seed, world, crypto, weather = CALM } = setup;
    this.setup = setup;
    this.seed = seed;
    this.world = world;
    this.crypto = crypto;
    this.weather = weather;
    this.random = randomStream(seed, 19);
    this.agenda.nowMs = world.startMs;
    this.net = new PeerNet(this.agenda, seed, weather.peers);
    const all = setup.gateways + (setup.spare ?? 0);
    const keys = Array.from({ length: all }, (_, i) => seededKey(crypto, seed, "gateway", i));
    const members = keys.map((key) => {
      const publicKey = crypto.publicKey(key);
      const beaconKey = setup.bls ? beaconKeyOf(key) : publicKey;
      return { id: nodeIdOf(crypto, publicKey), publicKey, beaconKey };
    });
    const consortium: ConsortiumOptions = {
      gateways: members.slice(0, setup.gateways),
      rule: "quorum",
      leader: "round-robin",
      intervalMs: 0,
      ...setup.consortium,
    };
    keys.forEach((key, index) => {
      const options: GatewayOptions = {
        ...gatewayOptions(world, key, {
          genesisMicro: 100_000_000,
          deposit: undefined,
          market: { timing: "ex-post", mode: "auction", pricing: "uniform", kPermille: 500 },
          slotTimeoutMs: 30_000,
          pot: PROOF_OF_TIME,
        }),
        area: `street-${index + 1}`,
        ...setup.options,
        ...(setup.gateways > 1 && { consortium }),
      };
      this.gateways.push(new TownGateway(this, index, toHex(members[index].id), options));
    });
    world.homes.forEach((_, home) => {
      const at = this.gateways[home % setup.gateways];
      const { area } = at.options;
      const { publicKey } = members[at.index];
      const each = nodeSetups(crypto, world, seed, publicKey, { net: SIM_NET, area });
      const setups = setup.direct ? tradingDirectly(each, each.length) : each;
      const { config, ...rest } = setups[home];
      const enrolled = withEnrolment(crypto, config, world.slotSeconds, {
        authority: setup.identity?.anchorKey,
      });
      const made = { ...rest, config: enrolled };
      this.nodes.push(new TownNode(this, setup.nodes?.(made) ?? made, at));
    });
  }

  /** Where BLS is not asked for: a hash that all can make. What rests on it is not tested then. */
  beaconOf(secretKey: Uint8Array): UniqueSignatures {
    if (this.setup.bls) return beaconOf(secretKey);
    const { crypto } = this;
    const of = (publicKey: Uint8Array, message: Uint8Array) =>
      concatBytes(domainHash(crypto, "town/beacon", publicKey, message), new Uint8Array(16));
    return {
      sign: (message) => of(crypto.publicKey(secretKey), message),
      verify: (publicKey, message, signature) => bytesEqual(of(publicKey, message), signature),
    };
  }

  get packer(): Packer | undefined {
    return this.setup.packer;
  }

  /** Keys of a gateway, as those know them who let it join. */
  entrant(gateway: number): NonNullable<Change["joins"]> {
    const { secretKey } = this.gateways[gateway].options;
    const publicKey = this.crypto.publicKey(secretKey);
    const beaconKey = this.setup.bls ? beaconKeyOf(secretKey) : publicKey;
    return { publicKey, beaconKey, area: undefined, url: undefined };
  }

  identityOf(gateway: number): GatewayPorts["identity"] {
    return this.setup.identity?.of(gateway);
  }

  /** Sees what gateways log. */
  logged: (gateway: TownGateway, event: string, facts: Parameters<GatewayLog>[2]) => void =
    () => {};

  /** A node's settings at this gateway; it knows all of the consortium as it began. */
  configAt(config: NodeConfig, { options }: TownGateway): NodeConfig {
    const { crypto } = this;
    const gateways = options.consortium?.gateways.map(({ publicKey }) => publicKey);
    const gatewayKey = crypto.publicKey(options.secretKey);
    return { ...config, area: options.area, gatewayKey, ...(gateways && { gateways }) };
  }

  log(gateway: TownGateway, ...line: Parameters<GatewayLog>): void {
    this.logged(gateway, line[1], line[2]);
    this.setup.log?.(gateway.index, ...line);
  }

  async start(): Promise<void> {
    const first = this.gateways.slice(0, this.setup.gateways);
    for (const gateway of first) await gateway.start();
    for (const node of this.nodes) node.start();
  }

  /** Whether all gateways that are up have settled every slot. */
  get finished(): boolean {
    const { gateways } = this;
    const up = gateways.filter(({ gateway }) => gateway);
    return up.length > 0 && up.every(({ gateway }) => gateway!.area.finished);
  }

  /** Goes on until that is so, or until `untilMs` of virtual time; `look` is called after every event. */
  async run(untilMs: number, look: () => void = () => {}): Promise<void> {
    while (!this.finished && this.agenda.nowMs < untilMs) if (!(await this.step(look))) return;
  }

  /** Goes on for so long, whatever is settled. */
  async runFor(ms: number, look: () => void = () => {}): Promise<void> {
    const untilMs = this.agenda.nowMs + ms;
    while (this.agenda.nowMs < untilMs) if (!(await this.step(look))) return;
  }

  async step(look: () => void): Promise<boolean> {
    const done = this.agenda.step();
    if (!done) return false;
    await done.result;
    if (this.stirred) {
      this.stirred = false;
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.events++;
    look();
    return true;
  }
}
