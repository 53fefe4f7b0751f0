// SPDX-License-Identifier: Apache-2.0
/** What a store was made for, against what the configuration says. */
import { toHex } from "#core/codec/bytes";
import { isoTime } from "#core/units/time";
import { unpackEntry, type WorldEntry, worldEntry } from "#gateway/entries";
import type { LogStore } from "#gateway/ports";
import { StoreMismatch } from "#gateway/replay";
import type { GatewayConfig } from "../config/gateway-config.ts";

/**
 * Start of slot 0, ms. `next-slot` means the next whole slot of UTC when the store is made, and
 * afterwards what the store says.
 * @throws StoreMismatch that names the key, what the store has and what the configuration says
 */
export function worldStartOf(
  config: GatewayConfig,
  publicKey: Uint8Array,
  store: LogStore,
  nowMs: number,
): number {
  const { worldStart, slotMs } = config;
  const next = (Math.floor(nowMs / slotMs) + 1) * slotMs;
  if (store.length === 0) return worldStart === "next-slot" ? next : worldStart;
  const [first] = store.read(1);
  const found = unpackEntry(worldEntry, first.bytes);
  for (const [key, has, says] of compared(config, publicKey, found)) {
    if (has === says) continue;
    throw new StoreMismatch(
      `store ${config.store} was made with ${key} ${has}, and the configuration says ${says}. ` +
        `Restore ${key} in the configuration, or give a new store`,
    );
  }
  return found.worldStartMs;
}

function compared(
  config: GatewayConfig,
  publicKey: Uint8Array,
  found: WorldEntry,
): [key: string, has: string, says: string][] {
  const ascii = (bytes: Uint8Array) => String.fromCharCode(...bytes);
  const seconds = (ms: number) => `${ms / 1000} s`;
  const { worldStart } = config;
  const start = worldStart === "next-slot" ? found.worldStartMs : worldStart;
  return [
    ["net", ascii(found.net), config.net],
    ["area", ascii(found.area), config.area],
    ["keyFile", `public key ${toHex(found.gatewayKey)}`, `public key ${toHex(publicKey)}`],
    ["slotSeconds", seconds(found.slotMs), seconds(config.slotMs)],
    ["worldStart", isoTime(found.worldStartMs), isoTime(start)],
    ["tickSeconds", seconds(found.tickMs), seconds(config.tickMs)],
    ["ageMaxSeconds", seconds(found.ageMaxMs), seconds(config.ageMaxMs)],
  ];
}
