// SPDX-License-Identifier: Apache-2.0
/** The drivers' vectors: what they hold, beside what the meter can send. */
import type { EnergySample } from "#drivers/types";
import { COUNTED, checkAde7953, WORDS } from "../vectors/drivers/ade7953.ts";
import { BL0942_VECTORS, checkBl0942 } from "../vectors/drivers/bl0942.ts";
import { CSE7766_VECTORS, checkCse7766 } from "../vectors/drivers/cse7766.ts";
import { DSMR_VECTORS } from "../vectors/drivers/dsmr.ts";
import { checkDsmr } from "../vectors/drivers/dsmr-check.ts";
import { type MeterName, MODBUS_VECTORS } from "../vectors/drivers/modbus.ts";
import { checkModbus } from "../vectors/drivers/modbus-check.ts";
import { checkS0, S0_VECTORS } from "../vectors/drivers/s0.ts";
import { PULSE_VECTORS } from "../vectors/drivers/s0-pulses.ts";
import { checkSml, SML_VECTORS } from "../vectors/drivers/sml.ts";
import type { CHECK } from "../xs/vectors-host.ts";

/** Vectors of one driver. */
export interface VectorSet {
  driver: keyof typeof CHECK;
  /** What disagrees on this engine. */
  check(): string[];
}

export const VECTOR_SETS: readonly VectorSet[] = [
  { driver: "modbus", check: checkModbus },
  { driver: "cse7766", check: checkCse7766 },
  { driver: "bl0942", check: checkBl0942 },
  { driver: "ade7953", check: checkAde7953 },
  { driver: "dsmr", check: checkDsmr },
  { driver: "sml", check: checkSml },
  { driver: "s0", check: checkS0 },
];

/** What the vectors of one meter hold. */
export class Census {
  readonly meter: string;
  /** Frames, and how many of them are to be refused. */
  frames = 0;
  refused = 0;
  private readonly types = new Set<string>();
  private readonly signs = new Set<string>();
  private readonly phases = new Set<string>();

  constructor(meter: string) {
    this.meter = meter;
  }

  /** Adds frames of a type; `samples`: what they say. */
  add(type: string, frames: number, samples: readonly Partial<EnergySample>[]): void {
    this.types.add(type);
    this.frames += frames;
    for (const { powerMw, phases } of samples) {
      if (powerMw !== undefined) this.sign(powerMw);
      for (const phase of phases ?? []) if (phase.powerMw !== undefined) this.sign(phase.powerMw);
      this.phases.add(phases === undefined ? "total" : String(phases.length));
    }
  }

  sign(power: number | bigint): void {
    this.signs.add(power > 0 ? "in" : power < 0 ? "out" : "zero");
  }

  phase(name: string): void {
    this.phases.add(name);
  }

  /** Frame types, signs of power or energy, phases. */
  toString(): string {
    const list = (set: Set<string>) => [...set].sort().join(" ");
    return `${list(this.types)} | ${list(this.signs)} | ${list(this.phases)}`;
  }
}

/** By function code: 04 is an answer, 84 an exception. */
function modbus(meter: MeterName): Census {
  const census = new Census(meter);
  for (const { meter: of, exchanges, sample, fault } of MODBUS_VECTORS) {
    if (of !== meter) continue;
    if (fault !== undefined) census.refused++;
    for (const [, answer] of exchanges) census.add(answer.replace(/ /g, "").slice(2, 4), 1, []);
    if (sample) census.add("04", 0, [sample]);
  }
  return census;
}

/** By state byte. */
function cse7766(): Census {
  const census = new Census("CSE7766");
  for (const { hex, fault, values } of CSE7766_VECTORS) {
    if (fault !== undefined) census.refused++;
    const type = hex.startsWith("f") ? "Fx" : hex.slice(0, 2);
    census.add(type, 1, values ? [{ powerMw: values.powerMw, phases: [values] }] : []);
  }
  return census;
}

function bl0942(): Census {
  const census = new Census("BL0942");
  for (const { fault, values } of BL0942_VECTORS) {
    if (fault !== undefined) census.refused++;
    census.add("packet", 1, values ? [{ powerMw: values.powerMw, phases: [values] }] : []);
  }
  census.add("register", 1, []);
  return census;
}

/** By width of the register; what is counted has a sign and an input. */
function ade7953(): Census {
  const census = new Census("ADE7953");
  for (const [, hex, , signed] of WORDS) {
    if (signed === undefined) census.refused++;
    else census.sign(signed);
    census.add(`${hex.length * 4} bits`, 1, []);
  }
  for (const counts of COUNTED)
    for (const [i, count] of counts.entries()) {
      census.add("32 bits", 1, []);
      census.sign(count);
      census.phase("AB"[i]);
    }
  return census;
}

function dsmr(): Census {
  const census = new Census("DSMR P1");
  for (const { version, pieces, samples = [], faults = [] } of DSMR_VECTORS) {
    census.refused += faults.length;
    census.add(version === undefined ? "CRC" : "no CRC", pieces.length, samples);
    for (const piece of pieces) if (piece[0] === 0xdb) census.add("encrypted", 0, []);
  }
  return census;
}

function sml(): Census {
  const census = new Census("SML");
  for (const { crc = "x25", pieces, samples = [], faults = [] } of SML_VECTORS) {
    census.refused += faults.length;
    census.add(crc, pieces.length, samples);
  }
  return census;
}

/** Pulses have no frame: lines of edges, and counts of the io. */
function s0(): Census {
  const census = new Census("S0");
  for (const { edges } of PULSE_VECTORS) census.add("edges", edges.length, []);
  for (const { shows, direction = "import", faults = [], powerMw } of S0_VECTORS) {
    census.refused += faults.length;
    census.add("counts", shows.length, powerMw === undefined ? [] : [{ powerMw }]);
    census.sign(direction === "import" ? 1 : -1);
  }
  return census;
}

/** Each meter with what its vectors must hold: types | signs | phases, as `Census.toString` has them. */
export function censuses(): [Census, string][] {
  return [
    // The meter has no sign: the option says where its energy goes.
    [modbus("PZEM-004T"), "04 84 | in out | 1"],
    [modbus("SDM120"), "04 84 | in out | 1"],
    [modbus("SDM630"), "04 | in out | 3"],
    [modbus("SDM72-2"), "04 | in out | 3"],
    [modbus("SDM72"), "04 | in out | total"],
    [cse7766(), "55 56 Fx aa | in zero | 1"],
    [bl0942(), "packet register | in out zero | 1"],
    [ade7953(), "16 bits 24 bits 32 bits 8 bits | in out | A B"],
    [dsmr(), "CRC encrypted no CRC | in out | 1 3 total"],
    [sml(), "kermit x25 | in out | 3 total"],
    [s0(), "counts edges | in out | total"],
  ];
}
