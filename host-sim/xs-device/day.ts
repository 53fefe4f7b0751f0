// SPDX-License-Identifier: Apache-2.0
/**
 * A day of the whole firmware on the 32-bit XS host: set up over its console, then metering and trading with
 * its neighbours, an update and a lost connection in between. What it takes is counted from the first slot.
 */
import { toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Crypto } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import { releaseRecord } from "#core/records/release";
import type { FirmwareShelf } from "#gateway/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { seededEntropy } from "../fleet/entropy.ts";
import { memoryStore } from "../fleet/store.ts";
import { v8Engine } from "../fleet/v8-engine.ts";
import { gatewayOptions, nodeSetups, SIM_AREA, SIM_NET, seededKey } from "../setup.ts";
import type { World } from "../worlds/types.ts";
import { type XsCreation, XsHost } from "../xs-host/host.ts";
import { deviceApp } from "./app.ts";
import { DeviceArea } from "./area.ts";
import { Board, POWER_ON } from "./board.ts";
import { type Costs, CostsMeter } from "./costs.ts";
import {
  type Peaks,
  peaksOf,
  type Said,
  SaidCounter,
  type Spent,
  spentOf,
  spentSince,
} from "./figures.ts";
import { type SerialMeter, sdm120 } from "./serial-meter.ts";
import { FirmwareFlash } from "./slots.ts";

export interface DayOptions {
  world: World;
  /** Slots of it that are run; all by default. */
  slots?: number;
  crypto: "native" | "noble";
  creation: XsCreation;
  /** False: the node only meters. Default true. */
  trade?: boolean;
  /** Slot in which a release is put out, and in which connections are dropped; never by default. */
  updateSlot?: number;
  dropSlot?: number;
  /** The metering chip, by the driver's name. Default sdm120. */
  chip?: { driver: string; meter: SerialMeter };
  /** Folder of the Moddable SDK: its own MQTT client in place of the stand-in. */
  sdk?: string;
  /** For tests: runs in the machine behind the start of the application. */
  plant?: string;
  onLine?: (line: string) => void;
  /** Called where a slot was settled. */
  onSlot?: (settled: number, day: DeviceDay) => void | Promise<void>;
  /** What is done from slot 0 on, in place of running the slots. */
  instead?: (day: DeviceDay) => Promise<void>;
}

/** Time of day of slot 0: any, after TIME_EARLIEST_MS. */
const START_MS = Date.UTC(2026, 5, 1);
/** Ahead of slot 0, ms: the epoch has begun (half a slot), and there is time to set the device up. */
const AHEAD_MS = 60_000;
const SEED = 1;
const VERSION = "1.0.0";
const RELEASE_SECRET = new Uint8Array(32).fill(0x52);
/** As `wattle firmware` makes them where nothing is said. */
const CHUNK_BYTES = 2048;
const IMAGE = new Uint8Array(64 * 1024).fill(0x5a);
/** Bytecodes of one turn: none comes near, and what never ends is found. */
const METER_LIMIT = 1e11;

export interface DayFigures {
  /** Why the device ended; undefined where it ran to the end. */
  failure: string | undefined;
  slots: number;
  missed: number;
  hours: number;
  /** From the first slot to the last. */
  spent: Spent;
  said: Said;
  costs: Costs;
  /** Over all starts. */
  peaks: Peaks;
  starts: number;
  version: string;
}

export class DeviceDay {
  readonly area: DeviceArea;
  readonly board: Board;
  private readonly options: DayOptions;
  private readonly crypto: Crypto = sodiumCrypto();
  private readonly gatewayKey: Uint8Array;
  private readonly counter = new SaidCounter();
  private shelf: { signed: Uint8Array; sha256: string } | undefined;
  private readonly lines: string[] = [];

  private constructor(xs: XsHost, options: DayOptions) {
    this.options = options;
    const { crypto } = this;
    const { world, slots = world.slots, creation, chip, onLine } = options;
    const secret = seededKey(crypto, SEED, "gateway", 0);
    this.gatewayKey = crypto.publicKey(secret);
    const market = {
      timing: "ex-post",
      mode: "auction",
      pricing: "uniform",
      kPermille: 500,
    } as const;
    const deposit = { belowMicro: 20_000_000, toMicro: 100_000_000 };
    const choices = { genesisMicro: 100_000_000, deposit, market, slotTimeoutMs: 30_000 };
    this.area = new DeviceArea({
      world,
      options: {
        ...gatewayOptions(world, secret, choices),
        worldStartMs: START_MS,
        slots,
        clock: { kind: "running", ratePermille: 1000, wall: true },
      },
      setups: nodeSetups(crypto, world, SEED, this.gatewayKey).slice(1),
      engine: v8Engine(),
      crypto,
      startMs: START_MS - AHEAD_MS,
      shelf: this.firmwareShelf(),
    });
    this.board = new Board({
      xs,
      index: 0,
      creation: { ...creation, meterLimit: METER_LIMIT },
      scheduler: this.area.scheduler,
      bus: this.area.bus,
      crypto,
      entropy: seededEntropy(SEED, 0),
      store: memoryStore(),
      meter: chip?.meter ?? sdm120(),
      counted: (atMs) => world.counters(0, Math.max(0, atMs - START_MS)),
      flash: new FirmwareFlash(VERSION, "1.0.1"),
      releaseKey: toHex(crypto.publicKey(RELEASE_SECRET)),
      onLine: (line) => {
        this.lines.push(line);
        onLine?.(line);
      },
    });
  }

  /** Runs it, and gives what it took; the process is closed. */
  static async run(options: DayOptions): Promise<DayFigures> {
    const app = await deviceApp(options);
    const current: { day?: DeviceDay } = {};
    const machine = () => current.day!.board.machine;
    const xs = await XsHost.start(
      { ...app, bits: 32 },
      {
        call: (_, fn, data) => machine().call(fn, data),
        post: (_, fn, data) => machine().post(fn, data),
        failed: (_, reason) => machine().failed(reason),
      },
    );
    try {
      current.day = new DeviceDay(xs, options);
      return await current.day.play();
    } finally {
      await xs.close();
    }
  }

  private async play(): Promise<DayFigures> {
    const { area, board } = this;
    const { world, slots = world.slots } = this.options;
    await area.start();
    this.counter.watch(area.bus, SIM_AREA);
    await board.boot(POWER_ON);
    await this.provision();
    const boot = {
      bytecodes: board.machine.meter.start,
      collections: board.machine.startCollections,
    };
    await area.run(board, () => area.scheduler.nowMs >= START_MS);
    const before = await spentOf(board);
    const costs = new CostsMeter(this, world.slotSeconds * 1000);
    costs.begin(START_MS, slots);
    if (this.options.instead) await this.options.instead(this);
    else await this.trade(slots);
    const spent = spentSince(before, await spentOf(board));
    const { version } = board;
    const hours = (area.scheduler.nowMs - START_MS) / 3_600_000;
    return {
      failure: board.machine.failure,
      slots: area.gateway.area.settledSlots,
      missed: area.gateway.area.missedSlots.length,
      hours,
      spent,
      said: this.said,
      costs: costs.of(boot, spent, hours),
      peaks: await peaksOf(board),
      starts: board.starts,
      version,
    };
  }

  /** As a person does it: settings by the console, each answered; the device starts with them by itself. */
  private async provision(): Promise<void> {
    const { area, board } = this;
    const [home] = this.options.world.homes;
    const driver = this.options.chip?.driver ?? "sdm120";
    const trade = this.options.trade === false ? "no" : "yes";
    const settings =
      `broker=mqtt://broker.lan area=${SIM_AREA} net=${SIM_NET} name=${home.name} trade=${trade} ` +
      `gateway=${toHex(this.gatewayKey)} capacity=${home.capacityWh} driver=${driver}`;
    await this.wait(2000);
    for (const line of [
      'wifi Home "a secret" --untried',
      `set ${settings}`,
      "claim",
      "show",
      "help",
    ]) {
      await board.type(`wattle ${line}\n`);
      await this.wait(300);
    }
    const asked = this.lines.filter((line) => line.startsWith("wattle: "));
    for (const line of asked) assert(line.includes('"ok":true'), "SIM_PROVISION", line);
    assert(asked.length === 5 || !board.alive, "SIM_PROVISION", `${asked.length} answers`);
    const { starts } = board;
    await area.run(board, () => board.starts > starts);
  }

  /** What the device has said so far. */
  get said(): Said {
    return this.counter.of(this.board.counts.client);
  }

  private async trade(slots: number): Promise<void> {
    const { area, board, options } = this;
    let settled = 0;
    while (board.alive && settled < slots) {
      await area.run(board, () => area.gateway.area.settledSlots > settled);
      settled = area.gateway.area.settledSlots;
      await options.onSlot?.(settled, this);
      if (options.updateSlot === settled) this.publish();
      if (options.dropSlot === settled) await board.dropConnections();
    }
  }

  /** Goes on for `ms`. */
  async wait(ms: number): Promise<void> {
    const endMs = this.area.scheduler.nowMs + ms;
    let over = false;
    this.area.scheduler.at(endMs, () => {
      over = true;
    });
    await this.area.run(this.board, () => over);
  }

  private publish(): void {
    const { crypto } = this;
    const [major, minor, patch] = [1, 0, 1];
    const { bytes } = signRecord(releaseRecord, crypto, RELEASE_SECRET, {
      board: "esp32-devkit",
      firmware: { major, minor, patch },
      sizeBytes: IMAGE.length,
      sha256: crypto.sha256(IMAGE),
      minimum: { major, minor, patch: 0 },
      chunkBytes: CHUNK_BYTES,
    });
    this.shelf = { signed: bytes, sha256: toHex(crypto.sha256(IMAGE)) };
    this.area.gateway.publishFirmware();
  }

  private firmwareShelf(): FirmwareShelf {
    return {
      releases: () => (this.shelf ? [this.shelf.signed] : []),
      read: (sha256, offset, length) =>
        sha256 === this.shelf?.sha256 ? IMAGE.subarray(offset, offset + length) : undefined,
    };
  }
}
