// SPDX-License-Identifier: Apache-2.0
/** One node of a town, on the broker of its area's gateway. */
import type { MeterNode } from "#meter/node";
import { agendaNode } from "../fleet/agenda-node.ts";
import { memoryStore } from "../fleet/store.ts";
import type { NodeSetup } from "../fleet/types.ts";
import type { Client } from "../smartchain/bus.ts";
import type { Rogue } from "../smartchain/rogue.ts";
import type { Town } from "./town.ts";
import type { TownGateway } from "./town-gateway.ts";

export class TownNode {
  readonly setup: NodeSetup;
  node!: MeterNode;
  private readonly town: Town;
  at: TownGateway;
  private readonly store = memoryStore();
  private witness = memoryStore();
  client: Client | undefined;
  /** How far its clock is ahead, ms. */
  skewMs = 0;
  /** It breaks the rules. */
  rogue: Rogue | undefined;
  private boots = 0;
  private isSilent = false;

  constructor(town: Town, setup: NodeSetup, at: TownGateway) {
    this.town = town;
    this.setup = setup;
    this.at = at;
  }

  start(): void {
    if (this.isSilent) return;
    const { town, setup, at } = this;
    const { agenda, world, crypto } = town;
    const config = town.configAt(setup.config, at);
    const boot = ++this.boots;
    const alive = (): boolean => this.boots === boot;
    let client: Client | undefined;
    const node = agendaNode({
      setup,
      config,
      crypto,
      world,
      agenda,
      store: this.store,
      witness: this.witness,
      boot,
      skewMs: () => this.skewMs,
      alive,
      publish: (topic, payload, retain) => {
        if (!client) return;
        if (this.rogue?.says(topic, payload) ?? true)
          at.bus.publish(client, topic, payload, retain);
      },
      handle: (event) => this.handle(event),
      leave: (code) => {
        if (alive()) town.left(this, code);
      },
    });
    this.node = node;
    client = at.bus.attach(setup.config.name, node.subscriptions(), (topic, payload) => {
      if (alive()) this.handle(() => node.onMessage(topic, payload));
    });
    this.client = client;
    this.handle(() => node.onConnect());
  }

  get id(): string {
    return this.node.id;
  }

  disconnect(): void {
    if (!this.client || this.client.cut) return;
    this.client.cut = true;
    this.handle(() => this.node.onDisconnect());
  }

  reconnect(): void {
    if (this.isSilent || !this.client?.cut || !this.at.bus.has(this.client)) return;
    this.at.bus.resume(this.client);
    this.handle(() => this.node.onConnect());
  }

  /** It says nothing more, whoever connects it and whenever its power comes back. */
  silence(): void {
    this.disconnect();
    this.isSilent = true;
  }

  private handle(event: () => void): void {
    this.town.touched.add(this);
    try {
      event();
    } catch (error) {
      this.town.nodeFailed(this, error);
    }
  }

  /** Power is cut, and comes again after so long; the witness log may not outlive it. */
  crash(downMs: number, losesLog = false): void {
    if (this.client) this.at.bus.detach(this.client);
    this.boots++;
    if (losesLog) this.witness = memoryStore();
    this.town.agenda.at(this.town.agenda.nowMs + downMs, () => this.start());
  }

  /** Its gateway is away: it goes on at another one, as after a power cut. */
  move(to: TownGateway, downMs: number): void {
    this.crash(downMs);
    this.at = to;
  }
}
