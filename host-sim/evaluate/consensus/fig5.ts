// SPDX-License-Identifier: Apache-2.0
/** Fig. 5 of paper 1 by protocol F5-N (../credit/speed.ts), and the same with times that were measured. */
import {
  confirmationMinutes,
  endlessTrades,
  meanSpeed,
  SYSTEMS,
  speedCeiling,
  type Terms,
} from "../credit/speed.ts";

/** The slot of a market that the last system stands for, min. */
const SLOT_MIN = 15;

export interface Fig5System extends Terms {
  id: string;
  /** Where its confirmation time is from. */
  from: "paper" | "measured";
}

export interface Fig5Row {
  f: number;
  /** By system: minutes of confirmation of a pair in 240 minutes, and started trades per pair and hour. */
  minutes: number[];
  speeds: number[];
}

export interface Fig5 {
  systems: Fig5System[];
  seeds: number;
  rows: Fig5Row[];
  /** Trades per pair and hour that coins under way allow, by system; null with credit. */
  ceilings: (number | null)[];
  /** Fig. 5(a) without limits: trades that a pair starts are f · 4, to the trade. */
  exact: boolean;
}

/** `p50Ms`, `p95Ms`: from BOUGHT received to FINAL, measured. */
export function fig5Of(p50Ms: number, p95Ms: number, seeds: number): Fig5 {
  const minutes = (ms: number): number => ms / 60_000;
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  const systems: Fig5System[] = [
    ...SYSTEMS.map((system): Fig5System => ({ ...system, from: "paper" })),
    {
      ...{ id: "p50", name: `Wattle, p50 ${seconds(p50Ms)}`, from: "measured" },
      confirmMin: minutes(p50Ms),
    },
    {
      ...{ id: "p95", name: `Wattle, p95 ${seconds(p95Ms)}`, from: "measured" },
      confirmMin: minutes(p95Ms),
    },
    {
      ...{ id: "slot", name: `Wattle, a slot of ${SLOT_MIN} min and p50`, from: "measured" },
      confirmMin: SLOT_MIN + minutes(p50Ms),
    },
  ];
  const rows = [1, 2, 3, 4, 5].map((f) => ({
    f,
    minutes: systems.map(({ confirmMin }) => endlessTrades(f) * confirmMin),
    speeds: systems.map((system) => meanSpeed(system, f, seeds)),
  }));
  return {
    ...{ systems, seeds, rows },
    ceilings: systems.map(({ confirmMin, creditMax }) =>
      creditMax === undefined ? speedCeiling(confirmMin) : null,
    ),
    exact: rows.every(({ f, minutes: all }) =>
      systems.every(
        ({ confirmMin }, i) => Math.abs(all[i] - confirmationMinutes(f, confirmMin)) < 1e-9,
      ),
    ),
  };
}
