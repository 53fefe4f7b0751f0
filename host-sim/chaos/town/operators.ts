// SPDX-License-Identifier: Apache-2.0
/** Operators: they want changes of the gateways, start new ones, and take nodes elsewhere when one left. */
import { fromHex } from "#core/codec/bytes";
import type { Change } from "#core/records/registry";
import type { TownGateway } from "../../town/town-gateway.ts";
import { type Random, randomStream } from "../../worlds/random.ts";
import type { TownArena } from "./arena.ts";
import type { ChangePlan } from "./features.ts";

/** Pauses of an operator whose gateway did not take its wish, and of one that waits for it to hold, ms. */
const AGAIN_MS = 250;
const WAIT_MS = 1500;
/** Wishes of too few are said so often at most. */
const INSIST_MAX = 8;

export class Operators {
  private readonly arena: TownArena;
  private readonly random: Random;
  private healed = false;

  constructor(arena: TownArena) {
    this.arena = arena;
    this.random = randomStream(arena.plan.seed, 37);
  }

  begin(): void {
    const { town, plan } = this.arena;
    const startMs = town.world.startMs;
    for (const change of plan.changes) {
      for (const who of change.by) {
        const atMs = startMs + change.atMs + this.random.below(120);
        town.agenda.at(atMs, () => this.wish(change, who, 0));
      }
      if (change.joins === undefined) continue;
      const entrant = town.gateways[change.joins];
      // Before it is one, or when its operator hears of it.
      const early = this.random.below(3) === 0;
      const atMs = early ? 1 : change.atMs + this.random.below(900);
      town.agenda.at(startMs + atMs, () => this.enter(entrant));
    }
  }

  /** Everybody who was to come is there. */
  heal(): void {
    this.healed = true;
    for (const { joins } of this.arena.plan.changes)
      if (joins !== undefined) void this.enter(this.arena.town.gateways[joins]);
  }

  private enter(entrant: TownGateway): void | Promise<void> {
    if (entrant.latest) return undefined;
    this.arena.count("entrant");
    return entrant.start();
  }

  private wish(change: ChangePlan, who: number, said: number): void {
    const { arena } = this;
    const { town, checks } = arena;
    const { number, agreed, insists } = change;
    const gateway = town.gateways[who];
    if (checks.membership.present.version >= number) return;
    if (!agreed && (this.healed || said >= INSIST_MAX)) return;
    let taken = false;
    gateway.tell((one) => {
      taken = one.wish(this.recordOf(change));
    });
    if (taken) arena.count(agreed ? "wish" : "wish of too few");
    const waitMs = taken && !insists ? WAIT_MS : AGAIN_MS;
    const at = town.agenda.nowMs + waitMs;
    town.agenda.at(at, () => this.wish(change, who, said + (taken ? 1 : 0)));
  }

  private recordOf({ number, leaves, joins }: ChangePlan): Change {
    const { town } = this.arena;
    const { net } = town.gateways[0].options;
    return {
      net,
      number,
      leaves: leaves === undefined ? undefined : fromHex(town.gateways[leaves].id)!,
      joins: joins === undefined ? undefined : town.entrant(joins),
    };
  }

  /** A turn changed the gateways. */
  changed(): void {
    const { arena } = this;
    const { town } = arena;
    const { ids } = arena.checks.membership.present;
    arena.count("gateways changed");
    arena.say("all", `gateways: ${ids.map((id) => arena.indexOf(id))}`);
    const stay = arena.honest.filter(
      ({ id, index }) => ids.includes(id) && index < arena.plan.gateways,
    );
    for (const node of town.nodes) {
      if (ids.includes(node.at.id) || stay.length === 0) continue;
      const to = stay[this.random.below(stay.length)];
      const [afterMs, downMs] = [this.random.below(400), 20 + this.random.below(200)];
      town.agenda.at(town.agenda.nowMs + afterMs, () => {
        arena.count("node moved");
        node.move(to, downMs);
      });
    }
  }
}
