// SPDX-License-Identifier: Apache-2.0
/** Makes a plan's faults happen, and ends them. */
import type { PeerKind } from "#gateway/consortium/ports";
import { PowerCut, type TownGateway } from "../../town/town-gateway.ts";
import type { TownArena } from "./arena.ts";
import { otherTerms } from "./banks.ts";
import type { Disk } from "./disk.ts";
import type { TownFault } from "./plan.ts";

type Crash = Extract<TownFault, { kind: "crash" }>;

/** A gateway that does nothing falls so long after its crash was due, ms. */
const IDLE_MS = 400;
/** Most that a message takes after healing, ms. */
const HEALED_MS = 30;

export class Plot {
  private readonly arena: TownArena;
  /** Crashes that are due, with the steps that are left, by gateway. */
  private readonly due = new Map<number, { crash: Crash; left: number }>();
  private healed = false;
  private said = 0;

  constructor(arena: TownArena) {
    this.arena = arena;
  }

  begin(): void {
    const { agenda, world } = this.arena.town;
    for (const fault of this.arena.plan.faults)
      agenda.at(world.startMs + fault.atMs, () => {
        if (!this.healed) this.strike(fault);
      });
  }

  /** A gateway has come to the next stage of what it does. */
  step(gateway: TownGateway, stage: string): void {
    this.keep(gateway, stage);
    const due = this.due.get(gateway.index);
    if (!due || due.crash.orderly || !gateway.up || --due.left > 0) return;
    this.fall(gateway, due.crash, stage);
    throw new PowerCut();
  }

  /** A gateway begins to wait for an answer about signatures. */
  waits(gateway: TownGateway): void {
    const { agenda } = this.arena.town;
    const due = this.due.get(gateway.index);
    if (!due?.crash.orderly || --due.left > 0) return;
    agenda.at(agenda.nowMs, () => {
      if (this.due.get(gateway.index) === due) this.fall(gateway, due.crash, "signatures");
    });
  }

  /** Where a gateway does so by itself, if enough has come. */
  private keep({ index, gateway }: TownGateway, stage: string): void {
    const { checkpointTurns: turns } = this.arena.plan;
    if (stage !== "said" || turns === 0 || !gateway) return;
    this.said++;
    if (this.healed || (this.said + index) % turns !== 0) return;
    this.arena.count("checkpoint");
    gateway.checkpoints.save();
  }

  /** What is lost is lost; from now on everything works and everybody is there. */
  heal(): void {
    const { town, plan } = this.arena;
    this.healed = true;
    this.due.clear();
    const { splits, slow, deaf } = town.net.trouble;
    for (const one of [splits, slow, deaf]) one.clear();
    town.net.weather = { dropPermille: 0, duplicatePermille: 0, delayMs: 1, jitterMs: HEALED_MS };
    for (const gateway of town.gateways) {
      (gateway.store as Disk).full = false;
      gateway.bus.weather = {
        dropPermille: 0,
        duplicatePermille: 0,
        delayMs: plan.area.delayMs,
        stragglerPermille: 0,
        stragglerMs: 1,
      };
    }
    for (const node of town.nodes) node.reconnect();
    this.arena.say("all", "healed");
  }

  /** A line of the trace. */
  line(from: number, to: number, kind: PeerKind, bytes: Uint8Array): string {
    const { agenda, world } = this.arena.town;
    const ms = String(agenda.nowMs - world.startMs).padStart(7);
    return `${ms} ${from} to ${to}: ${kind}, ${bytes.length} bytes`;
  }

  private strike(fault: TownFault): void {
    const { arena } = this;
    const { town } = arena;
    arena.count(fault.kind);
    arena.say("fault", JSON.stringify(fault));
    if (fault.kind === "crash") this.crash(fault);
    else if (fault.kind === "full") this.fill(fault);
    else if (fault.kind === "clock") town.gateways[fault.gateway].skewMs += fault.byMs;
    else if (fault.kind === "node") town.nodes[fault.node].crash(fault.downMs, fault.losesLog);
    else if (fault.kind === "cut") this.cut(fault);
    else this.between(fault);
  }

  private crash(fault: Crash): void {
    const { town } = this.arena;
    const due = { crash: fault, left: fault.steps };
    this.due.set(fault.gateway, due);
    town.agenda.at(town.agenda.nowMs + IDLE_MS, () => {
      if (this.due.get(fault.gateway) === due)
        this.fall(town.gateways[fault.gateway], fault, "idle");
    });
  }

  private fall(gateway: TownGateway, crash: Crash, stage: string): void {
    const { loss, downMs, orderly } = crash;
    const { arena } = this;
    this.due.delete(gateway.index);
    if (!gateway.up) return;
    arena.say(gateway.index, `${orderly ? "is stopped" : "falls"} at ${stage}, loses ${loss}`);
    arena.count(`${orderly ? "stopped" : "fell"} at ${stage}`);
    const disk = gateway.store as Disk;
    if (loss === "state") disk.damage();
    if (arena.plan.bank?.changesTerms) otherTerms(gateway);
    arena.banks.offers(gateway);
    if (loss === "disk") {
      disk.replace();
      arena.checks.lost(gateway.index);
      arena.banks.forget(gateway.index);
      const { consortium } = gateway.options;
      gateway.options = { ...gateway.options, consortium: { ...consortium!, keyUsed: true } };
    }
    if (orderly) gateway.halt(downMs);
    else gateway.fall(downMs);
  }

  private fill({ gateway, forMs }: Extract<TownFault, { kind: "full" }>): void {
    const { town } = this.arena;
    const disk = town.gateways[gateway].store as Disk;
    disk.full = true;
    town.agenda.at(town.agenda.nowMs + forMs, () => {
      disk.full = false;
    });
  }

  private cut({ nodes, forMs }: Extract<TownFault, { kind: "cut" }>): void {
    const { town } = this.arena;
    for (const node of nodes) town.nodes[node].disconnect();
    town.agenda.at(town.agenda.nowMs + forMs, () => {
      for (const node of nodes) town.nodes[node].reconnect();
    });
  }

  /** What is between gateways. */
  private between(fault: Extract<TownFault, { kind: "split" | "slow" | "deaf" }>): void {
    const { agenda, gateways, net } = this.arena.town;
    const { splits, slow, deaf } = net.trouble;
    const ids = (indices: readonly number[]) => new Set(indices.map((i) => gateways[i].id));
    const untilMs = agenda.nowMs + fault.forMs;
    if (fault.kind === "split") {
      const group = ids(fault.group);
      splits.add(group);
      agenda.at(untilMs, () => void splits.delete(group));
    } else if (fault.kind === "slow") {
      const { id } = gateways[fault.gateway];
      slow.set(id, fault.byMs);
      agenda.at(untilMs, () => void slow.delete(id));
    } else {
      const one = { ids: ids(fault.gateways), kind: fault.to };
      deaf.add(one);
      agenda.at(untilMs, () => void deaf.delete(one));
    }
  }
}
