// SPDX-License-Identifier: Apache-2.0
/**
 * A gateway's way to the others of its consortium, and a watch over them: who is silent, and whether those
 * that are not are enough. Timers end with it.
 */
import { randomBytes } from "node:crypto";
import { quorumOf } from "#core/consensus/validators";
import type { ConsortiumPorts } from "#gateway/consortium/ports";
import type { GatewayLog } from "#gateway/ports";
import type { ConsortiumConfig } from "../config/consortium.ts";
import { beaconOf } from "./beacon.ts";
import { MqttPeerLink, type PeerLinkOptions, type PeerView } from "./peer-link.ts";

/** The longest that setTimeout waits; nothing of the consensus is due so late. */
const TIMER_MS_MAX = 2 ** 31 - 1;
/** Of whom nothing was heard for so long is silent: each says that it is there every 3 s. */
const SILENT_MS = 10_000;
const LOOK_MS = 1_000;
/** Looks without another turn after which a gateway that lost its store has learnt everything. */
const LEARNT_LOOKS = 3;

/** How the consortium stands, as one gateway sees it. */
export interface PeersView {
  peers: PeerView[];
  /** Gateways that are heard, this one too, and how many are needed. */
  heard: number;
  needed: number;
  /** Areas of those that are silent. */
  silent: string[];
}

export class Peers implements ConsortiumPorts {
  readonly link: MqttPeerLink;
  /** Its store is lost, and it has not come to where the others are yet. */
  learning: boolean;
  /** The turn in hand. */
  turn: () => number = () => 0;
  /** How many gateways are needed now, and whether this is one of them. */
  standing: () => { needed: number; member: boolean };
  /** Called every second; what it throws ends the gateway. */
  onLook: () => void = () => {};
  readonly beacon: ConsortiumPorts["beacon"];
  private readonly log: GatewayLog;
  private readonly fail: (error: unknown) => void;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly look: NodeJS.Timeout;
  private readonly startMs = performance.now();
  private readonly silentMs: number;
  private lastTurn = 0;
  private quietLooks = 0;
  private missing = false;
  private closed = false;

  /** `isNew`: the store has nothing. */
  constructor(
    config: Pick<ConsortiumConfig, "gateways" | "rule" | "keyUsed" | "joined"> & {
      isNew?: boolean;
    },
    options: PeerLinkOptions,
    silentMs = SILENT_MS,
  ) {
    this.learning = Boolean(config.isNew && config.keyUsed);
    this.silentMs = silentMs;
    const needed = quorumOf(config.gateways.length, config.rule);
    this.standing = () => ({ needed, member: config.joined !== true });
    this.log = options.log;
    this.fail = options.fail;
    this.beacon = beaconOf(options.secretKey);
    this.link = new MqttPeerLink(options);
    this.look = setInterval(() => this.guard(() => this.watch()), LOOK_MS);
  }

  after(delayMs: number, run: () => void): void {
    if (this.closed) return;
    const timer = setTimeout(
      () => {
        this.timers.delete(timer);
        this.guard(run);
      },
      Math.min(Math.max(0, delayMs), TIMER_MS_MAX),
    );
    this.timers.add(timer);
  }

  private guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.fail(error);
    }
  }

  entropy(length: number): Uint8Array {
    return Uint8Array.from(randomBytes(length));
  }

  view(): PeersView {
    const { needed, member } = this.standing();
    const peers = this.link.view();
    const silent = peers.filter(({ silentMs }) => silentMs > this.silentMs).map(({ area }) => area);
    return { peers, heard: peers.length - silent.length + (member ? 1 : 0), needed, silent };
  }

  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.look);
    for (const timer of this.timers) clearTimeout(timer);
    await this.link.close();
  }

  /** Turns come in one after the other until there are no more; without any it waits longer. */
  private learn(): void {
    const turn = this.turn();
    this.quietLooks = turn === this.lastTurn ? this.quietLooks + 1 : 0;
    this.lastTurn = turn;
    if (this.quietLooks < (turn > 0 ? LEARNT_LOOKS : 5 * LEARNT_LOOKS)) return;
    this.learning = false;
    this.log("info", "learnt", { turn });
  }

  /** Says when too few are there, and when they are enough again. */
  private watch(): void {
    this.onLook();
    if (this.learning) this.learn();
    if (performance.now() - this.startMs < this.silentMs) return; // they may only just be starting
    const { heard, needed, silent } = this.view();
    if (heard < needed === this.missing) return;
    this.missing = heard < needed;
    if (this.missing)
      this.log("error", "quorum-missing", {
        heard,
        needed,
        silent: silent.join(" "),
        cause: "too few gateways of the consortium are heard: nothing can become FINAL",
        cure: "start the silent ones, or mend the network to their brokers; nothing is lost meanwhile",
      });
    else this.log("info", "quorum-back", { heard, needed });
  }
}
