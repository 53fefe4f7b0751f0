// SPDX-License-Identifier: Apache-2.0
/**
 * The OBIS codes that drivers take, and what they mean (IEC 62056-6-1: A-B:C.D.E, of medium A = 1
 * electricity, channel B = 0). C is the quantity, D how it was measured (7 instantaneous, 8 counted since
 * the meter was made), E the tariff (0 all together). Seen from the house: C = 1 is energy from the grid.
 */

export type Quantity = "energy" | "power" | "voltage" | "current" | "frequency";

/**
 * Tariff registers of one direction: IEC 62056-6-1 has 63, Dutch meters 2, Hungarian ones 4. Six each way are
 * COUNTERS_MAX counters.
 */
export const TARIFFS_MAX = 6;

/** C of active energy and power: from the grid, to the grid, and their sum with its sign (Σ Li). */
const IMPORT = 1;
const EXPORT = 2;
const NET = 16;
const FREQUENCY = 14;
/** C of the first phase; the second has 20 more, the third 40 (IEC 62056-6-1, table of C in medium 1). */
const PHASE_IMPORT = 21;
const PHASE_EXPORT = 22;
const PHASE_NET = 36;
const PHASE_CURRENT = 31;
const PHASE_VOLTAGE = 32;

function instantaneous(c: number): string {
  return `1-0:${c}.7.0`;
}

function ofPhase(c: number, phase: number): string {
  return instantaneous(c + 20 * phase);
}

/** The register of all tariffs together. */
export function totalOf(direction: "import" | "export"): string {
  return tariffOf(direction, 0);
}

/** The register of one tariff, 1 to TARIFFS_MAX. */
export function tariffOf(direction: "import" | "export", tariff: number): string {
  return `1-0:${direction === "import" ? IMPORT : EXPORT}.8.${tariff}`;
}

/** Where the instantaneous values of a meter are. */
export const POWER = Object.freeze({
  import: instantaneous(IMPORT),
  export: instantaneous(EXPORT),
  net: instantaneous(NET),
});
export const FREQUENCY_CODE: string = instantaneous(FREQUENCY);

export interface PhaseCodes {
  readonly import: string;
  readonly export: string;
  readonly net: string;
  readonly current: string;
  readonly voltage: string;
}

/** The codes of L1, L2 and L3. */
export const PHASE_CODES: readonly PhaseCodes[] = Object.freeze(
  [0, 1, 2].map((phase) =>
    Object.freeze({
      import: ofPhase(PHASE_IMPORT, phase),
      export: ofPhase(PHASE_EXPORT, phase),
      net: ofPhase(PHASE_NET, phase),
      current: ofPhase(PHASE_CURRENT, phase),
      voltage: ofPhase(PHASE_VOLTAGE, phase),
    }),
  ),
);

/** What each code measures; built once, and only read afterwards. */
const QUANTITIES = makeQuantities();

function makeQuantities(): ReadonlyMap<string, Quantity> {
  const quantities = new Map<string, Quantity>();
  for (let tariff = 0; tariff <= TARIFFS_MAX; tariff++) {
    quantities.set(tariffOf("import", tariff), "energy");
    quantities.set(tariffOf("export", tariff), "energy");
  }
  for (const code of [POWER.import, POWER.export, POWER.net]) quantities.set(code, "power");
  quantities.set(FREQUENCY_CODE, "frequency");
  for (const codes of PHASE_CODES) {
    for (const code of [codes.import, codes.export, codes.net]) quantities.set(code, "power");
    quantities.set(codes.voltage, "voltage");
    quantities.set(codes.current, "current");
  }
  return quantities;
}

/** What the register `code` (as "1-0:1.8.1") measures, or undefined for one that drivers do not take. */
export function quantityOf(code: string): Quantity | undefined {
  return QUANTITIES.get(code);
}
