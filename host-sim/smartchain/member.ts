// SPDX-License-Identifier: Apache-2.0
/** One member of a simulated street: the real node through crashes, restarts and partitions. */
import type { MeterNode } from "#meter/node";
import { agendaNode } from "../fleet/agenda-node.ts";
import { memoryStore } from "../fleet/store.ts";
import type { NodeSetup } from "../fleet/types.ts";
import type { Client } from "./bus.ts";
import type { Rogue } from "./rogue.ts";
import type { Street } from "./street.ts";
import { Violation } from "./violation.ts";

/** From the power cut to the next start, ms. */
const DOWN_MS = 3000;

export class Member {
  readonly setup: NodeSetup;
  node!: MeterNode;
  client: Client | undefined;
  rogue: Rogue | undefined;
  private readonly street: Street;
  private readonly skewMs: number;
  private store = memoryStore();
  private witness = memoryStore();
  private boots = 0;

  constructor(street: Street, index: number, setup: NodeSetup, skewMs: number) {
    this.street = street;
    this.setup = { ...setup, home: index };
    this.skewMs = skewMs;
  }

  get id(): string {
    return this.node.id;
  }

  start(): void {
    const { street, setup } = this;
    const { agenda, bus, world } = street;
    const boot = ++this.boots;
    const alive = (): boolean => this.boots === boot;
    let client: Client | undefined;
    const node = agendaNode({
      setup,
      crypto: street.crypto,
      world,
      agenda,
      store: this.store,
      witness: this.witness,
      boot,
      skewMs: () => this.skewMs,
      alive,
      publish: (topic, payload, retain) => {
        if (!client) return;
        if (this.rogue?.says(topic, payload) ?? true) bus.publish(client, topic, payload, retain);
      },
      handle: (event) => this.handle(event),
    });
    this.node = node;
    this.forgetful(node);
    client = bus.attach(setup.config.name, node.subscriptions(), (topic, payload) => {
      if (alive()) this.handle(() => node.onMessage(topic, payload));
    });
    this.client = client;
    this.handle(() => node.onConnect());
  }

  /** Power is cut, and comes again. With `losesLog` the flash of the witness log does not outlive it. */
  crash(losesLog: boolean): void {
    const { street } = this;
    if (this.client) street.bus.detach(this.client);
    this.boots++;
    if (losesLog) this.witness = memoryStore();
    street.agenda.at(street.agenda.nowMs + DOWN_MS, () => this.start());
  }

  /** The same, and nothing of its flash is left but its key. */
  forget(): void {
    this.store = memoryStore();
    this.crash(true);
  }

  disconnect(): void {
    if (!this.client || this.client.cut) return;
    this.client.cut = true;
    this.handle(() => this.node.onDisconnect());
  }

  reconnect(): void {
    if (!this.client?.cut) return;
    this.street.bus.resume(this.client);
    this.handle(() => this.node.onConnect());
  }

  private handle(event: () => void): void {
    this.street.checks.touched.add(this);
    try {
      event();
    } catch (error) {
      if (error instanceof Violation) throw error;
      if (!this.rogue)
        throw new Violation("dead", `${this.setup.config.name}: ${(error as Error).stack}`);
      this.street.count("rogue died");
      this.crash(false);
    }
  }

  private forgetful({ observer }: MeterNode): void {
    if (this.street.off.has("promotion")) Object.assign(observer.promoter, { watch: () => {} });
    if (!this.street.off.has("witness-log")) return;
    // Its log is made with the first epoch.
    const inside = observer as unknown as {
      share: { witness: { log: object } } | undefined;
      onEpoch(): void;
    };
    const onEpoch = inside.onEpoch.bind(observer);
    inside.onEpoch = () => {
      onEpoch();
      if (inside.share) Object.assign(inside.share.witness.log, { last: () => undefined });
    };
  }
}
