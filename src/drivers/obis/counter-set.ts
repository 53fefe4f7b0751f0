// SPDX-License-Identifier: Apache-2.0
/**
 * Which registers of a meter's telegrams are counted, and in what steps. Telegrams differ by country and by
 * what was bought, and a driver's counters must not change while it runs.
 *
 * The registers, for each direction: the total (1-0:1.8.0, 1-0:2.8.0) where the meter sends one, otherwise
 * all of its tariffs. Both would count energy twice. The options can name them instead. One count is one
 * step of the register: meters differ, and German ones show whole kWh until their PIN is entered, then
 * tenths of Wh.
 *
 * Registers and steps are learned from the first two telegrams in a row that lead to the same ones; until
 * then there are no counters and no samples. From then on they never change. A telegram that lacks one of
 * the registers, or shows it in coarser steps, is refused: it would seem to go back. A finer value is cut
 * off to the known steps, and a register that is new is ignored, until the driver is made anew.
 */
import { assert } from "#core/errors/assert";
import type { CounterSpec } from "../types.ts";
import { quantityOf, TARIFFS_MAX, tariffOf, totalOf } from "./registers.ts";

/** A register as a telegram shows it, and the smallest step that it can make there; mWh. */
export interface Energy {
  mwh: bigint;
  stepMwh: bigint;
}

/** The registers of a telegram by OBIS code. */
export type Energies = ReadonlyMap<string, Energy>;

export type Taken =
  /** In the order of `counters`. */
  | { kind: "counts"; counts: bigint[] }
  /** Not two telegrams yet that agree. */
  | { kind: "learning" }
  | { kind: "refused"; detail: string };

const NO_COUNTERS: readonly CounterSpec[] = Object.freeze([]);
const DIRECTIONS = Object.freeze(["import", "export"] as const);

export class CounterSet {
  private readonly chosen: readonly string[] | undefined;
  private specs = NO_COUNTERS;
  /** What the telegram before led to. */
  private before = NO_COUNTERS;

  /** `chosen`: codes of the registers, as "1-0:1.8.1"; found by the rule above where absent. */
  constructor(chosen?: readonly string[]) {
    this.chosen = chosen && [...chosen];
    if (!chosen) return;
    assert(chosen.length > 0 && new Set(chosen).size === chosen.length, "COUNTER_CODES");
    for (const code of chosen) assert(quantityOf(code) === "energy", "COUNTER_CODES", code);
    for (const direction of DIRECTIONS) {
      const all = chosen.filter((code) => directionOf(code) === direction);
      const doubled = all.length > 1 && all.includes(totalOf(direction));
      assert(!doubled, "COUNTER_CODES", "a total beside its tariffs");
    }
  }

  /** Empty until they are known. */
  get counters(): readonly CounterSpec[] {
    return this.specs;
  }

  /** The next telegram does not follow the last one. */
  interrupt(): void {
    this.before = NO_COUNTERS;
  }

  /** Takes one telegram's registers. */
  take(energies: Energies): Taken {
    if (this.specs.length === 0) {
      const specs = this.learn(energies);
      if (typeof specs === "string") return { kind: "refused", detail: specs };
      const agrees = sameCounters(specs, this.before);
      this.before = specs;
      if (!agrees) return { kind: "learning" };
      this.specs = specs;
    }
    const counts: bigint[] = [];
    for (const { name, mwh } of this.specs) {
      const energy = energies.get(name);
      if (!energy) return { kind: "refused", detail: `no register ${name}` };
      if (energy.stepMwh > mwh) {
        const detail = `${name} in steps of ${energy.stepMwh} mWh, not ${mwh}: has the PIN lapsed?`;
        return { kind: "refused", detail };
      }
      counts.push(energy.mwh / mwh);
    }
    return { kind: "counts", counts };
  }

  /** The counters that this telegram leads to, or why there are none. */
  private learn(energies: Energies): readonly CounterSpec[] | string {
    const codes = this.chosen ?? codesOf(energies);
    if (codes.length === 0) return "no register of energy";
    const specs: CounterSpec[] = [];
    for (const name of codes) {
      const energy = energies.get(name);
      if (!energy) return `no register ${name}`;
      assert(energy.stepMwh > 0n && energy.mwh >= 0n, "COUNTER_STEP", name);
      specs.push({
        name,
        register: directionOf(name),
        mwh: energy.stepMwh,
        perCounts: 1n,
        // A meter whose display wraps, once in decades, is left to be seen as one that went back: the energy
        // between two telegrams is lost then. If it were a wrap, a meter that was exchanged would be one.
        modulus: 0n,
        origin: "kept",
      });
    }
    return Object.freeze(specs);
  }
}

function sameCounters(a: readonly CounterSpec[], b: readonly CounterSpec[]): boolean {
  if (a.length !== b.length) return false;
  return a.every(({ name, mwh }, i) => name === b[i].name && mwh >= b[i].mwh && mwh <= b[i].mwh);
}

function directionOf(code: string): "import" | "export" {
  return code.startsWith("1-0:1.") ? "import" : "export";
}

/** The codes of the registers that a meter with these is counted by, in a fixed order. */
function codesOf(energies: Energies): string[] {
  const codes: string[] = [];
  for (const direction of DIRECTIONS) {
    const total = totalOf(direction);
    if (energies.has(total)) {
      codes.push(total);
      continue;
    }
    for (let tariff = 1; tariff <= TARIFFS_MAX; tariff++) {
      const code = tariffOf(direction, tariff);
      if (energies.has(code)) codes.push(code);
    }
  }
  return codes;
}
