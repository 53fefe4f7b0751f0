// SPDX-License-Identifier: Apache-2.0
/**
 * What a node is besides a meter. A household is metered and no more, and has no profile; a vehicle decides
 * in each slot what its battery does. Only those who make such a node load the modules of this folder.
 */
import type { Notice } from "#core/records/notice";
import type { NodeConfig } from "../config.ts";
import type { MeterNode } from "../node.ts";
import type { NodePorts } from "../ports.ts";

/** What a driver wants of the vehicle, or nothing but its reserve. */
export interface Departure {
  /** The slot at whose start it leaves; 0: it stays. */
  departSlot: number;
  /** What has to be in the battery then, Wh. */
  needWh: number;
}

/**
 * A battery with its charger, and its calendar. On a board this would be the control pilot of a charging
 * point (IEC 61851-1) and the car's state over ISO 15118; only the simulator implements it.
 */
export interface BatteryPort {
  /** From protocol time `atMs` on: power at the meter, positive charges, negative feeds back. */
  setPowerW(powerW: number, atMs: number): void;
  /** Energy in it at protocol time `atMs`, Wh, rounded down. */
  stateWh(atMs: number): number;
  /** What is planned for slot `slot`; undefined where the vehicle is away in it. */
  planFor(slot: number): Departure | undefined;
}

export interface Profile {
  /** One of Role; what it decided last. */
  readonly role: number;
  /** A slot has begun, and the meter was read; may be called again for the same one. */
  begin(notice: Notice): void;
  /** The gateway's windows. */
  onWindow(payload: Uint8Array): void;
  /** What the battery is to do in a slot to come: Wh drawn, or fed back where it is negative. */
  expectWh(slot: number, notice: Notice): number;
}

/** Makes a node's profile; given to the node by whoever reads its settings. */
export type ProfileMaker = (node: MeterNode, config: NodeConfig, ports: NodePorts) => Profile;
