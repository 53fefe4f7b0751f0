// SPDX-License-Identifier: Apache-2.0
/** How much a node may say, from how much an area of this pace has to say. */
import type { BrokerLimits } from "../broker/options.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";

/**
 * Messages of a node in a slot: a reading, an order, four transactions, events; each said again
 * some times where receipts are slow.
 */
const MESSAGES_PER_SLOT = 64;
/** With slots of a quarter of an hour: a node that catches up, or fetches firmware. */
const PER_SECOND_MIN = 20;
/** Twice a full outbox of 512, and as many requests for pieces of firmware. */
const BURST = 2048;
/** A transaction has 4 KiB at most, and most messages have a tenth of it. */
const BYTES_PER_MESSAGE = 2048;

/** Undefined on the barrier clock, which is as fast as the machine: the broker's own limits hold. */
export function publishRates({
  clock,
  slotMs,
}: Pick<GatewayConfig, "clock" | "slotMs">): Partial<BrokerLimits> | undefined {
  if (clock.kind === "barrier") return undefined;
  const slotsPerSecond = clock.ratePermille / slotMs;
  const perSecond = Math.max(PER_SECOND_MIN, Math.ceil(MESSAGES_PER_SLOT * slotsPerSecond));
  const bytes = { perSecond: perSecond * BYTES_PER_MESSAGE, burst: BURST * BYTES_PER_MESSAGE };
  return { publishes: { perSecond, burst: BURST }, publishBytes: bytes };
}
