// SPDX-License-Identifier: Apache-2.0
import type { EnergySample } from "#drivers/types";
import type { Crc } from "./sml-file.ts";

/** Files over the line, and what the driver makes of them. */
export interface SmlVector {
  name: string;
  crc?: Crc;
  registers?: string[];
  /** What comes over the line, two seconds apart. */
  pieces: Uint8Array[];
  /** Name and mWh of a count. */
  counters?: [string, bigint][];
  /** All samples in order, without their time. */
  samples?: Omit<EnergySample, "uptimeMs">[];
  /** All faults in order. */
  faults?: string[];
}

/** The counters of a meter for both directions (twoWay in sml-file.ts). */
export const BOTH: [string, bigint][] = [
  ["1-0:1.8.0", 100n],
  ["1-0:2.8.0", 100n],
];
