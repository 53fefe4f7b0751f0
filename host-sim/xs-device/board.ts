// SPDX-License-Identifier: Apache-2.0
/**
 * The board around the device application: its serial lines, its network with broker and time server, its
 * flash, and its power. It starts the application again when that asks for it.
 */
import type { Crypto, Entropy } from "#core/crypto/port";
import { assert } from "#core/errors/assert";
import type { KeyValueStore } from "#meter/ports";
import { SimRegion } from "../flash/region.ts";
import type { LocalBus } from "../sim/local-bus.ts";
import type { XsCreation, XsHost, XsStats } from "../xs-host/host.ts";
import { Event, Post } from "./abi.ts";
import { type BrokerCounts, BrokerLink } from "./broker.ts";
import { DeviceMachine, type Meter } from "./machine.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Counted, SerialMeter } from "./serial-meter.ts";
import type { FirmwareFlash } from "./slots.ts";
import { sntpAnswer } from "./sntp-server.ts";

/** One way to the broker, ms. */
const LATENCY_MS = 20;
/** Between two segments of one message, ms. */
const SEGMENT_MS = 2;
/** Payload of a TCP segment, and the chip's send buffer (lwIP's CONFIG_LWIP_TCP_MSS, TCP_SND_BUF_DEFAULT). */
const SEGMENT_BYTES = 1440;
const SEND_BYTES = 5760;
/** Sectors of the partition of the witness log, on boards with 4 MB (devices/). */
const WITNESS_SECTORS = 16;
/** From the start to an address, ms. */
const JOIN_MS = 2500;
/** esp_reset_reason_t. */
export const POWER_ON = 1;
const BY_SOFTWARE = 3;
/** The port of the USB socket; the meter's is the other. */
const CONSOLE = 0;
const ADDRESS = "192.0.2.1";

interface Socket {
  /** What came for the device and was not read. */
  received: Buffer;
  /** Bytes on their way to the broker. */
  unsent: number;
  /** Time at which what is on its way to the device has arrived. */
  busyUntilMs: number;
  link: BrokerLink | undefined;
  packets: Uint8Array[];
}

export interface BoardOptions {
  xs: XsHost;
  /** Of the machine among those of `xs`. */
  index: number;
  creation: XsCreation;
  scheduler: Scheduler;
  bus: LocalBus;
  crypto: Crypto;
  entropy: Entropy;
  store: KeyValueStore;
  meter: SerialMeter;
  /** What the meter has counted at a time of day. */
  counted(atMs: number): Counted;
  flash: FirmwareFlash;
  /** Hex of the operator's key; updates are off without it. */
  releaseKey?: string;
  onLine?: (line: string) => void;
}

export class Board {
  machine!: DeviceMachine;
  starts = 0;
  readonly counts: BrokerCounts = {
    client: "",
    connections: 0,
    published: 0,
    delivered: 0,
    acknowledged: 0,
  };
  /** The starts that are over. */
  readonly past: { meter: Meter; stats: XsStats }[] = [];
  /** Wi-Fi is there. */
  network = true;
  /** Nobody answers at the broker's address. */
  brokerGone = false;
  private readonly options: BoardOptions;
  private readonly witness = new SimRegion(WITNESS_SECTORS);
  private bootMs = 0;
  private sockets = new Map<number, Socket>();
  private uarts: Buffer[] = [];
  private console = "";

  constructor(options: BoardOptions) {
    this.options = options;
  }

  get alive(): boolean {
    return this.machine.failure === undefined;
  }

  /** Time of the world at which it has arrived. */
  get nowMs(): number {
    return this.bootMs + this.machine.nowMs;
  }

  /** Time of the world of its next timer. */
  get nextMs(): number | undefined {
    const { nextMs } = this.machine;
    return nextMs === undefined ? undefined : this.bootMs + nextMs;
  }

  /** Of the image that runs. */
  get version(): string {
    return this.options.flash.version;
  }

  async boot(resetReason: number): Promise<void> {
    const { options } = this;
    const { xs, index, creation, crypto, scheduler } = options;
    this.bootMs = scheduler.nowMs;
    this.sockets = new Map();
    this.uarts = [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)];
    this.starts++;
    const machine: DeviceMachine = new DeviceMachine(xs, index, creation, crypto, {
      store: options.store,
      entropy: options.entropy,
      resetReason,
      slot: options.flash,
      witness: this.witness,
      releaseKey: options.releaseKey,
      uart: (port, count) => this.takeUart(port, count),
      socket: (id, count) => this.takeSocket(id, count),
      packet: (id) => this.sockets.get(id)?.packets.shift(),
      said: (fn, argument, data) => {
        if (machine === this.machine) this.said(fn, argument, data);
      },
      print: (line) => options.onLine?.(line),
    });
    this.machine = machine;
    await machine.start();
  }

  /** The power goes and comes back. */
  async restart(resetReason = POWER_ON): Promise<void> {
    const { meter } = this.machine;
    this.past.push({ meter, stats: await this.machine.stats() });
    for (const { link } of this.sockets.values()) link?.lost();
    await this.machine.end();
    this.options.flash.boot();
    await this.boot(resetReason);
  }

  /** Lets it go on to `untilMs` of the world, or to where it says something. */
  async run(untilMs: number): Promise<void> {
    if (this.nextMs !== undefined && this.nextMs <= untilMs)
      await this.machine.run(untilMs - this.bootMs);
  }

  /** Somebody types on the serial line. */
  async type(text: string): Promise<void> {
    await this.receive(CONSOLE, Buffer.from(text, "latin1"));
  }

  /** The broker, or a router on the way to it, drops all connections. */
  async dropConnections(): Promise<void> {
    for (const [id, { link }] of [...this.sockets]) {
      if (!link) continue;
      link.lost();
      this.sockets.delete(id);
      await this.tell(Event.closed, id);
    }
  }

  private tell(kind: number, id: number, value: number | string = 0): Promise<void> {
    return this.machine.tell(kind, this.options.scheduler.nowMs - this.bootMs, id, value);
  }

  /** For this start, `delayMs` after the moment that the machine has reached. */
  private later(delayMs: number, run: () => void | Promise<void>): void {
    const { machine } = this;
    this.options.scheduler.at(this.nowMs + delayMs, () => {
      if (machine === this.machine && this.alive) return run();
    });
  }

  private said(fn: number, argument: number, data: Uint8Array): void {
    if (fn === Post.uartWrite) this.uartWrite(argument, data);
    else if (fn === Post.socketOpen) this.connect(argument);
    else if (fn === Post.socketWrite) this.transmit(argument, data);
    else if (fn === Post.socketClose) this.close(argument);
    else if (fn === Post.udpOpen) this.sockets.set(argument, newSocket());
    else if (fn === Post.udpWrite) this.askTime(argument, data);
    else if (fn === Post.resolve)
      this.later(LATENCY_MS, () => this.tell(Event.resolved, argument, ADDRESS));
    else if (fn === Post.wifi && argument === 1)
      this.later(JOIN_MS, () => this.tell(Event.wifi, this.network ? 1 : 0));
    else if (fn === Post.restart) this.later(0, () => this.restart(BY_SOFTWARE));
  }

  private uartWrite(port: number, data: Uint8Array): void {
    const { options } = this;
    if (port === CONSOLE) {
      this.console += Buffer.from(data).toString("latin1");
      const lines = this.console.split("\n");
      this.console = lines.pop()!;
      for (const line of lines) options.onLine?.(line.trimEnd());
      return;
    }
    const answer = options.meter.answer(data, options.counted(this.nowMs));
    if (answer) this.later(answer.afterMs, () => this.receive(port, Buffer.from(answer.bytes)));
  }

  private async receive(port: number, bytes: Buffer): Promise<void> {
    this.uarts[port] = Buffer.concat([this.uarts[port], bytes]);
    await this.tell(Event.uart, port, this.uarts[port].length);
  }

  private takeUart(port: number, count: number): Uint8Array {
    const bytes = this.uarts[port].subarray(0, count);
    this.uarts[port] = this.uarts[port].subarray(count);
    return bytes;
  }

  private takeSocket(id: number, count: number): Uint8Array {
    const socket = this.sockets.get(id);
    assert(socket && socket.received.length >= count, "SIM_SOCKET", `${count} bytes of ${id}`);
    const bytes = socket.received.subarray(0, count);
    socket.received = socket.received.subarray(count);
    return bytes;
  }

  private connect(id: number): void {
    const socket = newSocket();
    const { machine } = this;
    if (this.brokerGone) {
      this.sockets.set(id, socket);
      return this.later(2 * LATENCY_MS, () => this.hangUp(id, socket));
    }
    socket.link = new BrokerLink(this.options.bus, this.counts, {
      send: (bytes) => {
        if (machine === this.machine) this.arrive(id, socket, Buffer.from(bytes));
      },
      hangUp: () => this.later(LATENCY_MS, () => this.hangUp(id, socket)),
    });
    this.sockets.set(id, socket);
    this.later(2 * LATENCY_MS, () => this.tell(Event.writable, id, SEND_BYTES));
  }

  private async hangUp(id: number, socket: Socket): Promise<void> {
    if (this.sockets.get(id) !== socket) return;
    this.sockets.delete(id);
    await this.tell(Event.closed, id);
  }

  private transmit(id: number, data: Uint8Array): void {
    const socket = this.sockets.get(id);
    if (!socket?.link) return;
    socket.unsent += data.length;
    this.later(LATENCY_MS, () => socket.link!.take(data));
    this.later(2 * LATENCY_MS, async () => {
      socket.unsent -= data.length;
      if (this.sockets.get(id) === socket && socket.unsent === 0)
        await this.tell(Event.writable, id, SEND_BYTES);
    });
  }

  /** A message for the device, segment after segment. */
  private arrive(id: number, socket: Socket, bytes: Buffer): void {
    const { scheduler } = this.options;
    const { machine } = this;
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const part = bytes.subarray(at, at + SEGMENT_BYTES);
      const fromMs = Math.max(scheduler.nowMs + LATENCY_MS, socket.busyUntilMs);
      socket.busyUntilMs = fromMs + SEGMENT_MS;
      scheduler.at(socket.busyUntilMs, async () => {
        if (machine !== this.machine || !this.alive || this.sockets.get(id) !== socket) return;
        socket.received = Buffer.concat([socket.received, part]);
        await this.tell(Event.readable, id, socket.received.length);
      });
    }
  }

  private close(id: number): void {
    const socket = this.sockets.get(id);
    this.sockets.delete(id);
    socket?.link?.lost();
  }

  private askTime(id: number, data: Uint8Array): void {
    const socket = this.sockets.get(id);
    if (!socket) return;
    const { scheduler } = this.options;
    const head = Buffer.from(data).subarray(0, 5 + data[4]);
    this.later(LATENCY_MS, () => {
      const answer = sntpAnswer(data.subarray(head.length), scheduler.nowMs);
      this.later(LATENCY_MS, async () => {
        socket.packets.push(Buffer.concat([head, answer]));
        if (this.sockets.get(id) === socket) await this.tell(Event.readable, id, 1);
      });
    });
  }
}

function newSocket(): Socket {
  return {
    received: Buffer.alloc(0),
    unsent: 0,
    busyUntilMs: 0,
    link: undefined,
    packets: [],
  };
}
