// SPDX-License-Identifier: Apache-2.0
/**
 * Budgets of the firmware, on the 32-bit XS host: each part in a thread of its own. This file is the thread's
 * program too. The limits are those of host-sim/xs-device/budgets.ts.
 */
import { join } from "node:path";
import { deviceCreation } from "#host-sim/fleet/device-creation";
import type { World } from "#host-sim/worlds/types";
import { runAlone } from "#host-sim/xs-device/alone";
import {
  GROWTH,
  type Judged,
  judge,
  judgeAll,
  judgeDay,
  judgePot,
  SMALLEST,
} from "#host-sim/xs-device/budgets";
import { type DayFigures, DeviceDay } from "#host-sim/xs-device/day";
import { potFigures } from "#host-sim/xs-device/pot-costs";
import { SMALL_PIECES, smallestArenaKb } from "#host-sim/xs-device/smallest";
import { growthOf, type Soak, soakReadings, soakReconnects } from "#host-sim/xs-device/soak";
import { BRIGHT_FROM, brightPart, dayWorld } from "#host-sim/xs-device/worlds";
import { ensureXsHost, XsBuildError } from "#host-sim/xs-host/build";
import type { XsCreation } from "#host-sim/xs-host/host";
import { dataDir, onCi } from "../data.ts";
import type { Line } from "./harness.ts";
import { asThread, inThread } from "./threads.ts";

const READINGS = 10_000;
const RECONNECTS = 1_000;
/** Of the day: by then everybody trades. */
const UPDATE_SLOT = 60;
const DROP_SLOT = 70;
const LIMIT_MS = 1_200_000;
const KB = 1024;

type Say = (line: string) => void;

const PARTS: Record<string, (data: string, say: Say) => Promise<Judged[]>> = {
  noble: (data, say) => device("noble", data, say),
  native: (data, say) => device("native", data, say),
  async readings(data, say) {
    const options = { world: dayWorld(data), creation: deviceCreation(), count: READINGS, say };
    return soaked("readings", READINGS, await soakReadings(options));
  },
  async reconnects(data, say) {
    const options = { world: dayWorld(data), creation: deviceCreation(), count: RECONNECTS, say };
    return soaked("reconnects", RECONNECTS, await soakReconnects(options));
  },
  node: alone,
  async pot() {
    const native = judgePot("native", await potFigures("native"));
    return [...native, ...judgePot("noble", await potFigures("noble"))];
  },
};

export const budgets: Line = {
  name: "budgets",
  title: "static arena, peaks, bytecodes and growth of the device's own creation on 32-bit XS",
  takes: "5 min",
  ci: false,
  async run(find, say) {
    const dir = dataDir();
    if (!dir) throw new Error("no data: set WATTLE_DATA to the folder that has citylearn2022");
    try {
      await ensureXsHost({ bits: 32 });
    } catch (error) {
      if (!(error instanceof XsBuildError && error.missing) || onCi()) throw error;
      return find("32-bit XS", "runs", error.message, "skip");
    }
    const data = join(dir, "citylearn2022");
    const waiting = Object.keys(PARTS);
    const found: Record<string, Judged[]> = {};
    // Two cores: two threads.
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const part = next;
        const told = (line: string) => say(`${part}: ${line}`);
        const late = {
          what: part,
          required: "ends",
          measured: `not in ${LIMIT_MS} ms`,
          pass: false,
        };
        const judged = await inThread<Judged[]>(import.meta.url, { part, data }, LIMIT_MS, told);
        found[part] = judged ?? [late];
      }
    };
    await Promise.all([lane(), lane()]);
    for (const part of Object.keys(PARTS))
      for (const { what, required, measured, pass } of found[part])
        find(what, required, measured, pass);
  },
};

/** The whole firmware: a day in the device's own creation, and the smallest arena in which it runs. */
async function device(crypto: "native" | "noble", data: string, say: Say): Promise<Judged[]> {
  const day = dayWorld(data);
  const bright = brightPart(day);
  const run = (world: World, from: number) => (creation: XsCreation) => {
    const [updateSlot, dropSlot] = [UPDATE_SLOT - from, DROP_SLOT - from];
    return DeviceDay.run({ world, crypto, creation, updateSlot, dropSlot });
  };
  const whole = run(day, 0);
  const part = run(bright, BRIGHT_FROM);
  const creation = deviceCreation(crypto);
  const figures = await whole(creation);
  say(`a day ran, ${figures.peaks.arenaBytes} bytes of the arena`);
  const trial =
    (run: (creation: XsCreation) => Promise<DayFigures>) => async (creation: XsCreation) => {
      const { failure, peaks } = await run(creation);
      return { failure, arenaBytes: peaks.arenaBytes };
    };
  const small = { ...creation, ...SMALL_PIECES };
  const kb = await smallestArenaKb(small, trial(whole), trial(part), say);
  return [smallest(`${crypto}, whole device`, kb, crypto), ...judgeDay(crypto, figures, day.slots)];
}

async function alone(data: string, say: Say): Promise<Judged[]> {
  const world = dayWorld(data);
  const small = { ...deviceCreation(), ...SMALL_PIECES };
  const run = (creation: XsCreation) => runAlone(world, creation);
  const kb = await smallestArenaKb(small, run, run, say);
  return [smallest("native, node application alone", kb, "node")];
}

function smallest(what: string, kb: number | undefined, kind: keyof typeof SMALLEST): Judged {
  return judge(`${what}: smallest arena`, kb ?? Number.POSITIVE_INFINITY, SMALLEST[kind]);
}

function soaked(what: string, count: number, { failure, done, points }: Soak): Judged[] {
  const ran = { what, required: `${count}`, measured: `${failure ?? done}`, pass: done >= count };
  if (failure !== undefined || points.length < 3) return [{ ...ran, pass: false }];
  const live = points.map(
    ({ slots, chunkBytes }) => `${slots} + ${(chunkBytes / KB).toFixed(1)} KB`,
  );
  const from = `growth over ${count} ${what}`;
  return [
    { ...ran, measured: `${done}; alive at ${points.length} points: ${live.join(", ")}` },
    ...judgeAll(from, growthOf(points), GROWTH),
  ];
}

await asThread<{ part: string; data: string }>(import.meta.url, ({ part, data }, say) =>
  PARTS[part](data, say),
);
