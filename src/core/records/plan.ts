// SPDX-License-Identifier: Apache-2.0
/**
 * What a vehicle, or another battery, plans, and the windows that the aggregator schedules for it (paper 2,
 * II-C). Neither moves money: what is settled is what the meters show.
 */
import { recordType } from "../codec/record.ts";
import { type Infer, list, optional, struct, uint } from "../codec/schema.ts";
import { POWER_W_MAX, SCHEDULE_SLOTS_MAX, WINDOWS_MAX } from "../limits.ts";
import { netName, nodeId, price, qtyWh, RecordKind, slotNumber } from "./common.ts";

/** The three modes of an electric vehicle (paper 2, II-B); the numbers are those of Side. */
export const Role = Object.freeze({ idle: 0, charging: 1, discharging: 2 });

const power = uint(POWER_W_MAX);

const planFields = {
  net: netName,
  node: nodeId,
  /** The slot that it is for: said in the one before, so that an old plan is nobody's. */
  slot: slotNumber,
  /** The charging station whose connection it uses; absent: its own. */
  station: optional(nodeId),
  /** Energy in the battery when the slot begins, as far as the node can tell. */
  stateWh: qtyWh,
  capacityWh: qtyWh,
  /** What its owner keeps in it in any case. */
  reserveWh: qtyWh,
  /** At the meter. */
  chargeW: power,
  /** 0: it feeds nothing back. */
  dischargeW: power,
  /** Of each way. */
  efficiencyPermille: uint(1000),
  /** The slot at whose start it leaves, with at least `needWh`; 0: it stays. */
  departSlot: slotNumber,
  needWh: qtyWh,
  /** Most that it pays for energy beyond its need, µc/kWh; 0: it wants none. */
  bidMicro: price,
  /** Least that it takes for what it feeds back, µc/kWh. */
  offerMicro: price,
};

export type Plan = Infer<typeof planFields>;
export const planRecord = recordType("plan", RecordKind.plan, 1, planFields, 192);

const windowStruct = struct({
  /** Its first slot, and how many have the same. */
  slot: slotNumber,
  slots: uint(SCHEDULE_SLOTS_MAX),
  /** One of Role, never idle. */
  role: uint(2),
  powerW: power,
  /** What the energy is expected to cost at most, or to bring at least, µc/kWh. */
  priceMicro: price,
});
export type Window = Infer<typeof windowStruct>;

const windowFields = {
  net: netName,
  gateway: nodeId,
  node: nodeId,
  /** The slot of the plan that it answers; between its windows the node is to be idle. */
  slot: slotNumber,
  windows: list(windowStruct, WINDOWS_MAX),
};

export type Windows = Infer<typeof windowFields>;
export const windowRecord = recordType("window", RecordKind.window, 1, windowFields, 1024);
