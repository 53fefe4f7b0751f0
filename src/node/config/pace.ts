// SPDX-License-Identifier: Apache-2.0
/** Δ, and what a fast clock leaves of it in real time. */
import { SECOND_MS } from "#core/units/time";
import type { ParsedConfig } from "./config-schema.ts";
import type { GatewayConfig } from "./gateway-config.ts";

/** Transactions that a node makes in one slot: two RESERVEs, a SOLD or a BOUGHT, and one to spare. */
export const TXS_PER_SLOT = 4;
const TICK_DEFAULT_MS = 30 * SECOND_MS;
/**
 * Real time that Δ has to last, ms: a boundary's reading reaches the gateway within it, and with proof-of-time
 * an ask its witnesses and their tokens the author. Of all members at once, on two busy cores.
 */
const TICK_REAL_MS = { plain: 100, proofOfTime: 500 } as const;

/** Δ where the configuration has none: 30 s, more where the clock is fast, and what fits into a slot. */
export function tickOf({ tickSeconds, slotSeconds, clock }: ParsedConfig): number {
  const fits = Math.floor(slotSeconds / (2 * TXS_PER_SLOT));
  const ratePermille = clock === "barrier" ? 0 : clock.speed;
  const fastMs = Math.ceil((TICK_REAL_MS.proofOfTime * ratePermille) / 1000);
  return tickSeconds ?? Math.max(1, Math.min(Math.max(TICK_DEFAULT_MS, fastMs), fits));
}

/** What is to be expected of a clock that is too fast, and what helps; undefined where it is not. */
export function paceFault(
  config: Pick<GatewayConfig, "clock" | "slotMs" | "tickMs" | "proofOfTime">,
): string | undefined {
  const { clock, slotMs, tickMs, proofOfTime } = config;
  if (clock.kind === "barrier") return undefined;
  const needMs = proofOfTime ? TICK_REAL_MS.proofOfTime : TICK_REAL_MS.plain;
  const realMs = Math.floor((tickMs * 1000) / clock.ratePermille);
  if (realMs >= needMs) return undefined;
  const fits = Math.floor(slotMs / (2 * TXS_PER_SLOT));
  const most = Math.floor((fits / needMs) * 1000) / 1000;
  return (
    `Δ lasts ${realMs} ms of real time, and takes ${needMs}: members will miss slots, and less is traded. ` +
    `${tickMs < fits ? "Raise tickSeconds or leave it out; or lower" : "Lower"} the speed to ${most}, ` +
    "or lengthen the slots"
  );
}
