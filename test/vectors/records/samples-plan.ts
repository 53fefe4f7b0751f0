// SPDX-License-Identifier: Apache-2.0
/** Values of the records of batteries: plans, and the windows that answer them. */
import { planRecord, Role, windowRecord } from "#core/records/plan";
import { counting, gateway, NAME_MAX, net, node, type Sample, sample, U32_MAX } from "./sample.ts";

const QTY_MAX = 1_000_000_000;
const PRICE_MAX = 1_000_000_000;
const POWER_MAX = 4_000_000;

export const PLAN_SAMPLES: readonly Sample[] = [
  sample(planRecord, "a vehicle at a station", {
    net,
    node,
    slot: 42,
    station: counting(16, 0x60),
    stateWh: 18_500,
    capacityWh: 60_000,
    reserveWh: 12_000,
    chargeW: 11_000,
    dischargeW: 11_000,
    efficiencyPermille: 950,
    departSlot: 124,
    needWh: 33_000,
    bidMicro: 120_000,
    offerMicro: 260_000,
  }),
  sample(planRecord, "a battery that stays", {
    net,
    node,
    slot: 0,
    station: undefined,
    stateWh: 0,
    capacityWh: 12_000,
    reserveWh: 0,
    chargeW: 6000,
    dischargeW: 0,
    efficiencyPermille: 1000,
    departSlot: 0,
    needWh: 0,
    bidMicro: 0,
    offerMicro: 0,
  }),
  sample(planRecord, "the largest plan", {
    net: NAME_MAX,
    node,
    slot: U32_MAX,
    station: counting(16, 0x90),
    stateWh: QTY_MAX,
    capacityWh: QTY_MAX,
    reserveWh: QTY_MAX,
    chargeW: POWER_MAX,
    dischargeW: POWER_MAX,
    efficiencyPermille: 1000,
    departSlot: U32_MAX,
    needWh: QTY_MAX,
    bidMicro: PRICE_MAX,
    offerMicro: PRICE_MAX,
  }),
  sample(windowRecord, "one window of each role", {
    net,
    gateway,
    node,
    slot: 42,
    windows: [
      { slot: 44, slots: 3, role: Role.charging, powerW: 7400, priceMicro: 240_000 },
      { slot: 70, slots: 1, role: Role.discharging, powerW: 5000, priceMicro: 380_000 },
    ],
  }),
  sample(windowRecord, "no window", { net, gateway, node, slot: 1, windows: [] }),
  sample(windowRecord, "the most windows", {
    net: NAME_MAX,
    gateway,
    node,
    slot: U32_MAX,
    windows: Array.from({ length: 24 }, () => ({
      slot: U32_MAX,
      slots: 96,
      role: Role.discharging,
      powerW: POWER_MAX,
      priceMicro: PRICE_MAX,
    })),
  }),
];
