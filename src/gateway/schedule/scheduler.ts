// SPDX-License-Identifier: Apache-2.0
/**
 * The aggregator as auctioneer of charging and discharging (paper 2, II-C). Plans come in the slot before the
 * one that they are for; the windows go out with that slot's notice. Nothing of it is in the log: it binds
 * nobody, and settlement is by the meters.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { ACCEPT, refuse, type Verdict } from "#core/errors/codes";
import { SCHEDULE_SLOTS_MAX } from "#core/limits";
import { Side } from "#core/records/order";
import { type Plan, windowRecord } from "#core/records/plan";
import { SECOND_MS } from "#core/units/time";
import type { Area } from "../area.ts";
import type { Batch } from "../batch.ts";
import type { Session } from "../session.ts";
import { baseRule } from "../slots/clear.ts";
import { MarketHistory } from "./history.ts";
import { makeSchedule } from "./schedule.ts";
import type { Battery, Outlook } from "./types.ts";
import { windowsOf } from "./windows.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export class Scheduler {
  readonly history = new MarketHistory();
  /** Plans for the slot to come, by node. */
  private plans = new Map<string, Plan>();
  /** Members that have said a plan: what they order is the schedule's doing, and not to be expected. */
  private readonly known = new Set<string>();

  /** Takes a plan; the latest counts. */
  take(area: Area, session: Session, plan: Plan): Verdict {
    const { openSlot } = area.world;
    if (plan.slot !== (openSlot ?? -1) + 1) return refuse("PLAN_SLOT", `slot ${plan.slot}`);
    const barred = area.barred(session.id);
    if (barred) return refuse(barred, session.member.name);
    const fault = planFault(plan, wattsOf(area, session.member.capacityWh));
    if (fault) return refuse("PLAN_FORM", fault);
    if (plan.station && !area.sessions.has(toHex(plan.station)))
      return refuse("PLAN_STATION", toHex(plan.station));
    this.known.add(session.id);
    this.plans.set(session.id, plan);
    return ACCEPT;
  }

  /** A slot was cleared: what the members without batteries had to offer and wanted. */
  cleared(area: Area, slot: number): void {
    const net = { surplusWh: 0, demandWh: 0 };
    for (const session of area.sessions.values()) {
      const order = session.orders.get(slot)?.order;
      if (!order || this.known.has(session.id)) continue;
      if (order.side === Side.offer) net.surplusWh += order.qtyWh;
      else if (order.side === Side.bid) net.demandWh += order.qtyWh;
    }
    this.history.add(slot, net);
  }

  /** Answers the plans for `slot`, which is about to begin. */
  announce(area: Area, batch: Batch, slot: number): void {
    const { plans } = this;
    if (plans.size === 0) return;
    this.plans = new Map();
    const nodes = [...plans.keys()].sort().filter((id) => plans.get(id)!.slot === slot);
    const limitsW: number[] = [];
    const stations = new Map<string, number>();
    const batteries = nodes.map((id): Battery => {
      const plan = plans.get(id)!;
      const station = plan.station ? toHex(plan.station) : id;
      if (!stations.has(station)) {
        stations.set(station, limitsW.length);
        limitsW.push(wattsOf(area, area.sessions.get(station)!.member.capacityWh));
      }
      return { plan, station: stations.get(station)! };
    });
    const outlook = this.outlook(area, slot);
    const schedule = makeSchedule(batteries, limitsW, outlook);
    nodes.forEach((id, v) => {
      const { bytes } = area.sign(windowRecord, {
        net: area.options.net,
        gateway: area.idBytes,
        node: fromHex(id)!,
        slot,
        windows: windowsOf(schedule[v], outlook),
      });
      batch.send(area.topics.down(id, "window"), bytes);
    });
  }

  private outlook(area: Area, first: number): Outlook {
    const { options, ports } = area;
    const perDay = Math.max(1, Math.round(DAY_MS / options.slotMs));
    const left = (options.slots ?? Number.POSITIVE_INFINITY) - first;
    const slots = Math.min(SCHEDULE_SLOTS_MAX, Math.max(1, left));
    const numbers = Array.from({ length: slots }, (_, t) => first + t);
    const nets = numbers.map((slot) => this.history.expect(slot, perDay));
    return {
      first,
      slots,
      slotSeconds: options.slotMs / SECOND_MS,
      retailMicro: numbers.map((slot) => baseRule(area, slot).ceilingMicroPerKwh),
      feedInMicro: ports.tariff.feedInMicro,
      // What neighbours sell to each other in the same slot needs no battery.
      surplusW: nets.map((net) => wattsOf(area, Math.max(0, net.surplusWh - net.demandWh))),
      demandW: nets.map((net) => wattsOf(area, Math.max(0, net.demandWh - net.surplusWh))),
    };
  }
}

/** Power that moves this energy in a slot, W, rounded down. */
function wattsOf(area: Area, energyWh: number): number {
  return Math.floor((energyWh * HOUR_MS) / area.options.slotMs);
}

/** What no battery can mean. */
function planFault(plan: Plan, connectionW: number): string | undefined {
  const { stateWh, capacityWh, reserveWh, needWh, chargeW, dischargeW } = plan;
  if (Math.max(stateWh, reserveWh, needWh) > capacityWh) return `more than ${capacityWh} Wh`;
  if (Math.max(chargeW, dischargeW) > connectionW) return `more than ${connectionW} W`;
  if (plan.efficiencyPermille === 0) return "no efficiency";
  if (plan.departSlot !== 0 && plan.departSlot <= plan.slot) return `leaves in ${plan.departSlot}`;
  return undefined;
}
