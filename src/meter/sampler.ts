// SPDX-License-Identifier: Apache-2.0
/**
 * From the chip's counters to the node's own registers, which never go back whatever the chip shows: a lower
 * counter (a chip that was reset or replaced) moves the base, never the register.
 */
import type { EnergyMeter, Log } from "./ports.ts";
import type { NodeState } from "./state.ts";

/** Brings the registers up to protocol time `atMs`. Returns false where the chip is silent. */
export function sample(state: NodeState, meter: EnergyMeter, atMs: number, log: Log): boolean {
  const counters = meter.sample(atMs);
  if (!counters) {
    log("warn", "meter-silent", { atMs });
    return false;
  }
  const { importMwh, exportMwh } = counters;
  if (state.chipSeen === 0) {
    // The first value is a base, not energy: what the chip counted before was not metered by this node.
    state.chipSeen = 1;
  } else {
    state.importMwh += forward(importMwh, state.chipImportMwh, "import", log);
    state.exportMwh += forward(exportMwh, state.chipExportMwh, "export", log);
  }
  state.chipImportMwh = importMwh;
  state.chipExportMwh = exportMwh;
  return true;
}

function forward(now: bigint, before: bigint, register: string, log: Log): bigint {
  if (now >= before) return now - before;
  log("error", "meter-counter-back", { register, before: String(before), now: String(now) });
  return 0n;
}
