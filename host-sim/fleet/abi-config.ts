// SPDX-License-Identifier: Apache-2.0
/** A node's configuration as bytes, for the node on XS. */
import type { NodeConfig } from "#meter/config";
import { ByteReader, ByteWriter } from "./abi.ts";

/**
 * str net, area, name; blob keys; u32 capacity, wallets; u8 trade; f64 prices, NaN where undefined; blob
 * authority, empty where undefined; u8 whether it enrols, and then str meter, u32 connection, str claim.
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
    .u8(policy.trade ? 1 : 0)
    .f64(policy.bidMicro ?? Number.NaN)
    .f64(policy.offerMicro ?? Number.NaN)
    .blob(config.authority ?? new Uint8Array(0))
    .u8(enrolment ? 1 : 0);
  if (enrolment) writer.str(enrolment.meter).u32(enrolment.connectionW).str(enrolment.claim);
  return writer.done();
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
    policy: { trade: reader.u8() === 1 },
  };
  const bidMicro = reader.f64();
  const offerMicro = reader.f64();
  if (!Number.isNaN(bidMicro)) config.policy.bidMicro = bidMicro;
  if (!Number.isNaN(offerMicro)) config.policy.offerMicro = offerMicro;
  const authority = reader.blob();
  if (authority.length > 0) config.authority = authority;
  if (reader.u8() === 1)
    config.enrolment = { meter: reader.str(), connectionW: reader.u32(), claim: reader.str() };
  return config;
}
