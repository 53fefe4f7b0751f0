// SPDX-License-Identifier: Apache-2.0
/** A node's configuration as bytes, for the node on XS. */
import type { NodeConfig, VehicleConfig } from "#meter/config";
import { ByteReader, ByteWriter } from "./abi.ts";

/** Numbers of a vehicle's settings, in this order, f64 each. */
const VEHICLE = Object.freeze([
  "capacityWh",
  "reserveWh",
  "chargeW",
  "dischargeW",
  "efficiencyPermille",
  "bidMicro",
  "offerMicro",
] as const);

/**
 * str net, area, name; blob keys; u32 capacity, wallets; u8 trade (2: directly); f64 prices, NaN where
 * undefined; blob authority, empty where undefined; u8 whether it enrols, and then str meter, u32 connection,
 * str claim; u8 whether it has a battery, and then str station, empty where undefined, and the other fields
 * of VEHICLE; u8 credit: 0 never, 1 need, 2 always, 4 more where it never repays, and then f64 cap and rate;
 * u8 how many gateways share the ledger, and a blob each.
 */
export function encodeConfig(config: NodeConfig): Uint8Array {
  const { policy, enrolment } = config;
  const writer = new ByteWriter(256)
    .str(config.net)
    .str(config.area)
    .str(config.name)
    .blob(config.secretKey)
    .blob(config.gatewayKey)
    .u32(config.capacityWh)
    .u32(config.wallets)
    .u8(policy.trade ? (policy.direct ? 2 : 1) : 0)
    .f64(policy.bidMicro ?? Number.NaN)
    .f64(policy.offerMicro ?? Number.NaN)
    .blob(config.authority ?? new Uint8Array(0))
    .u8(enrolment ? 1 : 0);
  if (enrolment) writer.str(enrolment.meter).u32(enrolment.connectionW).str(enrolment.claim);
  const { vehicle } = config;
  writer.u8(vehicle ? 1 : 0);
  if (vehicle) {
    writer.str(vehicle.station ?? "");
    for (const name of VEHICLE) writer.f64(vehicle[name]);
  }
  const { credit } = policy;
  const borrows = credit
    ? (credit.borrow === "need" ? 1 : 2) + (credit.repay === "never" ? 4 : 0)
    : 0;
  writer.u8(borrows);
  if (credit) writer.f64(credit.capMicro).f64(credit.alphaMaxPpm);
  writer.u8(config.gateways?.length ?? 0);
  for (const key of config.gateways ?? []) writer.blob(key);
  return writer.done();
}

function policyOf(trade: number): NodeConfig["policy"] {
  return trade === 2 ? { trade: true, direct: true } : { trade: trade === 1 };
}

export function decodeConfig(bytes: Uint8Array): NodeConfig {
  const reader = new ByteReader(bytes);
  const config: NodeConfig = {
    net: reader.str(),
    area: reader.str(),
    name: reader.str(),
    secretKey: reader.blob(),
    gatewayKey: reader.blob(),
    capacityWh: reader.u32(),
    wallets: reader.u32(),
    policy: policyOf(reader.u8()),
  };
  const bidMicro = reader.f64();
  const offerMicro = reader.f64();
  if (!Number.isNaN(bidMicro)) config.policy.bidMicro = bidMicro;
  if (!Number.isNaN(offerMicro)) config.policy.offerMicro = offerMicro;
  const authority = reader.blob();
  if (authority.length > 0) config.authority = authority;
  if (reader.u8() === 1)
    config.enrolment = { meter: reader.str(), connectionW: reader.u32(), claim: reader.str() };
  if (reader.u8() === 1) {
    const station = reader.str();
    const figures: Record<string, number> = {};
    for (const name of VEHICLE) figures[name] = reader.f64();
    const vehicle = figures as unknown as VehicleConfig;
    config.vehicle = station === "" ? vehicle : { ...vehicle, station };
  }
  const borrows = reader.u8();
  if (borrows > 0)
    config.policy.credit = {
      borrow: borrows % 4 === 1 ? "need" : "always",
      capMicro: reader.f64(),
      alphaMaxPpm: reader.f64(),
      repay: borrows > 4 ? "never" : "income",
    };
  const gateways = Array.from({ length: reader.u8() }, () => reader.blob());
  if (gateways.length > 0) config.gateways = gateways;
  return config;
}
