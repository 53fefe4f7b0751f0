// SPDX-License-Identifier: Apache-2.0
/**
 * The gateways of a demo with more than one: processes with areas, brokers, stores and keys of their own that
 * agree on one ledger, and what happens to them on the way where that is asked for.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toHex } from "#core/codec/bytes";
import { operatorKey } from "#node/config/operator-key";
import { beaconKeyOf } from "#node/consortium/beacon";
import { sodiumCrypto } from "#node/crypto/sodium";
import { type ConsortiumFacts, type GatewayEnd, isOneChain } from "../report/consortium.ts";
import { SIM_NET, seededKey } from "../setup.ts";
import type { World } from "../worlds/types.ts";
import { changesOf } from "./changes.ts";
import { type DemoGateway, type RunFiles, writeRunFiles } from "./files.ts";
import { GatewayKeeper } from "./gateway-keeper.ts";
import { freePort, Relay } from "./proxy.ts";
import { type Watch, watchMonitor } from "./watch.ts";

/** How long gateways may take to come to one head after the last slot, ms. */
const AGREE_MS = 20_000;
/** Stopped, and cut off, for so long, ms: longer than a round and shorter than a slot's patience. */
const PAUSE_MS = 5_000;
/** Turns from one state to the next: some slots', so that who joins takes one. */
const STATE_TURNS = 96;

export interface Seat {
  area: string;
  secretKey: Uint8Array;
  port: number;
  files: RunFiles;
  keeper: GatewayKeeper;
  watch: Watch;
  dead: boolean;
  /** It left by the operators' wish. */
  left: boolean;
}

export interface ConsortiumSetup {
  dir: string;
  world: World;
  seed: number;
  gateways: number;
  /** The first one's port, and those of the others after it; 0: any. */
  port: number;
  /** Kill, stop, cut off and lose gateways while they trade. */
  faults: boolean;
  /** One more joins by its operators' commands, and one leaves. */
  changes: boolean;
  gateway: Omit<DemoGateway, "secretKey" | "port">;
  onDeath(area: string, code: number | null): void;
}

export class DemoConsortium {
  readonly seats: Seat[] = [];
  readonly faults: string[] = [];
  private readonly setup: ConsortiumSetup;
  /** From each gateway to each other one, where they can be cut. */
  private readonly relays = new Map<string, Relay>();

  constructor(setup: ConsortiumSetup) {
    this.setup = setup;
  }

  /** Writes the files of all, and starts them. */
  async start(): Promise<void> {
    const { setup } = this;
    const crypto = sodiumCrypto();
    const keys = Array.from({ length: setup.gateways }, (_, i) =>
      seededKey(crypto, setup.seed, "gateway", i),
    );
    const ports: number[] = [];
    for (let i = 0; i < keys.length; i++)
      ports.push(setup.port > 0 ? setup.port + i : await freePort());
    for (let i = 0; i < keys.length; i++) {
      const consortium = {
        gateways: await this.partners(i, keys, ports),
        ...(setup.changes && { stateTurns: STATE_TURNS }),
      };
      const area = areaOf(i);
      const dir = join(setup.dir, area);
      const gateway = { ...setup.gateway, area, consortium, secretKey: keys[i], port: ports[i] };
      const files = writeRunFiles(dir, setup.world, gateway);
      this.seats.push(this.seatOf(i, files, keys[i], ports[i]));
    }
    await Promise.all(this.seats.map(({ keeper }) => keeper.start()));
    for (const seat of this.seats) seat.watch = this.watchOf(seat);
    mkdirSync(setup.dir, { recursive: true });
    writeFileSync(this.placesFile, `${JSON.stringify(this.places, null, 2)}\n`);
  }

  /** For `wattle nodes --gateways`. */
  get placesFile(): string {
    return join(this.setup.dir, "gateways.json");
  }

  /** Of those that live. */
  get living(): Seat[] {
    return this.seats.filter(({ dead, left }) => !dead && !left);
  }

  get settledSlots(): number {
    return Math.max(0, ...this.living.map(({ watch }) => watch.totals?.slotsSettled ?? 0));
  }

  /** Until all that live have settled every slot, and say the same head. */
  async traded(): Promise<void> {
    const { faults, changes, world } = this.setup;
    const plan = faults ? planOf(this, world.slots) : changes ? changesOf(this, world.slots) : [];
    const done = () => this.living.every(({ watch }) => watch.totals?.finished);
    while (!done()) {
      if (plan.length > 0 && this.settledSlots >= plan[0].slot) await plan.shift()!.act();
      await sleep(100);
    }
    const until = performance.now() + AGREE_MS;
    while (!isOneChain(this.ends()) && performance.now() < until) await sleep(200);
    await sleep(1200); // for the last second's word on how long trades took
  }

  facts(): ConsortiumFacts {
    const ends = this.ends();
    const dead = this.seats.filter((seat) => seat.dead).map(({ area }) => area);
    const left = this.seats.filter((seat) => seat.left).map(({ area }) => area);
    const gateways = this.seats.length;
    return { gateways, ends, dead, left, faults: this.faults, oneChain: isOneChain(ends) };
  }

  async stop(): Promise<void> {
    await Promise.all(this.seats.map(({ keeper }) => keeper.stop()));
    await Promise.all(this.seats.map(({ watch }) => watch?.close()));
    for (const relay of this.relays.values()) relay.close();
  }

  /** SIGKILL, and started again at once. */
  async kill(index: number): Promise<void> {
    const { keeper, area } = this.seats[index];
    this.note(`${area} killed and started again`);
    await keeper.restart();
  }

  /** SIGSTOP, and SIGCONT after a while. */
  async pause(index: number): Promise<void> {
    const { keeper, area } = this.seats[index];
    this.note(`${area} stopped for ${PAUSE_MS / 1000} s`);
    process.kill(keeper.pid!, "SIGSTOP");
    await sleep(PAUSE_MS);
    process.kill(keeper.pid!, "SIGCONT");
  }

  /** No gateway reaches it, and it reaches none, for a while; its nodes do. */
  async cutOff(index: number): Promise<void> {
    this.note(`${this.seats[index].area} cut off from the others for ${PAUSE_MS / 1000} s`);
    const relays = [...this.relays].filter(([way]) => way.split(">").includes(String(index)));
    for (const [, relay] of relays) relay.cut();
    await sleep(PAUSE_MS);
    for (const [, relay] of relays) relay.mend();
  }

  /** SIGKILL, and its store is gone; it has its key, and learns everything again from the others. */
  async loseDisk(index: number): Promise<void> {
    const { keeper, area, files } = this.seats[index];
    this.note(`${area} killed, its store lost`);
    await keeper.kill();
    for (const end of ["", "-wal", "-shm"]) rmSync(`${files.store}${end}`, { force: true });
    const config = JSON.parse(readFileSync(files.config, "utf8"));
    config.consortium.keyUsed = true;
    writeFileSync(files.config, `${JSON.stringify(config, null, 2)}\n`);
    await keeper.restart();
  }

  /** SIGKILL, for good: its nodes have to go on elsewhere. */
  async lose(index: number): Promise<void> {
    const seat = this.seats[index];
    this.note(`${seat.area} killed for good`);
    seat.dead = true;
    await seat.keeper.kill();
  }

  /** One more gateway is started, with what the operators gave it. */
  async add(
    consortium: Record<string, unknown>,
    secretKey: Uint8Array,
    port: number,
  ): Promise<Seat> {
    const { setup } = this;
    const area = areaOf(this.seats.length);
    const dir = join(setup.dir, area);
    const gateway = { ...setup.gateway, area, consortium, secretKey, port };
    const files = writeRunFiles(dir, setup.world, gateway);
    const seat = this.seatOf(this.seats.length, files, secretKey, port);
    this.seats.push(seat);
    await seat.keeper.start();
    seat.watch = this.watchOf(seat);
    return seat;
  }

  /** Of the gateway that comes next. */
  get nextKey(): { area: string; secretKey: Uint8Array } {
    const { length } = this.seats;
    const secretKey = seededKey(sodiumCrypto(), this.setup.seed, "gateway", length);
    return { area: areaOf(length), secretKey };
  }

  note(what: string): void {
    this.faults.push(`slot ${this.settledSlots}: ${what}`);
    process.stderr.write(`slot ${this.settledSlots}: ${what}\n`);
  }

  private get places() {
    const crypto = sodiumCrypto();
    return this.seats.map(({ area, port, secretKey }) => ({
      url: `mqtt://127.0.0.1:${port}`,
      area,
      gatewayKey: toHex(crypto.publicKey(secretKey)),
    }));
  }

  private ends(): GatewayEnd[] {
    return this.living.flatMap(({ area, watch: { consortium } }) =>
      consortium ? [{ ...consortium, area }] : [],
    );
  }

  private async partners(from: number, keys: Uint8Array[], ports: number[]) {
    const crypto = sodiumCrypto();
    const list: Record<string, string>[] = [];
    for (let to = 0; to < keys.length; to++) {
      const publicKey = toHex(crypto.publicKey(keys[to]));
      const beaconKey = toHex(beaconKeyOf(keys[to]));
      const port = this.setup.faults && to !== from ? await this.relay(from, to, ports) : ports[to];
      const url = `mqtt://127.0.0.1:${port}`;
      list.push({ publicKey, beaconKey, area: areaOf(to), url });
    }
    return list;
  }

  private async relay(from: number, to: number, ports: number[]): Promise<number> {
    const relay = await Relay.to(ports[to]);
    this.relays.set(`${from}>${to}`, relay);
    return relay.port;
  }

  private seatOf(index: number, files: RunFiles, secretKey: Uint8Array, port: number): Seat {
    const { setup } = this;
    const area = areaOf(index);
    const keeper = new GatewayKeeper({
      configFile: files.config,
      readyFile: files.ready,
      logFile: files.gatewayLog,
      kills: 0,
      nodes: setup.world.homes.length,
      seed: setup.seed,
      args: [],
      onKill: () => {},
      onExit: (code) => {
        if (!this.seats[index].dead) setup.onDeath(area, code);
      },
    });
    return { area, secretKey, port, files, keeper, dead: false, left: false } as unknown as Seat;
  }

  private watchOf({ area, port, files, secretKey }: Seat): Watch {
    const crypto = sodiumCrypto();
    const operator = {
      ...{ crypto, net: SIM_NET, nowMs: Date.now },
      secretKey: operatorKey(files.operatorKey),
      gatewayKey: crypto.publicKey(secretKey),
    };
    return watchMonitor(`mqtt://127.0.0.1:${port}`, area, () => {}, operator);
  }
}

/** What happens at which slot: one fault after the other, with time to heal between them. */
function planOf(
  consortium: DemoConsortium,
  slots: number,
): { slot: number; act(): Promise<void> }[] {
  const last = consortium.seats.length - 1;
  const at = (percent: number) => Math.floor((slots * percent) / 100);
  return [
    { slot: at(40), act: () => consortium.kill(1) },
    { slot: at(48), act: () => consortium.pause(2) },
    { slot: at(54), act: () => consortium.cutOff(1) },
    { slot: at(60), act: () => consortium.loseDisk(2) },
    { slot: at(72), act: () => consortium.lose(last) },
  ];
}

function areaOf(index: number): string {
  return `street-${index + 1}`;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
