// SPDX-License-Identifier: Apache-2.0
/**
 * The profile of a vehicle, or of another battery: a vehicle that never leaves. It says its plan for the next
 * slot when one begins, and does what the gateway's windows have for the present one, as far as it fits. What
 * it draws and feeds back is metered, and ordered in the market like any other energy.
 */
import { fromHex, toHex } from "#core/codec/bytes";
import { signRecord } from "#core/codec/record";
import type { Notice } from "#core/records/notice";
import { planRecord, Role, type Window, windowRecord } from "#core/records/plan";
import { HOUR_MS, SECOND_MS } from "#core/units/time";
import type { NodeConfig, VehicleConfig } from "../config.ts";
import { fromGateway } from "../inspect.ts";
import type { MeterNode } from "../node.ts";
import type { NodePorts } from "../ports.ts";
import { type Decision, decide, powerIn } from "./decide.ts";
import type { BatteryPort, Profile, ProfileMaker } from "./types.ts";

class Vehicle implements Profile {
  role: number = Role.idle;
  private readonly node: MeterNode;
  private readonly config: NodeConfig;
  private readonly vehicle: VehicleConfig;
  private readonly ports: NodePorts;
  private readonly battery: BatteryPort;
  /** The slot that was decided last. */
  private slot = -1;
  /** The gateway's answer to the plan for slot `windowsSlot`. */
  private windows: readonly Window[] = [];
  private windowsSlot = -1;

  constructor(
    node: MeterNode,
    config: NodeConfig,
    vehicle: VehicleConfig,
    ports: NodePorts,
    battery: BatteryPort,
  ) {
    this.node = node;
    this.config = config;
    this.vehicle = vehicle;
    this.ports = ports;
    this.battery = battery;
  }

  begin(notice: Notice): void {
    const { slot } = notice;
    if (slot <= this.slot) return;
    this.slot = slot;
    const { clock } = this.node;
    const atMs = clock.running ? Math.max(notice.startMs, clock.nowMs()) : notice.startMs;
    const stateWh = this.battery.stateWh(atMs);
    const decision = this.decide(notice, stateWh);
    this.role = decision.role;
    this.battery.setPowerW(decision.powerW, atMs);
    this.ports.log("debug", "vehicle", { slot, powerW: decision.powerW, stateWh });
    this.sayPlan(slot + 1, decision.nextWh);
  }

  onWindow(payload: Uint8Array): void {
    const { node, ports, config } = this;
    const opened = fromGateway(windowRecord, ports.crypto, node.gatewayKey, config.net, payload);
    if (!opened || toHex(opened.value.node) !== node.id) return;
    // An answer to an earlier plan, by another way or sent again, is out of date.
    if (opened.value.slot <= this.windowsSlot) return;
    this.windowsSlot = opened.value.slot;
    this.windows = opened.value.windows;
  }

  expectWh(slot: number, notice: Notice): number {
    if (this.windowsSlot < slot - 1 || !this.battery.planFor(slot)) return 0;
    const powerW = powerIn(this.windows, slot);
    return Math.trunc((powerW * (notice.endMs - notice.startMs)) / HOUR_MS);
  }

  private decide(notice: Notice, stateWh: number): Decision {
    const { slot } = notice;
    const departure = this.battery.planFor(slot);
    if (!departure) return { role: Role.idle, powerW: 0, nextWh: stateWh };
    return decide({
      vehicle: this.vehicle,
      stateWh,
      slot,
      slotSeconds: Math.floor((notice.endMs - notice.startMs) / SECOND_MS),
      departure,
      windows: this.windowsSlot === slot ? this.windows : undefined,
    });
  }

  /** Not numbered: one that is lost costs a slot's windows, and one that is repeated says the same. */
  private sayPlan(slot: number, stateWh: number): void {
    const departure = this.battery.planFor(slot);
    const { node, vehicle, config, ports } = this;
    if (!departure || !node.speaker.open) return;
    const { station, ...figures } = vehicle;
    const { bytes } = signRecord(planRecord, ports.crypto, config.secretKey, {
      net: config.net,
      node: node.idBytes,
      slot,
      station: station === undefined ? undefined : fromHex(station),
      stateWh,
      ...figures,
      ...departure,
    });
    ports.transport.publish(node.topics.up(node.id, "plan"), bytes, false);
  }
}

/** Of a node whose settings make it a vehicle, on hardware that has a battery. */
export function vehicleProfile(vehicle: VehicleConfig, battery: BatteryPort): ProfileMaker {
  return (node, config, ports) => new Vehicle(node, config, vehicle, ports, battery);
}
