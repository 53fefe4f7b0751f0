// SPDX-License-Identifier: Apache-2.0
/**
 * One meter without a window: the node application on either engine, SimHome as its chip, and a panel's
 * messages as lines (protocol.ts). What a power cut leaves is what is in the two stores.
 */
import type { NodeConfig } from "#meter/config";
import type { KeyValueStore, Log } from "#meter/ports";
import { sodiumCrypto } from "#node/crypto/sodium";
import { tokenPasswords } from "#node/mqtt/token";
import { storeRegion } from "../flash/store-region.ts";
import { Link } from "../fleet/link.ts";
import type { NodeEngine, NodeHost, NodeIo } from "../fleet/types.ts";
import { Alarms } from "./face.ts";
import {
  errorText,
  type NodeFace,
  type PanelMessage,
  parsePanelMessage,
  stateText,
} from "./protocol.ts";
import { SimHome } from "./sim-home.ts";

/** How often the meter polls its chip and says its state, ms. */
const POLL_MS = 1000;
/** Longest delay that setTimeout takes. */
const TIMER_MAX_MS = 0x7fffffff;
const CHIP_KEY = "kept";

export interface HeadlessOptions {
  /** Not closed with the meter. */
  engine: NodeEngine;
  config: NodeConfig;
  /** Everything random in the node follows from it. */
  seed: number;
  mqttUrl: string;
  /** PEM of the authority of an mqtts broker. */
  ca?: string;
  /** What the node keeps, and what its chip keeps. */
  flash: KeyValueStore;
  chip: KeyValueStore;
  /** Takes a line for the panel: a state or an error. */
  tell(line: string): void;
  log?: Log;
  /** The node died. Nothing more is told. */
  onFailed(reason: string): void;
}

/** From power on to power off. */
interface Life {
  host: NodeHost;
  link: Link;
}

export class HeadlessMeter {
  private readonly options: HeadlessOptions;
  private readonly home: SimHome;
  private readonly alarms = new Alarms();
  private life: Life | undefined;
  private starts = 0;
  /** How far the node's time of day is from the machine's. */
  private clockOffMs = 0;
  private wake: NodeJS.Timeout | undefined;
  private poll: NodeJS.Timeout | undefined;
  /** Everything that happens to the meter, one after the other. */
  private order: Promise<void> = Promise.resolve();

  constructor(options: HeadlessOptions) {
    this.options = options;
    this.home = new SimHome(uptimeMs);
    const kept = options.chip.get(CHIP_KEY);
    if (kept) this.home.restore(Buffer.from(kept).toString("latin1"));
  }

  /** Switches it on; resolves when it has tried to connect once. Rejects where the node does not start. */
  async start(): Promise<void> {
    await this.inOrder(() => this.powerOn());
    this.nextPoll();
  }

  /** A line of the panel; resolves when it is done and answered. */
  line(text: string): Promise<void> {
    return this.inOrder(async () => {
      const parsed = parsePanelMessage(text);
      if (!parsed.ok) return this.options.tell(errorText(parsed.reason));
      try {
        await this.act(parsed.value);
        await this.tellState();
      } catch (error) {
        this.died(error instanceof Error ? error.message : String(error));
      }
    });
  }

  /** Switches it off: it says that it is offline. */
  close(): Promise<void> {
    clearTimeout(this.poll);
    return this.inOrder(async () => {
      await this.life?.link.end();
      await this.powerOff();
    });
  }

  private inOrder(act: () => Promise<void>): Promise<void> {
    const done = this.order.then(act);
    this.order = done.catch(() => {});
    return done;
  }

  private async act(message: PanelMessage): Promise<void> {
    switch (message.kind) {
      case "set":
        this.home.set(message.set);
        this.keepChip();
        break;
      case "power-cut":
        await this.powerOff();
        await this.powerOn();
        break;
      case "clock-step": {
        const beforeMs = this.utcMs();
        this.clockOffMs += message.byMs;
        await this.life?.host.stepped(beforeMs, this.utcMs());
        break;
      }
      case "meter-fault":
        this.home.fail(message.fault, message.forMs);
        break;
      case "ask":
        break;
    }
  }

  private async powerOn(): Promise<void> {
    const { engine, config, seed, mqttUrl, ca } = this.options;
    // What an earlier life still says after it is over goes nowhere.
    const own: { life?: Life } = {};
    const setup = { config, seed, home: 0, boots: this.starts++ };
    const host = await engine.start(setup, this.ioFor(own));
    const link = new Link({
      url: mqttUrl,
      id: host.id,
      // By the machine's clock, whatever the meter's says: before it connects, a time server has set that.
      password: tokenPasswords({
        ...{ crypto: sodiumCrypto(), net: config.net, nowMs: Date.now, client: host.id },
        ...{ secretKey: config.secretKey, gatewayKey: config.gatewayKey },
      }),
      ca,
      subscriptions: host.subscriptions,
      will: host.will,
      connected: () => host.connected(),
      disconnected: () => host.disconnected(),
      message: (topic, payload) => host.message(topic, payload),
      log: this.log,
    });
    this.life = own.life = { host, link };
    await link.open();
  }

  /** The machine and its sockets are gone at once, and the broker publishes the last will. */
  private async powerOff(): Promise<void> {
    const { life } = this;
    this.life = undefined;
    clearTimeout(this.wake);
    life?.link.cut();
    await life?.host.close();
  }

  private ioFor(own: { life?: Life }): NodeIo {
    const current = () => own.life !== undefined && own.life === this.life;
    return {
      publish: (topic, payload, retain) => {
        if (current()) own.life!.link.publish(topic, payload, retain);
      },
      sample: (atMs) => {
        const sample = this.home.sample(atMs);
        this.keepChip(); // before the node counts on it
        return sample;
      },
      store: this.options.flash,
      witness: storeRegion(this.options.flash),
      uptimeMs,
      utcMs: () => this.utcMs(),
      wakeAfter: (delayMs) => {
        if (!current()) return;
        clearTimeout(this.wake);
        const ms = Math.min(TIMER_MAX_MS, Math.max(0, Math.ceil(delayMs)));
        this.wake = setTimeout(() => void own.life!.host.timer(), ms);
      },
      log: this.log,
      failed: (reason) => {
        if (current()) this.died(reason);
      },
    };
  }

  private readonly log: Log = (level, event, facts) => {
    this.alarms.note(level, event, facts);
    this.options.log?.(level, event, facts);
  };

  private died(reason: string): void {
    clearTimeout(this.poll);
    void this.powerOff();
    this.options.onFailed(reason);
  }

  private keepChip(): void {
    this.options.chip.set(CHIP_KEY, Buffer.from(this.home.kept(), "latin1"));
  }

  private utcMs(): number {
    return Date.now() + this.clockOffMs;
  }

  private nextPoll(): void {
    this.poll = setTimeout(() => {
      void this.inOrder(() => this.tellState()).then(() => {
        if (this.life) this.nextPoll();
      });
    }, POLL_MS);
  }

  private async tellState(): Promise<void> {
    const { life } = this;
    const text = await life?.host.look();
    if (!life || text === undefined) return;
    const seen: NodeFace = JSON.parse(text);
    // The house lives as fast as the area; where its clock stands between messages, in real time.
    this.home.setRate(seen.ratePermille > 0 ? seen.ratePermille : 1000);
    const link = life.link.connected ? seen.link : "offline";
    const node: NodeFace = { ...seen, link, alarms: [...this.alarms.texts] };
    this.options.tell(stateText({ ...node, ...this.home.face(), update: "" }));
  }
}

function uptimeMs(): number {
  return Math.floor(performance.now());
}
