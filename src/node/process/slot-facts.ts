// SPDX-License-Identifier: Apache-2.0

/** What `monitor/slot` says of a settled slot. */
export interface SlotFacts {
  slot: number;
  start: string;
  tradedWh: number;
  contracts: number;
  priceMicroPerKwh: number | null;
  missed: string[];
}
