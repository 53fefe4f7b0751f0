// SPDX-License-Identifier: Apache-2.0
/**
 * The fuzzers of the drivers, each in a thread of its own, so that one that hangs can be ended and named. This file
 * is the thread's program too.
 */
import type { Fuzzed } from "../helpers/fuzzed.ts";
import { ALL, fuzzAde7953 } from "../unit/drivers/ade7953/fuzz.ts";
import { fuzzBl0942 } from "../unit/drivers/bl0942/fuzz.ts";
import { fuzzCse7766 } from "../unit/drivers/cse7766/fuzz.ts";
import { fuzzDsmr, fuzzOldDsmr } from "../unit/drivers/dsmr/fuzz.ts";
import { fuzzModbus } from "../unit/drivers/modbus/fuzz.ts";
import { fuzzS0 } from "../unit/drivers/s0/fuzz.ts";
import { fuzzSml } from "../unit/drivers/sml/fuzz.ts";
import { asThread, inThread } from "./threads.ts";

export const CASES = 10_000;
/** Each takes a few seconds. */
const LIMIT_MS = 120_000;

/** What a run found. */
export interface FuzzReport extends Fuzzed {
  /** Samples that were not sent, and lie between those that were. */
  between: number;
  /** A sentence on it. */
  note: string;
  seconds: number;
}

export interface Fuzzer {
  /** The meter, and what is damaged. */
  name: string;
  /**
   * Its checksum cannot exclude all damage: what is taken has to lie between the sound frames on both sides, and
   * is counted. Of all others nothing is taken.
   */
  weak?: boolean;
  run(seed: number): Fuzzed & { between?: number; note?: string };
}

/** Damage with a right CRC is a valid answer, which no driver can tell: counted as taken. */
function modbus(meter: "PZEM-004T" | "SDM120" | "SDM630" | "SDM72" | "SDM72-2"): Fuzzer {
  return {
    name: `${meter} answers`,
    run(seed) {
      const found = fuzzModbus(meter, seed, CASES);
      const wrong = [...found.wrong];
      for (let i = 0; i < found.byChance; i++) wrong.push("a right CRC by chance");
      return { ...found, wrong };
    },
  };
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, some) => all + some, 0);
}

export const FUZZERS: readonly Fuzzer[] = [
  modbus("PZEM-004T"),
  modbus("SDM120"),
  modbus("SDM630"),
  modbus("SDM72-2"),
  modbus("SDM72"),
  {
    name: "CSE7766 frames",
    weak: true,
    run(seed) {
      const found = fuzzCse7766(seed, CASES);
      return { ...found, note: `${sum(found.passed)} have a right sum` };
    },
  },
  {
    name: "BL0942 packets",
    run(seed) {
      const found = fuzzBl0942(seed, CASES, 0);
      return { ...found, note: `${sum(found.passed)} have a right sum` };
    },
  },
  { name: "BL0942 packets, half of all", run: (seed) => fuzzBl0942(seed, CASES, 50) },
  {
    name: "ADE7953 transfers, any disturbance",
    run(seed) {
      const found = fuzzAde7953({ seed, share: 5, kinds: ALL, disturbances: CASES });
      return { ...found, note: `${found.counted} energies counted, ${found.lost} lost and said` };
    },
  },
  {
    name: "ADE7953 answers",
    run(seed) {
      const found = fuzzAde7953({ seed, share: 20, kinds: ["damaged"], disturbances: CASES });
      return { ...found, note: `${found.counted} energies counted, ${found.lost} lost and said` };
    },
  },
  { name: "DSMR telegrams with CRC", run: (seed) => fuzzDsmr(seed, CASES) },
  {
    name: "DSMR telegrams of version 3, without CRC",
    weak: true,
    run: (seed) => fuzzOldDsmr(seed, CASES),
  },
  { name: "SML files", run: (seed) => fuzzSml(seed, CASES) },
  {
    name: "SML files whose transport is right",
    run: (seed) => fuzzSml(seed, CASES, true),
  },
  {
    name: "S0 lines of pulses",
    run(seed) {
      const found = fuzzS0(seed, CASES);
      return { ...found, note: `${found.pulses} pulses counted` };
    },
  },
];

/** Runs one of them; a thread that does not end in time is stuck. */
export async function fuzz(name: string, seed: number): Promise<FuzzReport> {
  const report = await inThread<FuzzReport>(import.meta.url, { name, seed }, LIMIT_MS);
  const seconds = LIMIT_MS / 1000;
  const stuck = [`no end within ${seconds} s`];
  return report ?? { damaged: 0, wrong: [], stuck, faults: {}, between: 0, note: "", seconds };
}

await asThread<{ name: string; seed: number }>(import.meta.url, ({ name, seed }): FuzzReport => {
  const fuzzer = FUZZERS.find((some) => some.name === name)!;
  const startMs = performance.now();
  const { damaged, wrong, stuck, faults, between = 0, note = "" } = fuzzer.run(seed);
  const seconds = (performance.now() - startMs) / 1000;
  return { damaged, wrong, stuck, faults, between, note, seconds };
});
