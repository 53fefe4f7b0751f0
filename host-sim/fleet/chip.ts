// SPDX-License-Identifier: Apache-2.0
/** The metering chip of a simulated node: two counters in mWh that it keeps, as a good meter does. */
import type { CounterSpec, EnergySample } from "#drivers/types";

export const CHIP_COUNTERS: readonly CounterSpec[] = Object.freeze([
  Object.freeze({
    name: "import",
    register: "import",
    mwh: 1n,
    perCounts: 1n,
    modulus: 0n,
    origin: "kept",
  } as const),
  Object.freeze({
    name: "export",
    register: "export",
    mwh: 1n,
    perCounts: 1n,
    modulus: 0n,
    origin: "kept",
  } as const),
]);

/** What the chip shows at protocol time `atMs`, which is its uptime: it is never switched off. */
export function chipSample(
  atMs: number,
  registers: { importMwh: bigint; exportMwh: bigint },
): EnergySample {
  return { uptimeMs: atMs, counts: [registers.importMwh, registers.exportMwh] };
}
