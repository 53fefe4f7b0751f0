// SPDX-License-Identifier: Apache-2.0
/** Powers, voltages and currents of a telegram as a sample has them: for people, never integrated. */
import type { EnergySample, PhaseSample } from "../types.ts";
import { FREQUENCY_CODE, PHASE_CODES, POWER } from "./registers.ts";

/**
 * Values by OBIS code in mW, mV, mA and mHz, integers; powers to the grid are positive in their registers.
 */
export type Instants = ReadonlyMap<string, number>;

/**
 * Largest value in thousandths of its unit: a GW, a MV, a MA. Nothing that a meter of a building shows comes
 * near it, and differences stay exact in a double.
 */
export const INSTANT_MAX = 1e12;

type Instantaneous = Pick<EnergySample, "powerMw" | "phases" | "frequencyMhz">;

/** What `values` say; absent is what the meter does not send. Power to the grid comes out negative. */
export function instantaneousOf(values: Instants): Instantaneous {
  const sample: Instantaneous = {};
  const powerMw = powerOf(values, POWER);
  if (powerMw !== undefined) sample.powerMw = powerMw;
  const phases = PHASE_CODES.map((codes) => {
    const phase: PhaseSample = {};
    const voltageMv = values.get(codes.voltage);
    const currentMa = values.get(codes.current);
    const phaseMw = powerOf(values, codes);
    if (voltageMv !== undefined) phase.voltageMv = voltageMv;
    if (currentMa !== undefined) phase.currentMa = currentMa;
    if (phaseMw !== undefined) phase.powerMw = phaseMw;
    return phase;
  });
  while (phases.length > 0 && Object.keys(phases[phases.length - 1]).length === 0) phases.pop();
  if (phases.length > 0) sample.phases = phases;
  const frequencyMhz = values.get(FREQUENCY_CODE);
  if (frequencyMhz !== undefined) sample.frequencyMhz = frequencyMhz;
  return sample;
}

/** The signed register where there is one, otherwise the difference of the two that have no sign. */
function powerOf(
  values: Instants,
  codes: { import: string; export: string; net: string },
): number | undefined {
  const netMw = values.get(codes.net);
  if (netMw !== undefined) return netMw;
  const importMw = values.get(codes.import);
  const exportMw = values.get(codes.export);
  if (importMw === undefined && exportMw === undefined) return undefined;
  return (importMw ?? 0) - (exportMw ?? 0);
}
